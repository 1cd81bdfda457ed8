with named as (
  select
    source,
    repo_id,
    max_by(
      repo_full_name,
      row(ms(coalesce(occurred_at, received_at)), ms(received_at), repo_full_name)
    ) as name
  from events
  where event_type in (event_types)
    and repo_id is not null
    and repo_full_name is not null
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
