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
  label_text(v.labels) as label,
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
