-- Title: Job queue latency
-- Description: Job queue latency: how long a job of GitHub Actions waits for a runner.
--   One value per host, repository id, job id and run attempt: started - created. Created is the earliest
--   created_at of its deliveries. Started is the earliest started_at of those with action in_progress, else
--   of the completed one, if the job ran (it had a runner, or a step that started). Its time is that of the
--   start. Left out and counted, the first that applies: unidentified (a delivery without the id of a job or
--   a repository), gated (it waited for an approval), skipped, never_ran (cancelled in the queue), pending
--   (still queued), untimed (it began, and nothing says when, or when it was created), anomalous (it started
--   more than 5 s before it was created: a re-run that inherits old times). From -5 s to 0 the value is 0,
--   and counted as clamped.
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
--   clamped                     how many of them are 0 in place of less
with job_lives as (
  with deliveries as (
    select
      source,
      repo_id,
      workflow_job_id as job_id,
      coalesce(workflow_job_run_attempt, 1) as run_attempt,
      -- What names no job is a thing of its own.
      case when repo_id is null or workflow_job_id is null then delivery_id end as unidentified,
      -- Where there is a repository's id, its name is found by that.
      case when repo_id is null then repo_full_name end as told_repo,
      org_login,
      sender_login,
      sender_type,
      received_at,
      workflow_job_run_id as run_id,
      workflow_job_workflow_name as workflow,
      workflow_job_name as job,
      workflow_job_labels as labels,
      workflow_job_runner_name as runner,
      workflow_job_runner_group_name as runner_group,
      workflow_job_head_branch as branch,
      workflow_job_conclusion as conclusion,
      workflow_job_created_at as created_at,
      workflow_job_started_at as started_at,
      workflow_job_completed_at as completed_at,
      action = 'waiting' as is_waiting,
      action = 'in_progress' as is_in_progress,
      action = 'completed' as is_completed,
      action = 'completed'
        and (coalesce(workflow_job_runner_id, 0) <> 0 or workflow_job_steps_started_at is not null) as ran,
      cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint) as told_ms,
      cast(round(to_unixtime(received_at) * 1e3) as bigint) as arrived_ms
    from events
    where event_type in ('workflow_job')
  ),
  jobs as (
    select
      source,
      repo_id,
      job_id,
      run_attempt,
      unidentified,
      max(told_repo) as told_repo,
      max(org_login) as org,
      -- Of several that are told at the same time it is the same one in each engine.
      min_by(sender_login, row(told_ms, arrived_ms, sender_login)) filter (where sender_login is not null) as author,
      min_by(sender_type, row(told_ms, arrived_ms, sender_type)) filter (where sender_type is not null) as author_type,
      max(run_id) as run_id,
      max(workflow) as workflow,
      max(job) as job,
      max(array_join(array_sort(labels), chr(1))) as told_labels,
      max(runner) as runner,
      max(runner_group) as runner_group,
      max(branch) as branch,
      max(conclusion) filter (where is_completed) as conclusion,
      min(created_at) as created_at,
      coalesce(
        min(started_at) filter (where is_in_progress),
        min(started_at) filter (where ran)
      ) as started_at,
      min(completed_at) filter (where is_completed) as completed_at,
      min(received_at) as arrived_at,
      count(*) filter (where is_waiting) as waitings,
      count(*) filter (where is_in_progress or ran) as begins,
      count(*) filter (where is_completed) as completions,
      count(*) filter (where is_completed and conclusion = 'skipped') as skips
    from deliveries
    group by source, repo_id, job_id, run_attempt, unidentified
  ),
  timed as (
    select *, cast(round(to_unixtime(started_at) * 1e3) as bigint) - cast(round(to_unixtime(created_at) * 1e3) as bigint) as wait_ms
    from jobs
  ),
  judged as (
    select
      *,
      case
        when unidentified is not null then 'unidentified'
        when waitings > 0 then 'gated'
        when skips > 0 then 'skipped'
        when begins = 0 and completions > 0 then 'never_ran'
        when begins = 0 then 'pending'
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
    coalesce(array_join(array_sort(array_distinct(split(lower(told_labels), chr(1)))), chr(1)), '') as labels,
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
    case when outcome = 'never_ran' then (cast(round(to_unixtime(completed_at) * 1e3) as bigint) - cast(round(to_unixtime(created_at) * 1e3) as bigint)) / 1e3 end as wait_lower_bound_s,
    case
      when outcome = 'measured' then started_at
      else coalesce(completed_at, created_at, started_at, arrived_at)
    end as counted_at
  from judged
),
asked as (
  select
    case when v.outcome <> 'measured' then v.outcome end as left_out,
    v.queue_s as value_s,
    case when v.clamped then 1 else 0 end as clamped
  from job_lives v
),
counted as (
  select
    left_out, value_s,
    count(*) as n,
    sum(clamped) as clamped
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
  cast(sum(cast(round(value_s * 1e3) as decimal(18, 0)) * n) as double) / (1e3 * sum(n)) as mean_s,
  sum(clamped) as clamped
from ranked
group by left_out
order by left_out nulls last
