select
  source,
  repo_id,
  number,
  unidentified,
  max(told_repo) as told_repo,
  -- Of several that are told at the same time it is the same one in each engine.
  max_by(org_login, row(told_ms, arrived_ms, org_login)) filter (where org_login is not null) as org,
  max_by(title, row(told_ms, arrived_ms, title)) filter (where title is not null) as title,
  max_by(labels, row(told_ms, arrived_ms, labels)) filter (where labels is not null) as told_labels,
  max_by(author, row(told_ms, arrived_ms, author)) filter (where author is not null) as author,
  max_by(author_type, row(told_ms, arrived_ms, author_type)) filter (where author_type is not null) as author_type,
  max_by(branch, row(told_ms, arrived_ms, branch)) filter (where branch is not null) as branch,
  min(created_at) as created_at,
  max(closed_at) as closed_at,
  min(merged_at) as merged_at,
  min(received_at) as arrived_at,
  max_by(state, row(told_ms, arrived_ms, state)) as state
from pull_deliveries
group by source, repo_id, number, unidentified
