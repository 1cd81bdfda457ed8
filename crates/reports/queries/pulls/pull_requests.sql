-- Title: Pull requests
-- Description: What became of each pull request, and how long it took, measured four ways. Every
--   delivery that carries a pull request counts, those of reviews too: a lost one costs nothing
--   where another tells the same.
-- Parameters: none; reads the table `events`.
-- Grain: one row per (host, repository id, number), and one per delivery that names none.
-- Time zone: UTC.
-- Columns:
--   source, repo_id             the host, and the repository's id there
--   repo                        its newest name by the deliveries' own times; behind that of its host
--                               where repositories of several hosts have the same
--   org                         the organisation
--   number, title               the pull request
--   label                       its labels as of its latest update, in small letters, each once, sorted,
--                               joined by `,`; one that holds a comma or a quote is quoted as in CSV
--   author, author_type         who opened it; User or Bot
--   branch                      into which it goes
--   created_at, merged_at, closed_at
--   first_ready_at, ready_at    the first `ready_for_review`, and the last; those after the merge do
--                               not count; NULL where there is none
--   first_review_at             the earliest review that was submitted by another user who is no bot,
--                               and not after the merge
--   outcome                     merged, or else by its latest update open or closed_unmerged;
--                               unidentified: a delivery without the id of a repository or a number
--   lead_s                      seconds from its creation to the merge, drafts and closed times
--                               included; NULL unless merged, as the next three
--   ready_to_merge_s            seconds from ready_at, else from its creation; NULL where it became
--                               ready again and nothing told when
--   draft_s                     seconds of lead_s in which it was a draft; NULL where not all is told
--   non_draft_s                 lead_s without draft_s
--   first_review_s              seconds from when it was first ready (its creation, if it was opened
--                               ready) to first_review_at; 0 where the review came before; NULL without
--                               a review, and where nothing told when it was first ready
--   counted_at                  the time by which windows and buckets take it: that of the merge, else
--                               of the closing, the creation or the arrival, the first that is known
select
  v.source,
  v.repo_id,
  coalesce(r.repo, v.told_repo) as repo,
  v.org,
  v.number,
  v.title,
  label_text(v.labels) as label,
  v.author,
  v.author_type,
  v.branch,
  v.created_at,
  v.merged_at,
  v.closed_at,
  v.first_ready_at,
  v.ready_at,
  v.first_review_at,
  v.outcome,
  v.lead_s,
  v.ready_to_merge_s,
  v.draft_s,
  v.non_draft_s,
  v.first_review_s,
  v.counted_at
from pull_stages v
left join repositories r on r.source = v.source and r.repo_id = v.repo_id
