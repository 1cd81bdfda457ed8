//! What `adversarial_pulls/README.md` says.

use octolake_witness::{Dimension, Lives, Measure, Question, Reason, Verdict, pulls, report};

use crate::{all, by, deliveries, instant, left, life, life_on, of, rows, value};

fn lives() -> Lives {
    pulls(&deliveries("adversarial_pulls"))
}

/// What the four measures make of a pull request of `acme/web`.
fn verdicts(lives: &Lives, number: i64) -> [Verdict; 4] {
    Measure::PULLS.map(|measure| life(lives, 101, number, 0).verdicts[&measure])
}

/// A merged one without a review: lead, ready to merge and non-draft, in seconds.
fn not_reviewed(seconds: [i64; 3], merged: &str) -> [Verdict; 4] {
    let [lead, ready, non_draft] = seconds.map(|seconds| value(seconds, merged));
    [lead, ready, non_draft, left(Reason::NotReviewed, merged)]
}

/// An open one with its first review.
fn open(created: &str, review: Verdict) -> [Verdict; 4] {
    let open = left(Reason::Open, created);
    [open, open, open, review]
}

#[test]
fn a_first_review_is_by_another_before_the_merge_and_since_the_first_ready() {
    let lives = lives();
    let [_, ready, non_draft, review] = verdicts(&lives, 1);
    assert_eq!(review, value(1800, "03-01T08:30:00"));
    assert_eq!(ready, value(3600, "03-01T11:00:00"));
    assert_eq!(non_draft, value(7200, "03-01T11:00:00"));
    assert_eq!(verdicts(&lives, 2), not_reviewed([3600; 3], "03-01T09:00:00"));
    assert_eq!(verdicts(&lives, 3), open("03-01T10:00:00", value(600, "03-01T10:10:00")));
    assert_eq!(verdicts(&lives, 4), open("03-01T10:00:00", value(1200, "03-01T10:20:00")));
    assert_eq!(verdicts(&lives, 5), open("03-01T12:00:00", value(900, "03-01T12:15:00")));
    assert_eq!(verdicts(&lives, 6), not_reviewed([3600; 3], "03-01T13:00:00"));
}

#[test]
fn lost_turns_are_not_invented() {
    let lives = lives();
    let merged = "03-02T11:00:00";
    let unknown = left(Reason::UnknownDraft, merged);
    let lost = left(Reason::UnknownDraft, "03-02T10:30:00");
    assert_eq!(verdicts(&lives, 7), [value(10_800, merged), unknown, unknown, lost]);
    let review = value(600, "03-02T09:10:00");
    assert_eq!(verdicts(&lives, 8), [value(10_800, merged), unknown, unknown, review]);
    let review = value(1200, "03-02T08:20:00");
    assert_eq!(verdicts(&lives, 9), [value(10_800, merged), value(3600, merged), unknown, review]);
}

#[test]
fn ties_within_a_second_are_broken_by_arrival() {
    let lives = lives();
    assert_eq!(verdicts(&lives, 10), [left(Reason::Open, "03-02T08:00:00"); 4]);
    assert_eq!(verdicts(&lives, 11), [left(Reason::ClosedUnmerged, "03-02T09:00:00"); 4]);
    assert_eq!(verdicts(&lives, 12), not_reviewed([7200, 3600, 3600], "03-02T14:00:00"));
}

#[test]
fn what_has_no_time_is_counted() {
    let lives = lives();
    let untimed = left(Reason::Untimed, "03-02T15:00:00");
    let reviewed = left(Reason::Untimed, "03-02T14:00:00");
    assert_eq!(verdicts(&lives, 13), [untimed, untimed, untimed, reviewed]);
    assert_eq!(verdicts(&lives, 14), [left(Reason::Open, "03-02T15:30:00.500"); 4]);
}

#[test]
fn drafts_that_are_reviewed() {
    let lives = lives();
    let [lead, ready, non_draft] = [7200, 3600, 3600].map(|s| value(s, "03-02T10:00:00"));
    let early = Verdict::Value { ms: 0, at: crate::at("03-02T08:30:00"), clamped: true };
    assert_eq!(verdicts(&lives, 15), [lead, ready, non_draft, early]);
    let still = left(Reason::Open, "03-02T08:30:00");
    assert_eq!(verdicts(&lives, 16), open("03-02T08:00:00", still));
    let [lead, ready, non_draft] = [7200, 7200, 0].map(|s| value(s, "03-02T10:00:00"));
    let never = left(Reason::UnknownDraft, "03-02T08:30:00");
    assert_eq!(verdicts(&lives, 17), [lead, ready, non_draft, never]);
}

#[test]
fn deliveries_that_are_lost_late_or_told_again() {
    let lives = lives();
    assert_eq!(verdicts(&lives, 18), not_reviewed([3600; 3], "03-03T09:00:00"));
    assert_eq!(verdicts(&lives, 19), not_reviewed([7200; 3], "03-03T10:00:00"));
    assert_eq!(life(&lives, 101, 19, 0).facts[&Dimension::Label], "\"a,b\",bug");
    assert_eq!(verdicts(&lives, 20), not_reviewed([10_800, 3600, 7200], "03-03T11:00:00"));
    assert_eq!(verdicts(&lives, 21), not_reviewed([3600; 3], "03-03T09:00:00"));
}

