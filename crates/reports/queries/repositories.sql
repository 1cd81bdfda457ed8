with told as (
  select
    source,
    repo_id,
    repo_full_name as name,
    ms(coalesce(occurred_at, received_at)) as told_ms,
    ms(received_at) as arrived_ms
  from events
  where event_type in (event_types)
    and repo_id is not null
    and repo_full_name is not null
),
named as (
  select source, repo_id, max_by(name, row(told_ms, arrived_ms, name)) as name
  from told
  group by source, repo_id
)
select
  source,
  repo_id,
  name,
  -- Of the same names on several hosts, only that on github.com stands alone.
  case
    when source <> 'github.com'
      and min(source) over (partition by lower(name)) <> max(source) over (partition by lower(name))
    then source || '/' || name
    else name
  end as repo
from named
