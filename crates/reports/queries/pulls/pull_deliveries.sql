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
  coalesce(pull_request_updated_at, received_at) as told_at,
  ms(coalesce(pull_request_updated_at, received_at)) as told_ms,
  ms(received_at) as arrived_ms,
  -- 1 where it became ready, 0 where it became a draft, NULL where it only says which it is.
  case
    when event_type = 'pull_request' and action = 'ready_for_review' then 1
    when event_type = 'pull_request' and action = 'converted_to_draft' then 0
  end as turn,
  case when event_type = 'pull_request' and action = 'opened' then 0 else 1 end as later,
  case when pull_request_draft then 1 when not pull_request_draft then 0 end as draft
from events
where event_type in (event_types)
