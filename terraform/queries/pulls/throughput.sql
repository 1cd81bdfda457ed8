-- Title: Pull request throughput
-- Description: Pull request throughput: how many pull requests are opened, merged and closed, and how old the open
--   ones are. Each pull request (host, repository id and number) counts where it was opened (created_at),
--   and where it was merged (merged_at) or, by its latest update, closed without a merge (closed_at). One
--   that is still open counts as open where it was opened, and open_p50_s and so on say how long those have
--   been open: from created_at to the time of asking. Left out and counted: unidentified (a delivery without
--   the id of a repository or a number).
-- Parameters: none, so of all time; a window or a split is another text, which
--   `lakequery report throughput --since … --by … --explain` prints.
-- Grain: one row for what was measured, and one per reason for which something was left out.
-- Time zone: UTC.
-- Columns:
--   left_out                    why there is no figure; NULL in the row that has the figures
--   n                           how many events that is
--   opened, merged, closed_unmerged, open
--                               how many of each kind
--   open_p50_s, open_p75_s, … open_mean_s
--                               seconds for which those that are open have been so, until now
with pull_deliveries as (
  select
    source,
    repo_id,
    pull_request_number as number,
    -- What names no pull request is a thing of its own.
    case when repo_id is null or pull_request_number is null then delivery_id end as unidentified,
    -- Where there is a repository's id, its name is found by that.
    case when repo_id is null then repo_full_name end as told_repo,
    org_login,
    received_at,
    pull_request_title as title,
    array_join(array_sort(pull_request_labels), chr(1)) as labels,
    pull_request_user_login as author,
    pull_request_user_type as author_type,
    pull_request_base_ref as branch,
    pull_request_created_at as created_at,
    pull_request_closed_at as closed_at,
    pull_request_merged_at as merged_at,
    case when pull_request_closed_at is null then 'open' else 'closed_unmerged' end as state,
    coalesce(pull_request_updated_at, received_at) as told_at,
    cast(round(to_unixtime(coalesce(pull_request_updated_at, received_at)) * 1e3) as bigint) as told_ms,
    cast(round(to_unixtime(received_at) * 1e3) as bigint) as arrived_ms,
    -- 1 where it became ready, 0 where it became a draft, NULL where it only says which it is.
    case
      when event_type = 'pull_request' and action = 'ready_for_review' then 1
      when event_type = 'pull_request' and action = 'converted_to_draft' then 0
    end as turn,
    case when event_type = 'pull_request' and action = 'opened' then 0 else 1 end as later,
    case when pull_request_draft then 1 when not pull_request_draft then 0 end as draft
  from events
  where event_type in ('pull_request', 'pull_request_review', 'pull_request_review_comment', 'pull_request_review_thread')
),
pull_states as (
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
),
pull_lives as (
  with judged as (
    select
      *,
      case
        when unidentified is not null then 'unidentified'
        when merged_at is not null then 'merged'
        else state
      end as outcome
    from pull_states
  )
  select
    *,
    coalesce(array_join(array_sort(array_distinct(split(lower(told_labels), chr(1)))), chr(1)), '') as labels,
    case when outcome = 'merged' then (cast(round(to_unixtime(merged_at) * 1e3) as bigint) - cast(round(to_unixtime(created_at) * 1e3) as bigint)) / 1e3 end as lead_s,
    coalesce(
      case when outcome in ('merged', 'unidentified') then merged_at end,
      case when outcome in ('closed_unmerged', 'unidentified') then closed_at end,
      created_at,
      arrived_at
    ) as counted_at
  from judged
),
pull_moments as (
  select
    v.*,
    m.moment as happened,
    case m.moment
      when 'opened' then v.created_at
      when 'merged' then v.merged_at
      when 'closed_unmerged' then v.closed_at
      else v.counted_at
    end as happened_at
  from pull_lives v
  cross join (values ('opened'), ('merged'), ('closed_unmerged'), ('open'), ('unidentified')) as m (moment)
  where m.moment = v.outcome
    or m.moment = 'opened' and v.created_at is not null and v.outcome <> 'unidentified'
),
asked as (
  select
    case when v.happened = 'unidentified' then v.happened end as left_out,
    v.happened as happened,
    case when v.happened = 'open' then (cast(round(to_unixtime(current_timestamp) * 1e3) as bigint) - cast(round(to_unixtime(v.created_at) * 1e3) as bigint)) / 1e3 end as value_s
  from pull_moments v
),
counted as (
  select left_out, happened, value_s, count(*) as n
  from asked
  group by left_out, happened, value_s
),
ranked as (
  select
    left_out, happened, value_s, n,
    sum(n) over (
      partition by left_out, happened
      order by value_s nulls last
      rows between unbounded preceding and current row
    ) as up_to,
    sum(case when value_s is null then 0 else n end) over (partition by left_out, happened) as total
  from counted
)
select
  left_out,
  sum(n) as n,
  coalesce(sum(n) filter (where happened = 'opened'), 0) as opened,
  coalesce(sum(n) filter (where happened = 'merged'), 0) as merged,
  coalesce(sum(n) filter (where happened = 'closed_unmerged'), 0) as closed_unmerged,
  coalesce(sum(n) filter (where happened = 'open'), 0) as open,
  min(value_s) filter (where happened = 'open' and up_to >= (50 * total + 99) / 100) as open_p50_s,
  min(value_s) filter (where happened = 'open' and up_to >= (75 * total + 99) / 100) as open_p75_s,
  min(value_s) filter (where happened = 'open' and up_to >= (90 * total + 99) / 100) as open_p90_s,
  min(value_s) filter (where happened = 'open' and up_to >= (95 * total + 99) / 100) as open_p95_s,
  min(value_s) filter (where happened = 'open' and up_to >= (99 * total + 99) / 100) as open_p99_s,
  max(value_s) filter (where happened = 'open' and value_s is not null) as open_max_s,
  cast(sum(cast(round(value_s * 1e3) as decimal(18, 0)) * n) filter (where happened = 'open' and value_s is not null) as double) / (1e3 * sum(n) filter (where happened = 'open' and value_s is not null)) as open_mean_s
from ranked
group by left_out
order by left_out nulls last
