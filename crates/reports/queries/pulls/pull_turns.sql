with observations as (
  select source, repo_id, number, told_at, turn, later, draft, arrived_ms
  from pull_deliveries
  where unidentified is null
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
)
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
