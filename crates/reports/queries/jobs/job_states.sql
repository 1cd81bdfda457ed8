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
