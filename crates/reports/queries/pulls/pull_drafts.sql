with joined as (
  select
    v.*,
    m.told_at,
    m.turn,
    m.was_draft,
    m.is_draft,
    m.place,
    m.is_first,
    m.prior_draft,
    m.next_at,
    v.merged_at is null or m.told_at <= v.merged_at as is_before_merge,
    -- Nothing told how it came from the one state to the other.
    m.prior_draft <> m.was_draft and (v.merged_at is null or m.prior_at < v.merged_at) as is_gap,
    ms(case when m.told_at > v.merged_at then v.merged_at else m.told_at end) as until_ms,
    ms(case when m.prior_at > v.merged_at then v.merged_at else m.prior_at end) as from_ms
  from pull_lives v
  left join pull_turns m on m.source = v.source and m.repo_id = v.repo_id and m.number = v.number
),
staged as (
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
    max(outcome) as outcome,
    max(lead_s) as lead_s,
    max(counted_at) as counted_at,
    coalesce(max(case when is_first then was_draft end), 0) as opened_as_draft,
    min(told_at) filter (where turn = 1 and is_before_merge) as first_ready_at,
    max(told_at) filter (where turn = 1 and is_before_merge) as ready_at,
    coalesce(min(place) filter (where turn = 1 and is_before_merge), 1000000000) as first_ready_place,
    coalesce(max(place) filter (where turn = 1 and is_before_merge), 0) as ready_place,
    min(place) filter (where is_gap and prior_draft = 1) as first_gap_place,
    max(place) filter (where is_gap and prior_draft = 1) as gap_place,
    count(*) filter (where is_gap) as gaps,
    coalesce(sum(until_ms - from_ms) filter (where prior_draft = 1), 0)
      + coalesce(sum(until_ms - ms(created_at)) filter (where is_first and was_draft = 1), 0)
      + coalesce(sum(ms(merged_at) - until_ms) filter (where next_at is null and is_draft = 1), 0) as draft_ms
  from joined
  group by source, repo_id, number, unidentified
)
select
  *,
  gap_place is null or gap_place <= ready_place as is_ready_told,
  gaps = 0 as is_draft_told,
  opened_as_draft = 0
    or first_gap_place is null
    or first_gap_place > first_ready_place as is_first_ready_told
from staged
