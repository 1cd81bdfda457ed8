select repo, job_id, run_attempt as attempt, outcome, queue_s, clamped, label, author, workflow,
  wait_lower_bound_s as waited_s, counted_at
from workflow_jobs
order by job_id, repo_id, run_attempt
