with reviews as (
  select
    source,
    repo_id,
    pull_request_number as number,
    lower(pull_request_review_user_login) as reviewer,
    pull_request_review_submitted_at as submitted_at
  from events
  where event_type = 'pull_request_review'(in_reach)
    and repo_id is not null
    and pull_request_number is not null
    and pull_request_review_submitted_at is not null
    and coalesce(pull_request_review_user_type, '') <> 'Bot'
),
joined as (
  select
    v.*,
    case
      when (r.reviewer is null or v.author is null or r.reviewer <> lower(v.author))
        and (v.merged_at is null or r.submitted_at <= v.merged_at)
      then r.submitted_at
    end as reviewed_at
  from pull_ready v
  left join reviews r on r.source = v.source and r.repo_id = v.repo_id and r.number = v.number
),
reviewed as (
  select
    source,
    repo_id,
    number,
    unidentified,
    max(told_repo) as told_repo,
    max(org) as org,
    max(title) as title,
    max(labels) as labels,
    max(author) as author,
    max(author_type) as author_type,
    max(branch) as branch,
    max(created_at) as created_at,
    max(merged_at) as merged_at,
    max(closed_at) as closed_at,
    max(first_ready_at) as first_ready_at,
    max(ready_at) as ready_at,
    min(reviewed_at) as first_review_at,
    max(outcome) as outcome,
    max(lead_s) as lead_s,
    max(ready_to_merge_s) as ready_to_merge_s,
    max(draft_s) as draft_s,
    max(non_draft_s) as non_draft_s,
    max(opened_as_draft) as opened_as_draft,
    bool_or(is_first_ready_told) as is_first_ready_told,
    max(counted_at) as counted_at
  from joined
  group by source, repo_id, number, unidentified
),
measured as (
  select
    *,
    case when opened_as_draft = 0 then created_at else first_ready_at end as reviewable_at
  from reviewed
)
select
  *,
  case
    when is_first_ready_told and first_review_at is not null and first_review_at < reviewable_at then 0e0
    when is_first_ready_told then (ms(first_review_at) - ms(reviewable_at)) / 1e3
  end as first_review_s,
  is_first_ready_told and (opened_as_draft = 0 or first_ready_at is not null or outcome <> 'merged')
    as is_first_ready_known
from measured
