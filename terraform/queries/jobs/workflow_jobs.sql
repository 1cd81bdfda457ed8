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
with job_deliveries as (
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
    cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint) as author_told_ms,
    cast(round(to_unixtime(received_at) * 1e3) as bigint) as author_arrived_ms,
    sender_type as author_type,
    cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint) as author_type_told_ms,
    cast(round(to_unixtime(received_at) * 1e3) as bigint) as author_type_arrived_ms,
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
    where event_type in ('workflow_job')
  ) deliveries
),
job_states as (
  select
    source,
    repo_id,
    job_id,
    run_attempt,
    unidentified,
    max(told_repo) as told_repo,
    max(org) as org,
    max(workflow) as workflow,
    max(job) as job,
    max(told_labels) as told_labels,
    max(runner) as runner,
    max(runner_group) as runner_group,
    max(branch) as branch,
    max(conclusion) as conclusion,
    -- Of several that are told at the same time it is the same one in each engine.
    min_by(author, row(author_told_ms, author_arrived_ms, author)) filter (where author is not null) as author,
    min_by(author_type, row(author_type_told_ms, author_type_arrived_ms, author_type))
      filter (where author_type is not null) as author_type,
    max(run_id) as run_id,
    min(created_at) as created_at,
    min(begun_at) as begun_at,
    min(ran_at) as ran_at,
    min(completed_at) as completed_at,
    min(arrived_at) as arrived_at,
    coalesce(bool_or(was_gated), false) as was_gated,
    coalesce(bool_or(has_begun), false) as has_begun,
    coalesce(bool_or(has_completed), false) as has_completed,
    coalesce(bool_or(was_skipped), false) as was_skipped
  from job_deliveries
  group by source, repo_id, job_id, run_attempt, unidentified
),
job_lives as (
  with timed as (
    select *, cast(round(to_unixtime(started_at) * 1e3) as bigint) - cast(round(to_unixtime(created_at) * 1e3) as bigint) as wait_ms
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
  with told as (
    select
      source,
      repo_id,
      repo_full_name as name,
      cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint) as told_ms,
      cast(round(to_unixtime(received_at) * 1e3) as bigint) as arrived_ms
    from events
    where event_type in ('workflow_job')
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
