-- Title: Pull request lead time
-- Description: Pull request lead time: how long a pull request takes from its creation to its merge.
--   One value per repository and number: merged_at - created_at, from any delivery that carries merged_at.
--   Time as a draft and time closed are included. Its time is merged_at.
--   Left out and counted: open, closed_unmerged.
-- Parameters: none, so of all time; a window or a split is another text, which
--   `lakequery report lead-time --since … --by … --explain` prints.
-- Grain: one row for what was measured, and one per reason for which something was left out.
-- Time zone: UTC.
-- Columns:
--   left_out                    why there is no figure; NULL in the row that has the figures
--   n                           how many pull requests that is
--   p50_s, p75_s, p90_s, p95_s, p99_s, max_s, mean_s
--                               seconds; percentiles are nearest rank, so each is a value that
--                               occurred; NULL where left_out says why
--   clamped                     0: nothing is clamped here
with pull_requests as (
  with deliveries as (
    select
      repo_id,
      pull_request_number as number,
      event_type,
      action,
      repo_full_name,
      pull_request_title as title,
      pull_request_labels as labels,
      pull_request_user_login as author,
      pull_request_user_type as author_type,
      pull_request_draft as draft,
      pull_request_created_at as created_at,
      pull_request_closed_at as closed_at,
      pull_request_merged_at as merged_at,
      coalesce(pull_request_updated_at, received_at) as updated_at,
      cast(round(to_unixtime(coalesce(pull_request_updated_at, received_at)) * 1e3) as bigint) as updated_ms,
      case
        when event_type = 'pull_request_review' and action = 'submitted'
          and pull_request_review_user_login <> pull_request_user_login
          and coalesce(pull_request_review_user_type, '') <> 'Bot'
        then pull_request_review_submitted_at
      end as reviewed_at
    from events
    where event_type in (
        'pull_request',
        'pull_request_review',
        'pull_request_review_comment',
        'pull_request_review_thread'
      )
      and pull_request_number is not null
  ),
  pulls as (
    select
      repo_id,
      number,
      -- Text that sorts as the update does carries a name through max.
      substr(max(lpad(cast(updated_ms as varchar), 16, '0') || repo_full_name), 17) as repo,
      substr(max(lpad(cast(updated_ms as varchar), 16, '0') || title), 17) as title,
      coalesce(
        substr(max(lpad(cast(updated_ms as varchar), 16, '0') || array_join(array_sort(labels), ',')), 17),
        ''
      ) as label,
      substr(max(lpad(cast(updated_ms as varchar), 16, '0') || author), 17) as author,
      max(author_type) as author_type,
      min(created_at) as created_at,
      max(closed_at) as closed_at,
      min(merged_at) as merged_at,
      min(reviewed_at) as first_review_at,
      max(updated_ms) filter (where closed_at is not null) as seen_closed_ms,
      max(updated_ms) filter (where closed_at is null) as seen_open_ms,
      -- Odd where it was a draft before its earliest delivery: a number sorts by the time, then
      -- `opened` first, and carries the state. A change of state tells the state before it.
      min(
        updated_ms * 4
          + case when action = 'opened' then 0 else 2 end
          + case
              when event_type = 'pull_request' and action = 'ready_for_review' then 1
              when event_type = 'pull_request' and action = 'converted_to_draft' then 0
              when draft then 1
              else 0
            end
      ) as opening
    from deliveries
    group by repo_id, number
  ),
  merges as (
    select repo_id, number, cast(round(to_unixtime(min(merged_at)) * 1e3) as bigint) as merged_ms
    from deliveries
    where merged_at is not null
    group by repo_id, number
  ),
  turns as (
    select distinct
      repo_id,
      number,
      updated_at,
      updated_ms,
      case when action = 'ready_for_review' then 1 else 0 end as ready
    from deliveries
    where event_type = 'pull_request' and action in ('ready_for_review', 'converted_to_draft')
  ),
  stretches as (
    select
      turns.repo_id,
      turns.number,
      turns.updated_at,
      turns.updated_ms,
      turns.ready,
      coalesce(
        lead(turns.updated_ms) over (
          partition by turns.repo_id, turns.number
          order by turns.updated_ms, turns.ready
        ),
        merges.merged_ms
      ) as until_ms
    from turns
    left join merges on merges.repo_id = turns.repo_id and merges.number = turns.number
    where merges.merged_ms is null or turns.updated_ms <= merges.merged_ms
  ),
  drafts as (
    select
      repo_id,
      number,
      min(updated_ms) as first_turn_ms,
      min(updated_at) filter (where ready = 1) as first_ready_at,
      max(updated_at) filter (where ready = 1) as ready_at,
      sum(until_ms - updated_ms) filter (where ready = 0) as draft_ms
    from stretches
    group by repo_id, number
  ),
  judged as (
    select
      pulls.repo_id,
      pulls.repo,
      pulls.number,
      pulls.title,
      pulls.label,
      pulls.author,
      pulls.author_type,
      pulls.created_at,
      pulls.merged_at,
      pulls.closed_at,
      pulls.first_review_at,
      drafts.first_ready_at,
      drafts.ready_at,
      case
        when pulls.merged_at is not null then 'merged'
        when pulls.seen_closed_ms >= coalesce(pulls.seen_open_ms, 0) then 'closed_unmerged'
        else 'open'
      end as outcome,
      cast(round(to_unixtime(pulls.created_at) * 1e3) as bigint) as created_ms,
      cast(round(to_unixtime(pulls.merged_at) * 1e3) as bigint) as merged_ms,
      cast(round(to_unixtime(drafts.ready_at) * 1e3) as bigint) as ready_ms,
      cast(round(to_unixtime(drafts.first_ready_at) * 1e3) as bigint) as first_ready_ms,
      cast(round(to_unixtime(pulls.first_review_at) * 1e3) as bigint) as first_review_ms,
      coalesce(drafts.draft_ms, 0) as later_draft_ms,
      drafts.first_turn_ms,
      pulls.opening % 2 = 1 as opened_as_draft
    from pulls
    left join drafts on drafts.repo_id = pulls.repo_id and drafts.number = pulls.number
  ),
  timed as (
    select
      *,
      merged_ms - created_ms as lead_ms,
      case when opened_as_draft then coalesce(first_turn_ms, merged_ms) - created_ms else 0 end
        + later_draft_ms as draft_ms,
      first_review_ms - coalesce(first_ready_ms, created_ms) as first_review_wait_ms
    from judged
  )
  select
    repo_id,
    repo,
    number,
    title,
    label,
    author,
    author_type,
    created_at,
    merged_at,
    closed_at,
    first_ready_at,
    ready_at,
    first_review_at,
    outcome,
    lead_ms / 1e3 as lead_s,
    (merged_ms - coalesce(ready_ms, created_ms)) / 1e3 as ready_to_merge_s,
    case when outcome = 'merged' then draft_ms / 1e3 end as draft_s,
    case when outcome = 'merged' then (lead_ms - draft_ms) / 1e3 end as non_draft_s,
    case when first_review_wait_ms < 0 then 0 else first_review_wait_ms end / 1e3 as first_review_s,
    case
      when outcome = 'merged' then merged_at
      when outcome = 'closed_unmerged' then closed_at
      else created_at
    end as counted_at
  from timed
),
asked as (
  select
    case when outcome <> 'merged' then outcome end as left_out,
    lead_s as value_s,
    0 as clamped
  from pull_requests
),
counted as (
  select left_out, value_s, count(*) as n, sum(clamped) as clamped
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
  sum(value_s * n) / sum(n) as mean_s,
  sum(clamped) as clamped
from ranked
group by left_out
order by left_out nulls last
