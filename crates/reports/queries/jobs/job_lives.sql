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
    ms(coalesce(occurred_at, received_at)) as told_ms,
    ms(received_at) as arrived_ms
  from events
  where event_type in (event_types)
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
  select *, ms(started_at) - ms(created_at) as wait_ms
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
