with deliveries as (
  select
    source,
    repo_id,
    pull_request_number as number,
    -- What names no pull request is a thing of its own.
    case when repo_id is null or pull_request_number is null then delivery_id end as unidentified,
    -- Where there is a repository's id, its name is found by that.
    case when repo_id is null then repo_full_name end as told_repo,
    org_login,
    received_at,
    pull_request_title as title,
    array_join(array_sort(pull_request_labels), chr(1)) as labels,
    pull_request_user_login as author,
    pull_request_user_type as author_type,
    pull_request_base_ref as branch,
    pull_request_created_at as created_at,
    pull_request_closed_at as closed_at,
    pull_request_merged_at as merged_at,
    case when pull_request_closed_at is null then 'open' else 'closed_unmerged' end as state,
    ms(coalesce(pull_request_updated_at, received_at)) as told_ms,
    ms(received_at) as arrived_ms
  from events
  where event_type in (event_types)
),
pulls as (
  select
    source,
    repo_id,
    number,
    unidentified,
    max(told_repo) as told_repo,
    -- Of several that are told at the same time it is the same one in each engine.
    max_by(org_login, row(told_ms, arrived_ms, org_login)) filter (where org_login is not null) as org,
    max_by(title, row(told_ms, arrived_ms, title)) filter (where title is not null) as title,
    max_by(labels, row(told_ms, arrived_ms, labels)) filter (where labels is not null) as told_labels,
    max_by(author, row(told_ms, arrived_ms, author)) filter (where author is not null) as author,
    max_by(author_type, row(told_ms, arrived_ms, author_type)) filter (where author_type is not null) as author_type,
    max_by(branch, row(told_ms, arrived_ms, branch)) filter (where branch is not null) as branch,
    min(created_at) as created_at,
    max(closed_at) as closed_at,
    min(merged_at) as merged_at,
    min(received_at) as arrived_at,
    max_by(state, row(told_ms, arrived_ms, state)) as state
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
