//! From values to figures: ranks, and what is counted.
//!
//! Where there may be many groups, a group's values are gathered as whole milliseconds and sorted as
//! such: 8 bytes each, whatever the names of the groups. A window over the same rows would sort all
//! of them by those names. Where there are few groups it is the other way round: see `counted`.

use std::fmt::Write as _;

use super::counted;
use crate::definition::Shape;
use crate::sorted;
use crate::{Dimension, PERCENTILES, Question};

/// The statement behind `asked`.
pub(super) fn select(question: &Question) -> String {
    // A comma behind each, so that there may be none.
    let mut keys: String = question.by.iter().map(|by| format!("{}, ", by.column())).collect();
    keys.push_str("left_out");
    let is_coarse = question.by.iter().all(|by| is_coarse(*by));
    match question.report.shape {
        Shape::Durations { .. } if is_coarse => counted::durations(question, &keys),
        Shape::Durations { .. } => durations(question, &keys),
        Shape::Counts { kinds, aging, .. } if is_coarse => counted::counts(&keys, kinds, aging),
        Shape::Counts { kinds, aging, .. } => counts(question, &keys, kinds, aging),
    }
}

/// Whether it tells few groups apart, so that one of them may hold most of all values.
fn is_coarse(by: Dimension) -> bool {
    matches!(by, Dimension::Host | Dimension::Org | Dimension::Who | Dimension::Team)
}

fn durations(question: &Question, keys: &str) -> String {
    let mut gathered = vec!["sum(clamped) as clamped".to_owned()];
    let mut columns = statistics("");
    if question.interval {
        columns.extend(interval());
    }
    columns.push("clamped".to_owned());
    for (place, slo) in question.slos.iter().enumerate() {
        let (within, overdue) = (slo.is_broken_by("value_s"), slo.is_broken_by("waited_s"));
        gathered.push(format!(
            "count(*) filter (where value_s is not null and not ({within})) as within_{place}"
        ));
        gathered.push(format!("count(*) filter (where {overdue}) as overdue_{place}"));
        let waited = milliseconds("waited_s", "1");
        gathered.push(format!("sum({waited}) filter (where {overdue}) as overdue_{place}_ms"));
        columns.push(format!("within_{place}"));
        columns.push(format!("overdue_{place}"));
        columns.push(format!(
            "coalesce(cast(overdue_{place}_ms as double) / 1e3, 0e0) as overdue_{place}_s"
        ));
    }
    finished(question, keys, &gathered, &columns)
}

fn counts(question: &Question, keys: &str, kinds: &[&str], aging: &str) -> String {
    let kind = |kind: &&str| format!("count(*) filter (where happened = '{kind}') as {kind}");
    let gathered: Vec<String> = kinds.iter().map(kind).collect();
    let columns = kinds.iter().map(|kind| (*kind).to_owned());
    let columns: Vec<String> = columns.chain(statistics(&format!("{aging}_"))).collect();
    finished(question, keys, &gathered, &columns)
}

/// The groups, each with its values in their order, and the figures of each.
fn finished(question: &Question, keys: &str, gathered: &[String], columns: &[String]) -> String {
    let gathered: String = gathered.iter().fold(String::new(), |mut sql, column| {
        let _ = write!(sql, ",\n    {column}");
        sql
    });
    let columns = columns.join(",\n  ");
    let sorted = sorted::expression("value_ms", question.abilities.sorted_values);
    let order = keys.replace(", ", " nulls last, ");
    format!(
        "valued as (\n  select *, cast(round(value_s * 1e3) as bigint) as value_ms\n  from asked\n),\n\
         gathered as (\n  select\n    {keys},\n    count(*) as n,\n    \
         count(value_ms) as total,\n    max(value_ms) as max_ms,\n    \
         sum(cast(value_ms as decimal(18, 0))) as sum_ms,\n    \
         {sorted} as sorted_ms{gathered}\n  \
         from valued\n  group by {keys}\n)\n\
         select\n  {keys},\n  n,\n  {columns}\nfrom gathered\norder by {order} nulls last\n"
    )
}

/// The statistics of the gathered values. A place in them is never behind their end: `total` is
/// their number, and without any there is no list to look into.
fn statistics(prefix: &str) -> Vec<String> {
    let percentile =
        |p: &u8| format!("sorted_ms[({p} * total + 99) / 100] / 1e3 as {prefix}p{p}_s");
    let mut columns: Vec<String> = PERCENTILES.iter().map(percentile).collect();
    columns.push(format!("max_ms / 1e3 as {prefix}max_s"));
    // Summed as whole milliseconds: a sum of doubles depends on their order.
    columns.push(format!("cast(sum_ms as double) / (1e3 * total) as {prefix}mean_s"));
    columns
}

/// Two values between which the median of what these are a sample of lies; see `counted`.
fn interval() -> [String; 2] {
    let rank = |round: &str, sign: &str| {
        format!("cast({round}((total {sign} 1.96e0 * sqrt(total)) / 2) as bigint)")
    };
    [("low", rank("floor", "-")), ("high", rank("ceil", "+"))].map(|(name, rank)| {
        format!("case when total > 5 then sorted_ms[greatest({rank}, 1)] / 1e3 end as p50_{name}_s")
    })
}

/// So many times a number of seconds, as whole milliseconds that no sum of them overflows.
pub(super) fn milliseconds(seconds: &str, times: &str) -> String {
    format!("cast(round({seconds} * 1e3) as decimal(18, 0)) * {times}")
}
