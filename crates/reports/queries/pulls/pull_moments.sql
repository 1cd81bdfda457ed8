select
  v.*,
  m.moment as happened,
  case m.moment
    when 'opened' then v.created_at
    when 'merged' then v.merged_at
    when 'closed_unmerged' then v.closed_at
    else v.counted_at
  end as happened_at
from pull_lives v
cross join (values ('opened'), ('merged'), ('closed_unmerged'), ('open'), ('unidentified')) as m (moment)
where m.moment = v.outcome
  or m.moment = 'opened' and v.created_at is not null and v.outcome <> 'unidentified'
