with timed as (
  select *, ms(started_at) - ms(created_at) as wait_ms
  from (
    select *, coalesce(begun_at, ran_at) as started_at
    from job_states
  ) begun
),
judged as (
  select
    *,
    case
      when unidentified is not null then 'unidentified'
      when was_gated then 'gated'
      when was_skipped then 'skipped'
      when not has_begun and has_completed then 'never_ran'
      when not has_begun then 'pending'
      when wait_ms is null then 'untimed'
      when wait_ms >= -5000 then 'measured'
      else 'anomalous'
    end as outcome
  from timed
)
select
  source,
  repo_id,
  told_repo,
  org,
  job_id,
  run_id,
  run_attempt,
  workflow,
  job,
  label_list(told_labels) as labels,
  author,
  author_type,
  runner,
  runner_group,
  branch,
  created_at,
  started_at,
  completed_at,
  conclusion,
  outcome,
  case when outcome = 'measured' then (case when wait_ms < 0 then 0 else wait_ms end) / 1e3 end as queue_s,
  outcome = 'measured' and wait_ms < 0 as clamped,
  case when outcome = 'never_ran' then (ms(completed_at) - ms(created_at)) / 1e3 end as wait_lower_bound_s,
  case
    when outcome = 'measured' then started_at
    else coalesce(completed_at, created_at, started_at, arrived_at)
  end as counted_at
from judged
