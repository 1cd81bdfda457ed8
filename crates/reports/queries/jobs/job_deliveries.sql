select
  source,
  repo_id,
  workflow_job_id as job_id,
  coalesce(workflow_job_run_attempt, 1) as run_attempt,
  -- What names no job is a thing of its own.
  case when repo_id is null or workflow_job_id is null then delivery_id end as unidentified,
  -- Where there is a repository's id, its name is found by that.
  case when repo_id is null then repo_full_name end as told_repo,
  org_login as org,
  workflow_job_workflow_name as workflow,
  workflow_job_name as job,
  array_join(array_sort(workflow_job_labels), chr(1)) as told_labels,
  workflow_job_runner_name as runner,
  workflow_job_runner_group_name as runner_group,
  workflow_job_head_branch as branch,
  case when action = 'completed' then workflow_job_conclusion end as conclusion,
  sender_login as author,
  ms(coalesce(occurred_at, received_at)) as author_told_ms,
  ms(received_at) as author_arrived_ms,
  sender_type as author_type,
  ms(coalesce(occurred_at, received_at)) as author_type_told_ms,
  ms(received_at) as author_type_arrived_ms,
  workflow_job_run_id as run_id,
  workflow_job_created_at as created_at,
  case when action = 'in_progress' then workflow_job_started_at end as begun_at,
  case when ran then workflow_job_started_at end as ran_at,
  case when action = 'completed' then workflow_job_completed_at end as completed_at,
  received_at as arrived_at,
  received_at as last_arrived_at,
  action = 'waiting' as was_gated,
  action = 'in_progress' or ran as has_begun,
  action = 'completed' as has_completed,
  action = 'completed' and workflow_job_conclusion = 'skipped' as was_skipped
from (
  select
    *,
    action = 'completed'
      and (coalesce(workflow_job_runner_id, 0) <> 0 or workflow_job_steps_started_at is not null) as ran
  from events
  where event_type in (event_types)
) deliveries
