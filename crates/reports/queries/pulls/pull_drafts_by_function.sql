select
  *,
  drafts['opened_as_draft'] as opened_as_draft,
  drafts['first_ready_at'] as first_ready_at,
  drafts['ready_at'] as ready_at,
  drafts['draft_ms'] as draft_ms,
  drafts['is_ready_told'] as is_ready_told,
  drafts['is_draft_told'] as is_draft_told,
  drafts['is_first_ready_told'] as is_first_ready_told
from pull_lives
