select event_type, date, action, push_ref, workflow_job_id, parse_issues from events order by received_at
