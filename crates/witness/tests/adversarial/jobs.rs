//! What `adversarial_jobs/README.md` says.

use octolake_witness::{
    Dimension, Expected, Lives, Measure, Question, Reason, Verdict, jobs, report,
};

use crate::{all, at, by, deliveries, instant, left, life, life_on, of, rows, value};

const LATENCY: Measure = Measure::QueueLatency;

fn lives() -> Lives {
    jobs(&deliveries("adversarial_jobs"))
}

/// The verdict of a job of `acme/web`, of its first attempt.
fn verdict(lives: &Lives, id: i64) -> Verdict {
    life(lives, 101, id, 1).verdicts[&LATENCY]
}

fn values(expected: &Expected) -> Vec<i64> {
    rows(expected).into_iter().flat_map(|(.., values)| values).collect()
}

#[test]
fn labels_compare_as_runners_do() {
    let lives = lives();
    let label = |id| life(&lives, 101, id, 1).facts[&Dimension::Label].clone();
    assert_eq!([1, 2, 3].map(label), ["linux,x64"; 3]);
    assert_eq!([4, 5, 6].map(label), ["\"a,b\"", "a,b", "\"say \"\"hi\"\"\",z"]);
    assert_eq!(verdict(&lives, 1), value(10, "03-01T10:00:10"));
}

#[test]
fn clocks_that_disagree() {
    let lives = lives();
    let clamped = Verdict::Value { ms: 0, at: at("03-02T09:59:55"), clamped: true };
    assert_eq!(verdict(&lives, 7), clamped);
    assert_eq!(verdict(&lives, 8), left(Reason::Anomalous, "03-02T10:05:00"));
    assert_eq!(verdict(&lives, 9), value(20, "03-02T10:00:20"));
    let again = life(&lives, 101, 9, 2).verdicts[&LATENCY];
    assert_eq!(again, left(Reason::Anomalous, "03-02T12:00:00"));
}

#[test]
fn starts_that_are_lost_or_none() {
    let lives = lives();
    assert_eq!(verdict(&lives, 10), value(45, "03-02T11:00:45"));
    assert_eq!(verdict(&lives, 11), left(Reason::Pending, "03-02T12:30:00"));
    assert_eq!(verdict(&lives, 12), left(Reason::Gated, "03-02T13:00:00"));
    assert_eq!(verdict(&lives, 13), left(Reason::Skipped, "03-02T13:10:00"));
}

#[test]
fn what_has_no_key_or_no_time_is_counted() {
    let lives = lives();
    let strays = lives.lives.iter().filter(|life| life.key.is_none());
    let strays: Vec<Verdict> = strays.map(|life| life.verdicts[&LATENCY]).collect();
    assert_eq!(strays, [left(Reason::Unidentified, "03-02T14:00:00"); 4]);
    assert_eq!(verdict(&lives, 16), left(Reason::Untimed, "03-02T14:30:00"));
    assert_eq!(verdict(&lives, 17), left(Reason::Untimed, "03-02T15:00:00.500"));
    assert_eq!(verdict(&lives, 18), left(Reason::Pending, "03-02T15:10:00.500"));
}

#[test]
fn a_tie_is_broken_by_arrival() {
    let lives = lives();
    assert_eq!(verdict(&lives, 19), value(0, "03-02T16:00:00"));
    assert_eq!(life(&lives, 101, 19, 1).facts[&Dimension::Author], "zoe");
}

#[test]
fn a_renamed_repository_is_one_and_another_hosts_is_another() {
    let lives = lives();
    assert_eq!(life(&lives, 201, 1, 1).verdicts[&LATENCY], value(100, "03-01T08:01:40"));
    let far = life_on(&lives, "ghes.corp.example", 201, 1, 1);
    assert_eq!(far.verdicts[&LATENCY], value(7, "03-01T08:00:07"));
    let answer = report(&lives, LATENCY, &by(Dimension::Repo));
    let web = vec![0, 0, 9, 10, 20, 20, 30, 40, 45, 50, 60];
    let expected = [
        ("acme/new".to_owned(), None, vec![100, 200, 300]),
        ("acme/stuck".to_owned(), None, vec![10]),
        ("acme/web".to_owned(), None, web),
        ("ghes.corp.example/Acme/New".to_owned(), None, vec![7]),
    ];
    assert_eq!(rows(&answer), expected);
}

