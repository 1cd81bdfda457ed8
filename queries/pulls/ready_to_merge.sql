-- Title: Ready to merge
-- Description: Ready to merge: how long a pull request takes from the last time that it became ready to its merge.
--   One value per host, repository id and number: merged_at - the time of the last ready_for_review that is
--   not after the merge; without one, - created_at. No field says when it became ready: the time is that
--   delivery's updated_at. Its time is merged_at. Left out and counted: open, closed_unmerged, unknown_draft
--   (a delivery shows it as ready that was a draft, and the ready_for_review between them never came),
--   untimed (merged, and nothing says when it was created), unidentified (a delivery without the id of a
--   repository or a number).
-- Parameters: none, so of all time; a window or a split is another text, which
--   `lakequery report lead-time --measure ready_to_merge --since … --by … --explain` prints.
-- Grain: one row for what was measured, and one per reason for which something was left out.
-- Time zone: UTC.
-- Columns:
--   left_out                    why there is no figure; NULL in the row that has the figures
--   n                           how many prs that is
--   p50_s, p75_s, p90_s, p95_s, p99_s, max_s, mean_s
--                               seconds; percentiles are nearest rank, so each is a value that
--                               occurred; NULL where left_out says why
--   clamped                     how many of them are 0 in place of less
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
pull_turns as (
  with observations as (
    select source, repo_id, number, told_at, turn, later, draft, arrived_ms
    from pull_deliveries
    where unidentified is null
  ),
  -- Of one that never was a draft there is nothing to put in order, and most never were.
  drafted as (
    select distinct source, repo_id, number
    from observations
    where turn is not null or draft = 1
  ),
  told as (
    select
      o.source,
      o.repo_id,
      o.number,
      told_at,
      turn,
      later,
      -- A turn tells the state before it, too.
      coalesce(turn, draft) as was_draft,
      case when turn is null then draft else 1 - turn end as is_draft,
      min(arrived_ms) as arrived_ms
    from drafted d
    join observations o on o.source = d.source and o.repo_id = d.repo_id and o.number = d.number
    where turn is not null or draft is not null
    group by
      o.source, o.repo_id, o.number, told_at, turn, later,
      coalesce(turn, draft),
      case when turn is null then draft else 1 - turn end,
      -- A turn that is told twice is one.
      case when turn is null then arrived_ms end
  ),
  turns as (
    select distinct source, repo_id, number, told_at
    from observations
    where turn is not null
  ),
  placed as (
    select
      t.source,
      t.repo_id,
      t.number,
      t.told_at,
      t.turn,
      t.was_draft,
      t.is_draft,
      -- In the order of a whole repository: a partition costs more than its rows.
      row_number() over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as place,
      lag(t.number) over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as prior_number,
      lag(t.is_draft) over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as prior_draft,
      lag(t.told_at) over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as prior_at,
      lead(t.number) over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as next_number,
      lead(t.told_at) over (
        partition by t.source, t.repo_id
        order by t.number, t.told_at, t.later, t.arrived_ms, t.turn, t.is_draft
      ) as next_at
    from told t
    left join turns u
      on u.source = t.source and u.repo_id = t.repo_id and u.number = t.number and u.told_at = t.told_at
    -- What else is told in the second of a turn may be of before or of after it.
    where t.turn is not null or u.number is null
  )
  select
    source,
    repo_id,
    number,
    told_at,
    turn,
    was_draft,
    is_draft,
    place,
    prior_number is null or prior_number <> number as is_first,
    case when prior_number = number then prior_draft end as prior_draft,
    case when prior_number = number then prior_at end as prior_at,
    case when next_number = number then next_at end as next_at
  from placed
),
pull_drafts as (
  with joined as (
    select
      v.*,
      m.told_at,
      m.turn,
      m.was_draft,
      m.is_draft,
      m.place,
      m.is_first,
      m.prior_draft,
      m.next_at,
      v.merged_at is null or m.told_at <= v.merged_at as is_before_merge,
      -- Nothing told how it came from the one state to the other.
      m.prior_draft <> m.was_draft and (v.merged_at is null or m.prior_at < v.merged_at) as is_gap,
      cast(round(to_unixtime(case when m.told_at > v.merged_at then v.merged_at else m.told_at end) * 1e3) as bigint) as until_ms,
      cast(round(to_unixtime(case when m.prior_at > v.merged_at then v.merged_at else m.prior_at end) * 1e3) as bigint) as from_ms
    from pull_lives v
    left join pull_turns m on m.source = v.source and m.repo_id = v.repo_id and m.number = v.number
  ),
  staged as (
    select
      source,
      repo_id,
      number,
      unidentified,
      max(told_repo) as told_repo,
      max(org) as org,
      max(title) as title,
      max(labels) as labels,
      max(author) as author,
      max(author_type) as author_type,
      max(branch) as branch,
      max(created_at) as created_at,
      max(merged_at) as merged_at,
      max(closed_at) as closed_at,
      max(outcome) as outcome,
      max(lead_s) as lead_s,
      max(counted_at) as counted_at,
      coalesce(max(case when is_first then was_draft end), 0) as opened_as_draft,
      min(told_at) filter (where turn = 1 and is_before_merge) as first_ready_at,
      max(told_at) filter (where turn = 1 and is_before_merge) as ready_at,
      coalesce(min(place) filter (where turn = 1 and is_before_merge), 1000000000) as first_ready_place,
      coalesce(max(place) filter (where turn = 1 and is_before_merge), 0) as ready_place,
      min(place) filter (where is_gap and prior_draft = 1) as first_gap_place,
      max(place) filter (where is_gap and prior_draft = 1) as gap_place,
      count(*) filter (where is_gap) as gaps,
      coalesce(sum(until_ms - from_ms) filter (where prior_draft = 1), 0)
        + coalesce(sum(until_ms - cast(round(to_unixtime(created_at) * 1e3) as bigint)) filter (where is_first and was_draft = 1), 0)
        + coalesce(sum(cast(round(to_unixtime(merged_at) * 1e3) as bigint) - until_ms) filter (where next_at is null and is_draft = 1), 0) as draft_ms
    from joined
    group by source, repo_id, number, unidentified
  )
  select
    *,
    gap_place is null or gap_place <= ready_place as is_ready_told,
    gaps = 0 as is_draft_told,
    opened_as_draft = 0
      or first_gap_place is null
      or first_gap_place > first_ready_place as is_first_ready_told
  from staged
),
pull_ready as (
  with measured as (
    select
      *,
      outcome = 'merged' and is_ready_told as is_ready_known,
      outcome = 'merged' and is_draft_told as is_draft_known
    from pull_drafts
  )
  select
    source,
    repo_id,
    told_repo,
    org,
    number,
    unidentified,
    title,
    labels,
    author,
    author_type,
    branch,
    created_at,
    merged_at,
    closed_at,
    first_ready_at,
    ready_at,
    outcome,
    lead_s,
    case when is_ready_known then (cast(round(to_unixtime(merged_at) * 1e3) as bigint) - cast(round(to_unixtime(coalesce(ready_at, created_at)) * 1e3) as bigint)) / 1e3 end as ready_to_merge_s,
    case when is_draft_known then draft_ms / 1e3 end as draft_s,
    case when is_draft_known then (cast(round(to_unixtime(merged_at) * 1e3) as bigint) - cast(round(to_unixtime(created_at) * 1e3) as bigint) - draft_ms) / 1e3 end as non_draft_s,
    opened_as_draft,
    is_ready_known,
    is_draft_known,
    is_first_ready_told,
    counted_at
  from measured
),
asked as (
  select
    case when v.outcome <> 'merged' then v.outcome when v.ready_at is null and v.created_at is null then 'untimed' when not v.is_ready_known then 'unknown_draft' end as left_out,
    v.ready_to_merge_s as value_s,
    0 as clamped
  from pull_ready v
),
counted as (
  select
    left_out, value_s,
    count(*) as n,
    sum(clamped) as clamped
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
  cast(sum(cast(round(value_s * 1e3) as decimal(18, 0)) * n) as double) / (1e3 * sum(n)) as mean_s,
  sum(clamped) as clamped
from ranked
group by left_out
order by left_out nulls last
