//! The truth of lives written by hand, with answers worked out on paper.

use super::*;
use crate::dice::Sha;
use crate::organisation::{Account, PEOPLE, REVIEW_BOT, WORKFLOWS};
use crate::pull_requests::{Draft, PullStory, Review};

/// A run of `CI` in `acme/api`.
fn run() -> RunLife {
    RunLife {
        repo: 0,
        workflow: 0,
        id: 1,
        number: 1,
        attempt: 1,
        branch: "main".into(),
        head: Sha(0),
        actor: &PEOPLE[0],
        pull: None,
        created: 0,
        begun: 0,
        started: None,
        completed: None,
        conclusion: "success",
    }
}

/// A job on `self-hosted, linux`, created at 1,000.
fn job(story: JobStory, picked_up: Option<i64>, completed: Option<i64>) -> JobLife {
    JobLife {
        story,
        run: 0,
        spec: &WORKFLOWS[0].jobs[1],
        id: 1,
        attempt: 1,
        created: 1_000,
        approved: None,
        picked_up,
        runner: 1,
        completed,
        conclusion: "success",
    }
}

#[test]
fn each_job_counts_once_for_what_became_of_it() {
    let done = Some(9_000);
    let jobs = [
        job(JobStory::Ran, Some(1_020), done),
        job(JobStory::Ran, Some(1_090), None),
        job(JobStory::LostInProgress, Some(1_045), done),
        job(JobStory::EarlyStart { seconds: 5 }, Some(1_000), done),
        // Nobody was told of its start.
        job(JobStory::LostInProgress, Some(1_050), None),
        job(JobStory::StillQueued, None, None),
        job(JobStory::InheritsStart { at: 994 }, Some(1_500), done),
        job(JobStory::Gated, Some(4_000), done),
        job(JobStory::Gated, None, None),
        job(JobStory::Skipped, None, Some(1_000)),
        job(JobStory::CancelledInQueue, None, Some(1_400)),
        // To be cancelled after the end of the period.
        job(JobStory::CancelledInQueue, None, None),
    ];
    let truth = queue_latency(&jobs, &[run()]);
    let waits: Vec<_> = truth.values.iter().map(|value| (value.at, value.seconds)).collect();
    assert_eq!(waits, [(1_020, 20), (1_090, 90), (1_045, 45), (995, 0)]);
    assert_eq!((truth.pending, truth.anomalous, truth.gated), (3, 1, 2));
    assert_eq!((truth.skipped, truth.never_ran, truth.clamped), (1, 1, 1));
    let first = &truth.values[0];
    assert_eq!(
        (first.repo, &*first.label, first.workflow),
        ("acme/api", "linux,self-hosted", "CI")
    );
    let of_label = truth.by(|value| value.label.clone())["linux,self-hosted"];
    assert_eq!(Some(of_label), truth.overall());
    assert_eq!((of_label.n, of_label.p50, of_label.p75, of_label.max), (4, 20.0, 45.0, 90.0));
    assert_eq!(of_label.mean, 38.75);
}

#[test]
fn a_job_is_told_by_what_its_deliveries_tell() {
    use crate::jobs::JobAction as A;
    let actions = |life: JobLife| life.actions().into_iter().map(|(_, a)| a).collect::<Vec<_>>();
    let done = Some(9_000);
    assert_eq!(
        actions(job(JobStory::LostInProgress, Some(1_045), done)),
        [A::Queued, A::Completed]
    );
    assert_eq!(actions(job(JobStory::Skipped, None, done)), [A::Completed]);
    assert_eq!(actions(job(JobStory::StillQueued, None, None)), [A::Queued]);
    let gated = JobLife { approved: Some(2_000), ..job(JobStory::Gated, Some(2_010), done) };
    assert_eq!(actions(gated), [A::Queued, A::Waiting, A::Queued, A::InProgress, A::Completed]);
}

/// A pull request of `ana-silva` in `acme/web`, opened at 10,000.
fn pull(
    ending: Ending,
    drafts: &[(i64, Option<i64>)],
    reviews: &[(i64, &'static Account)],
) -> PullLife {
    let mut life =
        crate::biography::write(&mut crate::dice::Dice::new(0, 0), PullStory::Merged, 10_000, 1, 1);
    life.author = &PEOPLE[0];
    life.drafts = drafts.iter().map(|(from, ready)| Draft { from: *from, ready: *ready }).collect();
    let review =
        |(at, by): &(i64, &'static Account)| Review { at: *at, by, state: "commented", id: 1 };
    life.reviews = reviews.iter().map(review).collect();
    life.ending = ending;
    life
}

#[test]
fn each_measure_of_a_pull_request_is_as_the_contract_says() {
    let merged = |at| Ending::Merged { at, closed_lost: false, label: None };
    let truth = lead_time(&[
        pull(
            merged(13_600),
            &[],
            &[(10_300, &REVIEW_BOT), (10_400, &PEOPLE[0]), (11_800, &PEOPLE[1])],
        ),
        pull(
            merged(20_000),
            &[(10_000, Some(12_000)), (14_000, Some(17_000))],
            &[(12_500, &PEOPLE[2])],
        ),
        pull(merged(30_000), &[(10_000, Some(12_000))], &[(11_000, &PEOPLE[2])]),
        pull(merged(10_500), &[], &[(10_300, &REVIEW_BOT)]),
        pull(Ending::Open, &[(10_000, None)], &[(10_700, &PEOPLE[3])]),
        pull(Ending::ClosedUnmerged { at: 12_000 }, &[], &[]),
    ]);
    let values: Vec<_> = truth
        .values
        .iter()
        .map(|v| (v.lead_time, v.ready_to_merge, v.non_draft, v.first_review))
        .collect();
    assert_eq!(
        values,
        [
            (3_600, 3_600, 3_600, Some(1_800)),
            (10_000, 3_000, 5_000, Some(500)),
            (20_000, 18_000, 18_000, Some(0)),
            (500, 500, 500, None),
        ]
    );
    assert_eq!((truth.open, truth.closed_unmerged), (1, 1));
    assert_eq!(truth.first_reviews_unmerged, [("acme/web", "ana-silva", 700)]);
    let reviews = truth.overall(|value| value.first_review).unwrap();
    assert_eq!((reviews.n, reviews.p50, reviews.max), (3, 500.0, 1_800.0));
    let by_author = truth.by(|value| Some(value.lead_time), |value| value.author);
    assert_eq!(by_author.keys().collect::<Vec<_>>(), [&"ana-silva"]);
    assert_eq!(by_author["ana-silva"].mean, 8_525.0);
}
