//! From values to figures where there are few groups: values are counted by value first.
//!
//! Waits are whole seconds, so a million of them are some thousand. Ranks then come from running
//! sums over these few rows, and no group holds all of its values.

use std::fmt::Write as _;

use super::figures::milliseconds;
use crate::{PERCENTILES, Question};

pub(super) fn durations(question: &Question, keys: &str) -> String {
    let overdue: String = (0..question.slos.len()).fold(String::new(), |mut sql, place| {
        let is = question.slos[place].is_broken_by("waited_s");
        let _ = write!(
            sql,
            ",\n    sum(case when {is} then 1 else 0 end) as overdue_{place},\n    \
             sum(case when {is} then {} end) as overdue_{place}_ms",
            milliseconds("waited_s", "1")
        );
        sql
    });
    let passed: String = (0..question.slos.len())
        .map(|place| format!(", overdue_{place}, overdue_{place}_ms"))
        .collect();
    let counted = format!(
        "counted as (\n  select\n    {keys}, value_s,\n    count(*) as n,\n    sum(clamped) as clamped{overdue}\n  \
         from asked\n  group by {keys}, value_s\n)"
    );
    let mut columns = vec!["sum(n) as n".to_owned()];
    columns.extend(statistics("value_s", "", None));
    if question.interval {
        columns.extend(interval());
    }
    columns.push("sum(clamped) as clamped".to_owned());
    for (place, slo) in question.slos.iter().enumerate() {
        let holds = format!("value_s is not null and not ({})", slo.is_broken_by("value_s"));
        columns.push(format!("sum(case when {holds} then n else 0 end) as within_{place}"));
        columns.push(format!("sum(overdue_{place}) as overdue_{place}"));
        columns.push(format!(
            "coalesce(cast(sum(overdue_{place}_ms) as double) / 1e3, 0e0) as overdue_{place}_s"
        ));
    }
    let ranked = ranked(keys, &format!("{keys}, value_s, n, clamped{passed}"), "n");
    finished(&counted, &ranked, keys, &columns)
}

pub(super) fn counts(keys: &str, kinds: &[&str], aging: &str) -> String {
    let inner = format!("{keys}, happened");
    let counted = format!(
        "counted as (\n  select {inner}, value_s, count(*) as n\n  from asked\n  group by {inner}, value_s\n)"
    );
    let mut columns = vec!["sum(n) as n".to_owned()];
    columns.extend(
        kinds.iter().map(|kind| {
            format!("coalesce(sum(n) filter (where happened = '{kind}'), 0) as {kind}")
        }),
    );
    columns.extend(statistics("value_s", &format!("{aging}_"), Some(aging)));
    // Of one that is open, and of which nothing says since when, there is no age.
    let aged = "case when value_s is null then 0 else n end";
    let ranked = ranked(&inner, &format!("{inner}, value_s, n"), aged);
    finished(&counted, &ranked, keys, &columns)
}

/// `counted` with how many are up to each value, and how many there are.
fn ranked(partition: &str, columns: &str, n: &str) -> String {
    format!(
        "ranked as (\n  select\n    {columns},\n    sum(n) over (\n      partition by {partition}\n      \
         order by value_s nulls last\n      rows between unbounded preceding and current row\n    ) as up_to,\n    \
         sum({n}) over (partition by {partition}) as total\n  from counted\n)"
    )
}

fn finished(counted: &str, ranked: &str, keys: &str, columns: &[String]) -> String {
    let columns = columns.join(",\n  ");
    let order = keys.replace(", ", " nulls last, ");
    format!(
        "{counted},\n{ranked}\nselect\n  {keys},\n  {columns}\nfrom ranked\ngroup by {keys}\n\
         order by {order} nulls last\n"
    )
}

/// The statistics of `value`, of the kind alone where one is named.
fn statistics(value: &str, prefix: &str, kind: Option<&str>) -> Vec<String> {
    let only = kind.map(|kind| format!("happened = '{kind}' and ")).unwrap_or_default();
    let of_kind = kind
        .map(|kind| format!(" filter (where happened = '{kind}' and {value} is not null)"))
        .unwrap_or_default();
    let mut columns: Vec<String> = PERCENTILES
        .iter()
        .map(|p| {
            format!(
                "min({value}) filter (where {only}up_to >= ({p} * total + 99) / 100) as {prefix}p{p}_s"
            )
        })
        .collect();
    columns.push(format!("max({value}){of_kind} as {prefix}max_s"));
    // Summed as whole milliseconds: a sum of doubles depends on their order.
    let of_values =
        kind.map(|kind| format!(" filter (where happened = '{kind}' and {value} is not null)"));
    columns.push(format!(
        "cast(sum({}){of_kind} as double) / (1e3 * sum(n){}) as {prefix}mean_s",
        milliseconds(value, "n"),
        of_values.unwrap_or_default()
    ));
    columns
}

/// Two values between which the median of what these are a sample of lies, in 95 of 100 samples,
/// whatever their distribution: the order statistics at the ranks (n ∓ 1.96 √n) / 2. Of five values
/// or fewer there are none.
fn interval() -> Vec<String> {
    let rank = |round: &str, sign: &str| {
        format!("cast({round}((total {sign} 1.96e0 * sqrt(total)) / 2) as bigint)")
    };
    [("low", rank("floor", "-")), ("high", rank("ceil", "+"))]
        .map(|(name, rank)| {
            format!("min(value_s) filter (where total > 5 and up_to >= {rank}) as p50_{name}_s")
        })
        .into()
}