#[test]
fn a_repository_is_found_by_any_of_its_names() {
    let lives = lives();
    let found = |names: &[&str]| values(&report(&lives, LATENCY, &of(names)));
    assert_eq!(found(&["ACME/NEW"]), [7, 100, 200, 300]);
    assert_eq!(found(&["acme/old"]), [100, 200, 300]);
    assert_eq!(found(&["github.com/acme/new"]), [100, 200, 300]);
    assert_eq!(found(&["GHES.corp.example/acme/new"]), [7]);
    assert_eq!(found(&["acme/never", "acme/stuck"]), [10]);
    assert_eq!(found(&["acme/never"]), [0; 0]);
}

#[test]
fn what_is_stuck_is_told_with_its_least_wait() {
    let lives = lives();
    let at_least = Some(21_600_000);
    let never = Verdict::Left { reason: Reason::NeverRan, at: at("03-03T12:00:00"), at_least };
    assert_eq!([34, 35].map(|id| life(&lives, 301, id, 1).verdicts[&LATENCY]), [never; 2]);
    let pending = left(Reason::Pending, "03-03T06:00:00");
    assert_eq!([32, 33].map(|id| life(&lives, 301, id, 1).verdicts[&LATENCY]), [pending; 2]);
    let answer = report(&lives, LATENCY, &of(&["acme/stuck"]));
    let excluded =
        [("skipped", 0), ("never_ran", 2), ("pending", 2), ("gated", 0), ("anomalous", 0)];
    assert_eq!(answer.excluded, excluded);
}

#[test]
fn everything_is_counted_under_its_reason() {
    let answer = all(&lives(), LATENCY);
    let [row] = &answer.rows[..] else { panic!("{answer:?}") };
    assert_eq!((row.n(), row.sum(), row.mean_s()), (16, 901_000, Some(56.3125)));
    let percentiles = [50, 75, 90, 95, 99].map(|p| row.percentile(p));
    assert_eq!(percentiles, [20_000, 50_000, 200_000, 300_000, 300_000].map(Some));
    assert_eq!(row.max(), Some(300_000));
    let excluded = [
        ("skipped", 1),
        ("never_ran", 2),
        ("pending", 4),
        ("gated", 1),
        ("anomalous", 2),
        ("untimed", 2),
        ("unidentified", 4),
    ];
    assert_eq!((answer.excluded.as_slice(), answer.clamped), (&excluded[..], Some(1)));
}

#[test]
fn a_complete_day_is_not_partial_and_a_cut_one_is() {
    let lives = lives();
    let days = |question| {
        let marked = rows(&report(&lives, LATENCY, &question)).into_iter();
        marked
            .map(|(day, partial, values)| (day, partial == Some(true), values))
            .collect::<Vec<_>>()
    };
    let day = |n: u8, partial, values: &[i64]| (format!("2026-03-0{n}"), partial, values.to_vec());
    let second = day(2, false, &[0, 0, 20, 40, 45, 50, 60, 200]);
    let first = day(1, false, &[7, 10, 20, 30, 100]);
    let third = day(3, false, &[9, 10, 300]);
    assert_eq!(days(by(Dimension::Day)), [first.clone(), second.clone(), third.clone()]);
    let since = Some(instant("2026-03-01T09:00:00Z"));
    let cut = [day(1, true, &[10, 20, 30]), second.clone(), third];
    assert_eq!(days(Question { since, ..by(Dimension::Day) }), cut);
    let until = Some(instant("2026-03-03T12:00:00Z"));
    let cut = [first.clone(), second.clone(), day(3, true, &[10, 300])];
    assert_eq!(days(Question { until, ..by(Dimension::Day) }), cut);
    let zone = "Europe/Berlin".parse().unwrap();
    let later = [first, second, day(3, false, &[10, 300]), day(4, true, &[9])];
    assert_eq!(days(Question { zone, ..by(Dimension::Day) }), later);
}
