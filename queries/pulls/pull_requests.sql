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
pull_stages as (
  with reviews as (
    select
      source,
      repo_id,
      pull_request_number as number,
      lower(pull_request_review_user_login) as reviewer,
      pull_request_review_submitted_at as submitted_at
    from events
    where event_type = 'pull_request_review'
      and repo_id is not null
      and pull_request_number is not null
      and pull_request_review_submitted_at is not null
      and coalesce(pull_request_review_user_type, '') <> 'Bot'
  ),
  joined as (
    select
      v.*,
      case
        when (r.reviewer is null or v.author is null or r.reviewer <> lower(v.author))
          and (v.merged_at is null or r.submitted_at <= v.merged_at)
        then r.submitted_at
      end as reviewed_at
    from pull_ready v
    left join reviews r on r.source = v.source and r.repo_id = v.repo_id and r.number = v.number
  ),
  reviewed as (
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
      max(first_ready_at) as first_ready_at,
      max(ready_at) as ready_at,
      min(reviewed_at) as first_review_at,
      max(outcome) as outcome,
      max(lead_s) as lead_s,
      max(ready_to_merge_s) as ready_to_merge_s,
      max(draft_s) as draft_s,
      max(non_draft_s) as non_draft_s,
      max(opened_as_draft) as opened_as_draft,
      bool_or(is_first_ready_told) as is_first_ready_told,
      max(counted_at) as counted_at
    from joined
    group by source, repo_id, number, unidentified
  ),
  measured as (
    select
      *,
      case when opened_as_draft = 0 then created_at else first_ready_at end as reviewable_at
    from reviewed
  )
  select
    *,
    case
      when is_first_ready_told and first_review_at is not null and first_review_at < reviewable_at then 0e0
      when is_first_ready_told then (cast(round(to_unixtime(first_review_at) * 1e3) as bigint) - cast(round(to_unixtime(reviewable_at) * 1e3) as bigint)) / 1e3
    end as first_review_s,
    is_first_ready_told and (opened_as_draft = 0 or first_ready_at is not null or outcome <> 'merged')
      as is_first_ready_known
  from measured
),
repositories as (
  with told as (
    select
      source,
      repo_id,
      repo_full_name as name,
      cast(round(to_unixtime(coalesce(occurred_at, received_at)) * 1e3) as bigint) as told_ms,
      cast(round(to_unixtime(received_at) * 1e3) as bigint) as arrived_ms
    from events
    where event_type in ('pull_request', 'pull_request_review', 'pull_request_review_comment', 'pull_request_review_thread')
      and repo_id is not null
      and repo_full_name is not null
  ),
  named as (
    select source, repo_id, max_by(name, row(told_ms, arrived_ms, name)) as name
    from told
    group by source, repo_id
  )
  select
    source,
    repo_id,
    name,
    -- Of the same names on several hosts, only that on github.com stands alone.
    case
      when source <> 'github.com'
        and min(source) over (partition by lower(name)) <> max(source) over (partition by lower(name))
      then source || '/' || name
      else name
    end as repo
  from named
)
select
  v.source,
  v.repo_id,
  coalesce(r.repo, v.told_repo) as repo,
  v.org,
  v.number,
  v.title,
  replace(regexp_replace(replace(v.labels, '"', '""'), '([^\x01]*[,"][^\x01]*)', '"$1"'), chr(1), ',') as label,
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