#[test]
fn what_has_no_key_is_counted() {
    let lives = lives();
    let strays = lives.lives.iter().filter(|life| life.key.is_none());
    let times: Vec<Verdict> = strays.map(|life| life.verdicts[&Measure::LeadTime]).collect();
    let unidentified = |minute| left(Reason::Unidentified, &format!("03-02T16:0{minute}:00"));
    assert_eq!(times, [0, 1, 2].map(unidentified));
}

#[test]
fn a_renamed_repository_is_one_and_another_hosts_is_another() {
    let lives = lives();
    let far = life_on(&lives, "ghes.corp.example", 201, 1, 0);
    assert_eq!(far.verdicts[&Measure::LeadTime], value(1800, "03-01T08:30:00"));
    let answer = rows(&report(&lives, Measure::LeadTime, &by(Dimension::Repo)));
    let names: Vec<(&str, usize)> =
        answer.iter().map(|(name, _, values)| (name.as_str(), values.len())).collect();
    let expected = [("acme/new", 2), ("acme/web", 14), ("ghes.corp.example/acme/new", 1)];
    assert_eq!(names, expected);
    let found = |name| {
        let answer = rows(&report(&lives, Measure::LeadTime, &of(&[name])));
        answer.into_iter().flat_map(|(.., values)| values).collect::<Vec<_>>()
    };
    assert_eq!(found("acme/new"), [1800, 3600, 7200]);
    assert_eq!(found("Acme/Old"), [3600, 7200]);
    assert_eq!(found("github.com/acme/new"), [3600, 7200]);
    assert_eq!(found("acme/never"), [0; 0]);
}

/// n, sum, the percentiles 50 and 75, and the maximum, in seconds.
fn statistics(lives: &Lives, measure: Measure) -> (usize, [i64; 4]) {
    let answer = all(lives, measure);
    let [row] = &answer.rows[..] else { panic!("{answer:?}") };
    assert_eq!([90, 95, 99].map(|p| row.percentile(p)), [row.max(); 3]);
    let in_ms = [Some(row.sum()), row.percentile(50), row.percentile(75), row.max()];
    (row.n(), in_ms.map(|ms| ms.unwrap() / 1000))
}

#[test]
fn everything_is_counted_under_its_reason() {
    let lives = lives();
    assert_eq!(statistics(&lives, Measure::LeadTime), (17, [113_400, 7200, 10_800, 10_800]));
    assert_eq!(statistics(&lives, Measure::ReadyToMerge), (15, [63_000, 3600, 3600, 7200]));
    assert_eq!(statistics(&lives, Measure::NonDraft), (14, [59_400, 3600, 7200, 7200]));
    assert_eq!(statistics(&lives, Measure::FirstReview), (7, [6300, 900, 1200, 1800]));
    let excluded = |measure| all(&lives, measure).excluded;
    let ends = [("open", 6), ("closed_unmerged", 1)];
    let unknown = |n| [("unknown_draft", n), ("untimed", 1), ("unidentified", 3)];
    assert_eq!(excluded(Measure::LeadTime), [&ends[..], &unknown(0)[1..]].concat());
    assert_eq!(excluded(Measure::ReadyToMerge), [&ends[..], &unknown(2)].concat());
    assert_eq!(excluded(Measure::NonDraft), [&ends[..], &unknown(3)].concat());
    let ends = [("open", 3), ("closed_unmerged", 1), ("not_reviewed", 11)];
    assert_eq!(excluded(Measure::FirstReview), [&ends[..], &unknown(2)].concat());
    assert_eq!(all(&lives, Measure::LeadTime).clamped, None);
}

#[test]
fn a_complete_day_is_not_partial_and_a_cut_one_is() {
    let lives = lives();
    let days = |question| rows(&report(&lives, Measure::LeadTime, &question));
    let day =
        |n: u8, partial, values: &[i64]| (format!("2026-03-0{n}"), Some(partial), values.to_vec());
    let first = day(1, false, &[1800, 3600, 3600, 3600, 10_800]);
    let second = day(2, false, &[7200, 7200, 7200, 7200, 10_800, 10_800, 10_800]);
    let third = day(3, false, &[3600, 3600, 3600, 7200, 10_800]);
    assert_eq!(days(by(Dimension::Day)), [first.clone(), second.clone(), third.clone()]);
    let since = Some(instant("2026-03-01T09:30:00Z"));
    let cut = [day(1, true, &[3600, 10_800]), second.clone(), third];
    assert_eq!(days(Question { since, ..by(Dimension::Day) }), cut);
    let until = Some(instant("2026-03-03T10:30:00Z"));
    let cut = [first, second, day(3, true, &[3600, 3600, 7200])];
    assert_eq!(days(Question { until, ..by(Dimension::Day) }), cut);
    let zone = "Europe/Berlin".parse().unwrap();
    let last = days(Question { zone, ..by(Dimension::Day) }).pop();
    assert_eq!(last, Some(day(4, true, &[3600])));
}
