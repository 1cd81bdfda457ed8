-- Title: Workflow jobs
-- Description: What became of each job of GitHub Actions, and how long it waited for a runner.
--   It waited from `created_at` (the earliest that any delivery says) to `started_at` (the earliest
--   that an `in_progress` delivery says; else what `completed` says, if the job ran). `queued` and
--   `waiting` deliveries tell no start: there it equals the creation.
-- Parameters: none; reads the table `events`.
-- Grain: one row per (host, repository id, job id, run attempt), and one per delivery that names none.
-- Time zone: UTC.
-- Columns:
--   source, repo_id             the host, and the repository's id there
--   repo                        its newest name by the deliveries' own times; behind that of its host
--                               where repositories of several hosts have the same
--   org                         the organisation
--   job_id, run_id, run_attempt the job; a delivery without an attempt is of the first
--   workflow, job               the names of both
--   label                       the labels asked for, in small letters, each once, sorted, joined by
--                               `,`; one that holds a comma or a quote is quoted as in CSV
--   author, author_type         who sent the job's earliest delivery; User or Bot
--   runner, runner_group        where it ran
--   branch                      for which branch
--   created_at, started_at, completed_at
--   conclusion                  as GitHub says; NULL until it completed
--   outcome                     measured, or why there is no wait, the first that applies: unidentified
--                               (a delivery without the id of a job or a repository), gated (it waited
--                               for an approval), skipped, never_ran (completed without ever starting),
--                               pending (still queued), untimed (it began, and nothing says when, or
--                               when it was created), anomalous (it started more than 5 s before its
--                               creation: a re-run that inherits old times)
--   queue_s                     seconds it waited; NULL unless measured
--   clamped                     whether queue_s is 0 in place of -5 to 0: clocks that disagree
--   wait_lower_bound_s          seconds that a job which never ran waited at least
--   counted_at                  the time by which windows and buckets take it: its start if measured,
--                               else its completion, creation, start or arrival, the first that is known
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
repositories as (
  with named as (
    select
      source,
      repo_id,
      max_by(
        repo_full_name,
        row(cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint), cast(round(to_unixtime(received_at) * 1e3) as bigint), repo_full_name)
      ) as name
    from events
    where event_type in ('workflow_job')
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
)
select
  v.source,
  v.repo_id,
  coalesce(r.repo, v.told_repo) as repo,
  v.org,
  v.job_id,
  v.run_id,
  v.run_attempt,
  v.workflow,
  v.job,
  replace(regexp_replace(replace(v.labels, '"', '""'), '([^\x01]*[,"][^\x01]*)', '"$1"'), chr(1), ',') as label,
  v.author,
  v.author_type,
  v.runner,
  v.runner_group,
  v.branch,
  v.created_at,
  v.started_at,
  v.completed_at,
  v.conclusion,
  v.outcome,
  v.queue_s,
  v.clamped,
  v.wait_lower_bound_s,
  v.counted_at
from job_lives v
left join repositories r on r.source = v.source and r.repo_id = v.repo_id
