-- Title: Workflow jobs
-- Description: What became of each job of GitHub Actions, and how long it waited for a runner.
--   It waited from `created_at` (the earliest that any delivery says) to `started_at` (the earliest
--   that an `in_progress` delivery says; else what `completed` says, if the job ran). `queued` and
--   `waiting` deliveries tell no start: there it equals the creation.
-- Parameters: none; reads the table `events`.
-- Grain: one row per (repository id, job id, run attempt).
-- Time zone: UTC.
-- Columns:
--   repo_id, repo               the repository, and its name in the job's newest delivery
--   job_id, run_id, run_attempt the job; a delivery without an attempt is of the first
--   workflow, job               the names of both
--   label                       the sorted set of labels asked for, joined by `,`; empty without any
--   author                      who sent the job's earliest delivery
--   runner, head_branch         where it ran, and for which branch
--   created_at, started_at, completed_at
--   conclusion                  as GitHub says; NULL until it completed
--   outcome                     measured, or why there is no wait, the first that applies: gated (it
--                               waited for an approval), skipped, never_ran (completed without ever
--                               starting), pending (still queued), anomalous (it started more than
--                               5 s before its creation: a re-run that inherits old times)
--   queue_s                     seconds it waited; NULL unless measured
--   clamped                     whether queue_s is 0 in place of -5 to 0: clocks that disagree
--   wait_lower_bound_s          seconds that a job which never ran waited at least
--   counted_at                  the time by which windows and buckets take it: its start if measured,
--                               else its completion, else its creation, else its start
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
