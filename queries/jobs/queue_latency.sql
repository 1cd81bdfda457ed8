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
