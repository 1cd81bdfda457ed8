with judged as (
  select
    *,
    case
      when unidentified is not null then 'unidentified'
      when merged_at is not null then 'merged'
      else state
    end as outcome
  from pull_states
)
select
  *,
  label_list(told_labels) as labels,
  case when outcome = 'merged' then (ms(merged_at) - ms(created_at)) / 1e3 end as lead_s,
  coalesce(
    case when outcome in ('merged', 'unidentified') then merged_at end,
    case when outcome in ('closed_unmerged', 'unidentified') then closed_at end,
    created_at,
    arrived_at
  ) as counted_at
from judged
