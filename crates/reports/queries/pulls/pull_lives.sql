with deliveries as (
  select
    source,
    repo_id,
    pull_request_number as number,
    -- What names no pull request is a thing of its own.
    case when repo_id is null or pull_request_number is null then delivery_id end as unidentified,
    repo_full_name,
    org_login,
    received_at,
    pull_request_title as title,
    pull_request_labels as labels,
    pull_request_user_login as author,
    pull_request_user_type as author_type,
    pull_request_base_ref as branch,
    pull_request_created_at as created_at,
    pull_request_closed_at as closed_at,
    pull_request_merged_at as merged_at,
    -- Text that sorts as the times do carries another text through max.
    sortable(ms(coalesce(pull_request_updated_at, received_at))) || sortable(ms(received_at)) as told_at
  from events
  where event_type in (event_types)
),
pulls as (
  select
    source,
    repo_id,
    number,
    unidentified,
    max(repo_full_name) as told_repo,
    substr(max(told_at || org_login), 35) as org,
    substr(max(told_at || title), 35) as title,
    substr(max(told_at || array_join(array_sort(labels), chr(1))), 35) as told_labels,
    substr(max(told_at || author), 35) as author,
    substr(max(told_at || author_type), 35) as author_type,
    substr(max(told_at || branch), 35) as branch,
    min(created_at) as created_at,
    max(closed_at) as closed_at,
    min(merged_at) as merged_at,
    min(received_at) as arrived_at,
    substr(max(told_at || case when closed_at is null then 'open' else 'closed_unmerged' end), 35) as state
  from deliveries
  group by source, repo_id, number, unidentified
),
judged as (
  select
    *,
    case
      when unidentified is not null then 'unidentified'
      when merged_at is not null then 'merged'
      else state
    end as outcome
  from pulls
)
select
  source,
  repo_id,
  told_repo,
  org,
  number,
  unidentified,
  title,
  label_list(told_labels) as labels,
  author,
  author_type,
  branch,
  created_at,
  merged_at,
  closed_at,
  outcome,
  case when outcome = 'merged' then (ms(merged_at) - ms(created_at)) / 1e3 end as lead_s,
  coalesce(
    case when outcome in ('merged', 'unidentified') then merged_at end,
    case when outcome in ('closed_unmerged', 'unidentified') then closed_at end,
    created_at,
    arrived_at
  ) as counted_at
from judged
