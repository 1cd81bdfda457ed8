select repo, number, title, label, author, outcome, lead_s, ready_to_merge_s as ready_s, draft_s, non_draft_s,
  first_review_s as review_s, first_ready_at, ready_at, first_review_at, counted_at
from pull_requests
order by number
