with measured as (
  select
    *,
    outcome = 'merged' and is_ready_told as is_ready_known,
    outcome = 'merged' and is_draft_told as is_draft_known
  from pull_drafts
)
select
  source,
  repo_id,
  told_repo,
  org,
  number,
  unidentified,
  title,
  labels,
  author,
  author_type,
  branch,
  created_at,
  merged_at,
  closed_at,
  first_ready_at,
  ready_at,
  outcome,
  lead_s,
  case when is_ready_known then (ms(merged_at) - ms(coalesce(ready_at, created_at))) / 1e3 end as ready_to_merge_s,
  case when is_draft_known then draft_ms / 1e3 end as draft_s,
  case when is_draft_known then (ms(merged_at) - ms(created_at) - draft_ms) / 1e3 end as non_draft_s,
  opened_as_draft,
  is_ready_known,
  is_draft_known,
  is_first_ready_told,
  counted_at
from measured
