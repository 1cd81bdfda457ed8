//! The random lakes: the same for a seed, in no order that counts, and adverse enough.

use std::collections::{BTreeMap, BTreeSet};

use octolake_witness::{
    Dimension, Measure, Question, Verdict, jobs, pulls, random, random_question, report,
};

#[test]
fn a_seed_makes_one_lake() {
    assert_eq!(random(3), random(3));
    assert_ne!(random(3), random(4));
}

#[test]
fn the_order_of_deliveries_says_nothing() {
    for seed in 0..50 {
        let lake = random(seed);
        let reversed: Vec<_> = lake.iter().rev().cloned().collect();
        let question = random_question(seed, &lake, &Dimension::JOBS);
        let measure = Measure::QueueLatency;
        let [one, other] = [&lake, &reversed].map(|l| report(&jobs(l), measure, &question));
        assert_eq!(one, other, "{seed}: {question:?}");
        let question = random_question(seed, &lake, &Dimension::PULLS);
        let lives = [pulls(&lake), pulls(&reversed)];
        for measure in Measure::PULLS {
            let [one, other] = lives.each_ref().map(|lives| report(lives, measure, &question));
            assert_eq!(one, other, "{seed}: {measure:?} {question:?}");
        }
    }
}

#[test]
fn every_thing_is_counted_once_in_every_split() {
    for seed in 0..50 {
        let lake = random(seed);
        for (lives, measures, dimensions) in [
            (jobs(&lake), &[Measure::QueueLatency][..], &Dimension::JOBS[..]),
            (pulls(&lake), &Measure::PULLS[..], &Dimension::PULLS[..]),
        ] {
            for (measure, dimension) in
                measures.iter().flat_map(|m| dimensions.iter().map(move |d| (m, d)))
            {
                let question = Question { by: vec![*dimension], ..Question::default() };
                let answer = report(&lives, *measure, &question);
                let values: usize = answer.rows.iter().map(|row| row.n()).sum();
                let left: u64 = answer.excluded.iter().map(|(_, n)| n).sum();
                assert_eq!(values as u64 + left, lives.lives.len() as u64, "{seed} {measure:?}");
            }
        }
    }
}

/// How often each outcome of each measure comes in three hundred lakes.
fn census() -> BTreeMap<(Measure, &'static str), u64> {
    let mut census = BTreeMap::new();
    for seed in 0..300 {
        let lake = random(seed);
        for life in jobs(&lake).lives.into_iter().chain(pulls(&lake).lives) {
            for (measure, verdict) in life.verdicts {
                let outcome = match verdict {
                    Verdict::Left { reason, .. } => reason.name(),
                    Verdict::Value { clamped: true, .. } => "clamped",
                    Verdict::Value { .. } => "value",
                };
                *census.entry((measure, outcome)).or_default() += 1;
            }
        }
    }
    census
}

#[test]
fn every_outcome_comes_often() {
    let census = census();
    let draft = [Measure::ReadyToMerge, Measure::NonDraft, Measure::FirstReview];
    let mut wanted: Vec<(Measure, &str)> = vec![];
    for reason in ["skipped", "never_ran", "pending", "gated", "anomalous", "clamped"] {
        wanted.push((Measure::QueueLatency, reason));
    }
    wanted.extend(draft.map(|measure| (measure, "unknown_draft")));
    wanted.push((Measure::FirstReview, "not_reviewed"));
    wanted.push((Measure::FirstReview, "clamped"));
    for measure in Measure::PULLS {
        wanted.extend(["open", "closed_unmerged"].map(|reason| (measure, reason)));
    }
    for measure in [Measure::QueueLatency].into_iter().chain(Measure::PULLS) {
        wanted.extend(["value", "untimed", "unidentified"].map(|reason| (measure, reason)));
    }
    for key in wanted {
        let n = census.get(&key).copied().unwrap_or_default();
        assert!(n >= 10, "{key:?}: {n} of {census:#?}");
    }
}

#[test]
fn lakes_are_small_and_of_both_kinds() {
    let (mut hosts, mut doubled) = (BTreeSet::new(), 0);
    for seed in 0..100 {
        let lake = random(seed);
        assert!(lake.len() < 1500, "{seed}: {}", lake.len());
        hosts.insert(lake.iter().map(|d| d.source.clone()).collect::<BTreeSet<_>>());
        let ids: BTreeSet<u128> = lake.iter().map(|d| d.id).collect();
        doubled += lake.len() - ids.len();
    }
    assert!(hosts.len() >= 3, "{hosts:?}");
    assert!(doubled > 50, "{doubled}");
}

#[test]
fn no_two_deliveries_of_pull_requests_arrive_at_once() {
    for seed in 0..100 {
        let mut arrivals = BTreeMap::new();
        for d in random(seed).iter().filter(|d| d.event_type.starts_with("pull_request")) {
            assert_eq!(*arrivals.entry(d.at).or_insert(d.id), d.id, "{seed}");
        }
    }
}
