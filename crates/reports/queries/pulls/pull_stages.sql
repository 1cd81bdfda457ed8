with observations as (
  select
    source,
    repo_id,
    pull_request_number as number,
    coalesce(pull_request_updated_at, received_at) as told_at,
    -- 1 where it became ready, 0 where it became a draft, NULL where it only says which it is.
    case
      when event_type = 'pull_request' and action = 'ready_for_review' then 1
      when event_type = 'pull_request' and action = 'converted_to_draft' then 0
    end as turn,
    case when event_type = 'pull_request' and action = 'opened' then 0 else 1 end as later,
    case when pull_request_draft then 1 when not pull_request_draft then 0 end as draft,
    ms(received_at) as arrived_ms
  from events
  where event_type in (event_types)
    and repo_id is not null
    and pull_request_number is not null
),
-- Of one that never was a draft there is nothing to put in order, and most never were.
drafted as (
  select distinct source, repo_id, number
  from observations
  where turn is not null or draft = 1
),
told as (
  select
    o.source,
    o.repo_id,
    o.number,
    told_at,
    turn,
    later,
    -- A turn tells the state before it, too.
    coalesce(turn, draft) as was_draft,
    case when turn is null then draft else 1 - turn end as is_draft,
    min(arrived_ms) as arrived_ms
  from drafted d
  join observations o on o.source = d.source and o.repo_id = d.repo_id and o.number = d.number
  where turn is not null or draft is not null
  group by
    o.source, o.repo_id, o.number, told_at, turn, later,
    coalesce(turn, draft),
    case when turn is null then draft else 1 - turn end,
    -- A turn that is told twice is one.
    case when turn is null then arrived_ms end
),
turns as (
  select distinct source, repo_id, number, told_at
  from observations
  where turn is not null
),
placed as (
  select
    t.source,
    t.repo_id,
    t.number,
    t.told_at,
    t.turn,
    t.was_draft,
    t.is_draft,
    -- In the order of a whole repository: a partition costs more than its rows.
    row_number() over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as place,
    lag(t.number) over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as prior_number,
    lag(t.is_draft) over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as prior_draft,
    lag(t.told_at) over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as prior_at,
    lead(t.number) over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as next_number,
    lead(t.told_at) over (
      partition by t.source, t.repo_id
      order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
    ) as next_at
  from told t
  left join turns u
    on u.source = t.source and u.repo_id = t.repo_id and u.number = t.number and u.told_at = t.told_at
  -- What else is told in the second of a turn may be of before or of after it.
  where t.turn is not null or u.number is null
),
ordered as (
  select
    source,
    repo_id,
    number,
    told_at,
    turn,
    was_draft,
    is_draft,
    place,
    prior_number is null or prior_number <> number as is_first,
    case when prior_number = number then prior_draft end as prior_draft,
    case when prior_number = number then prior_at end as prior_at,
    case when next_number = number then next_at end as next_at
  from placed
),
moments as (
  select
    source, repo_id, number, told_at, turn, was_draft, is_draft, place, is_first, prior_draft, prior_at, next_at,
    null as reviewer,
    null as reviewed_at
  from ordered
  union all
  select
    source, repo_id, pull_request_number, null, null, null, null, null, null, null, null, null,
    lower(pull_request_review_user_login),
    pull_request_review_submitted_at
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
    ms(case when m.prior_at > v.merged_at then v.merged_at else m.prior_at end) as from_ms,
    case
      when (m.reviewer is null or v.author is null or m.reviewer <> lower(v.author))
        and (v.merged_at is null or m.reviewed_at <= v.merged_at)
      then m.reviewed_at
    end as reviewed_at
  from pull_lives v
  left join moments m on m.source = v.source and m.repo_id = v.repo_id and m.number = v.number
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
    min(reviewed_at) as first_review_at,
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
),
measured as (
  select
    *,
    case when opened_as_draft = 0 then created_at else first_ready_at end as reviewable_at,
    outcome = 'merged' and (gap_place is null or gap_place <= ready_place) as is_ready_known,
    outcome = 'merged' and gaps = 0 as is_draft_known,
    opened_as_draft = 0
      or first_gap_place is null
      or first_gap_place > first_ready_place as is_first_ready_known
  from staged
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
  first_review_at,
  outcome,
  lead_s,
  case when is_ready_known then (ms(merged_at) - ms(coalesce(ready_at, created_at))) / 1e3 end as ready_to_merge_s,
  case when is_draft_known then draft_ms / 1e3 end as draft_s,
  case when is_draft_known then (ms(merged_at) - ms(created_at) - draft_ms) / 1e3 end as non_draft_s,
  case
    when is_first_ready_known and first_review_at is not null and first_review_at < reviewable_at then 0e0
    when is_first_ready_known then (ms(first_review_at) - ms(reviewable_at)) / 1e3
  end as first_review_s,
  opened_as_draft,
  is_ready_known,
  is_draft_known,
  is_first_ready_known and (opened_as_draft = 0 or first_ready_at is not null or outcome <> 'merged')
    as is_first_ready_known,
  counted_at
from measured
