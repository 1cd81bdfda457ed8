-- Title: Job queue latency
-- Description: Job queue latency: how long a job of GitHub Actions waits for a runner.
--   One value per repository, job and run attempt: started - created. Created is the earliest created_at
--   of its deliveries. Started is the earliest started_at of those with action in_progress, else of the
--   completed one, if the job ran (it had a runner, or a step that started). Its time is that of the start.
--   Left out and counted: gated (it waited for an approval), skipped, never_ran (cancelled in the queue),
--   pending (still queued), anomalous (it started more than 5 s before it was created: a re-run that
--   inherits old times). From -5 s to 0 the value is 0, and counted as clamped.
-- Parameters: none, so of all time; a window or a split is another text, which
--   `lakequery report queue-latency --since … --by … --explain` prints.
-- Grain: one row for what was measured, and one per reason for which something was left out.
-- Time zone: UTC.
-- Columns:
--   left_out                    why there is no figure; NULL in the row that has the figures
--   n                           how many jobs that is
--   p50_s, p75_s, p90_s, p95_s, p99_s, max_s, mean_s
--                               seconds; percentiles are nearest rank, so each is a value that
--                               occurred; NULL where left_out says why
--   clamped                     how many of them are 0 in place of -5 to 0
with workflow_jobs as (
  with deliveries as (
    select
      repo_id,
      workflow_job_id as job_id,
      coalesce(workflow_job_run_attempt, 1) as run_attempt,
      workflow_job_run_id as run_id,
      workflow_job_workflow_name as workflow,
      workflow_job_name as job,
      workflow_job_labels as labels,
      workflow_job_runner_name as runner,
      workflow_job_head_branch as head_branch,
      workflow_job_conclusion as conclusion,
      workflow_job_created_at as created_at,
      workflow_job_started_at as started_at,
      workflow_job_completed_at as completed_at,
      action = 'waiting' as is_waiting,
      action = 'in_progress' as is_in_progress,
      action = 'completed' as is_completed,
      action = 'completed'
        and (coalesce(workflow_job_runner_id, 0) <> 0 or workflow_job_steps_started_at is not null) as ran,
      repo_full_name,
      sender_login,
      -- Text that sorts as the arrival does, to carry a name through min and max.
      lpad(cast(cast(floor(to_unixtime(received_at) * 1e3) as bigint) as varchar), 16, '0') as arrival
    from events
    where event_type = 'workflow_job' and workflow_job_id is not null
  ),
  jobs as (
    select
      repo_id,
      job_id,
      run_attempt,
      substr(max(arrival || repo_full_name), 17) as repo,
      substr(min(arrival || sender_login), 17) as author,
      max(run_id) as run_id,
      max(workflow) as workflow,
      max(job) as job,
      coalesce(max(array_join(array_sort(labels), ',')), '') as label,
      max(runner) as runner,
      max(head_branch) as head_branch,
      max(conclusion) filter (where is_completed) as conclusion,
      min(created_at) as created_at,
      coalesce(
        min(started_at) filter (where is_in_progress),
        min(started_at) filter (where ran)
      ) as started_at,
      min(completed_at) filter (where is_completed) as completed_at,
      count(*) filter (where is_waiting) as waitings,
      count(*) filter (where is_completed) as completions,
      count(*) filter (where is_completed and conclusion = 'skipped') as skips
    from deliveries
    group by repo_id, job_id, run_attempt
  ),
  timed as (
    select
      *,
      cast(round(to_unixtime(started_at) * 1e3) as bigint)
        - cast(round(to_unixtime(created_at) * 1e3) as bigint) as wait_ms
    from jobs
  ),
  judged as (
    select
      *,
      case
        when waitings > 0 then 'gated'
        when skips > 0 then 'skipped'
        when started_at is null and completions > 0 then 'never_ran'
        when started_at is null then 'pending'
        when wait_ms >= -5000 then 'measured'
        else 'anomalous'
      end as outcome
    from timed
  )
  select
    repo_id,
    repo,
    job_id,
    run_id,
    run_attempt,
    workflow,
    job,
    label,
    author,
    runner,
    head_branch,
    created_at,
    started_at,
    completed_at,
    conclusion,
    outcome,
    case when outcome = 'measured' then (case when wait_ms < 0 then 0 else wait_ms end) / 1e3 end as queue_s,
    outcome = 'measured' and wait_ms < 0 as clamped,
    case when outcome = 'never_ran' then to_unixtime(completed_at) - to_unixtime(created_at) end
      as wait_lower_bound_s,
    case when outcome = 'measured' then started_at else coalesce(completed_at, created_at, started_at) end as counted_at
  from judged
),
asked as (
  select
    case when outcome <> 'measured' then outcome end as left_out,
    queue_s as value_s,
    case when clamped then 1 else 0 end as clamped
  from workflow_jobs
),
counted as (
  select left_out, value_s, count(*) as n, sum(clamped) as clamped
  from asked
  group by left_out, value_s
),
ranked as (
  select
    left_out, value_s, n, clamped,
    sum(n) over (
      partition by left_out
      order by value_s nulls last
      rows between unbounded preceding and current row
    ) as up_to,
    sum(n) over (partition by left_out) as total
  from counted
)
select
  left_out,
  sum(n) as n,
  min(value_s) filter (where up_to >= (50 * total + 99) / 100) as p50_s,
  min(value_s) filter (where up_to >= (75 * total + 99) / 100) as p75_s,
  min(value_s) filter (where up_to >= (90 * total + 99) / 100) as p90_s,
  min(value_s) filter (where up_to >= (95 * total + 99) / 100) as p95_s,
  min(value_s) filter (where up_to >= (99 * total + 99) / 100) as p99_s,
  max(value_s) as max_s,
  sum(value_s * n) / sum(n) as mean_s,
  sum(clamped) as clamped
from ranked
group by left_out
order by left_out nulls last
