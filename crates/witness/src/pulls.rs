//! The lives of pull requests: one per host, repository id and number.

use std::collections::BTreeMap;

use crate::delivery::{Delivery, taken};
use crate::drafts::{Drafts, updated};
use crate::jobs::nowhere;
use crate::labels;
use crate::life::{Dimension, Life, Lives, Measure, Reason, Verdict};
use crate::names::{Names, Repository};

const EVENTS: [&str; 4] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
];

/// The pull requests of a lake.
pub fn pulls(deliveries: &[Delivery]) -> Lives {
    let told = taken(deliveries, &EVENTS);
    let mut known = BTreeMap::<_, Vec<&Delivery>>::new();
    let mut lives = vec![];
    for d in &told {
        match (d.repository_id(), d.integer("pull_request.number")) {
            (Some(repository), Some(number)) => {
                known.entry((&d.source, repository, number)).or_default().push(d);
            }
            _ => lives.push(life(None, &[d])),
        }
    }
    lives.extend(known.iter().map(|((.., number), told)| life(Some((*number, 0)), told)));
    let newest = told.iter().map(|d| d.arrival()).max();
    Lives { lives, names: Names::of(&told), newest }
}

fn life(key: Option<(i64, i64)>, told: &[&Delivery]) -> Life {
    let pull = Pull::of(told);
    let verdict = |measure| match key {
        None => Verdict::left(Reason::Unidentified, pull.time_of_a_stray()),
        Some(_) => pull.verdict(measure),
    };
    Life {
        repository: told.first().map(|d| Repository::of(d)).unwrap_or_else(nowhere),
        key,
        facts: facts(told),
        verdicts: Measure::PULLS.into_iter().map(|m| (m, verdict(m))).collect(),
    }
}

/// What is known of a pull request. Times are milliseconds since the epoch.
struct Pull {
    created: Option<i64>,
    merged: Option<i64>,
    closed: Option<i64>,
    arrival: i64,
    is_closed: bool,
    drafts: Drafts,
    /// The first review by another, not after the merge.
    review: Option<i64>,
}

fn earliest(told: &[&Delivery], path: &str) -> Option<i64> {
    told.iter().filter_map(|d| d.time(path)).min()
}

/// What the newest delivery says that says anything; the greatest of several as new.
fn newest<T: Ord>(told: &[&Delivery], say: impl Fn(&Delivery) -> Option<T>) -> Option<T> {
    let said = told.iter().filter_map(|d| Some((updated(d), d.arrival(), say(d)?)));
    said.max().map(|(.., value)| value)
}

fn author(told: &[&Delivery]) -> Option<String> {
    newest(told, |d| d.text("pull_request.user.login"))
}

fn first_review(told: &[&Delivery], merged: Option<i64>) -> Option<i64> {
    let author = author(told).map(|login| login.to_lowercase());
    let counts = |d: &&&Delivery| {
        let reviewer = d.text("review.user.login").map(|login| login.to_lowercase());
        d.event_type == "pull_request_review"
            && d.text("review.user.type").as_deref() != Some("Bot")
            && (reviewer.is_none() || reviewer != author)
    };
    let submitted = told.iter().filter(counts).filter_map(|d| d.time("review.submitted_at"));
    submitted.filter(|at| merged.is_none_or(|merged| *at <= merged)).min()
}

impl Pull {
    fn of(told: &[&Delivery]) -> Self {
        let merged = earliest(told, "pull_request.merged_at");
        // The newest has the last word even if it says nothing: then it is open.
        let last = newest(told, |d| Some(d.time("pull_request.closed_at")));
        Self {
            created: earliest(told, "pull_request.created_at"),
            merged,
            closed: told.iter().filter_map(|d| d.time("pull_request.closed_at")).max(),
            arrival: told.iter().map(|d| d.arrival()).min().unwrap_or_default(),
            is_closed: last.flatten().is_some(),
            drafts: Drafts::of(told, merged),
            review: first_review(told, merged),
        }
    }

    /// What it is without a merge, and when.
    fn unmerged(&self) -> (Reason, i64) {
        match self.closed.filter(|_| self.is_closed) {
            Some(closed) => (Reason::ClosedUnmerged, closed),
            None => (Reason::Open, self.created.unwrap_or(self.arrival)),
        }
    }

    fn time_of_a_stray(&self) -> i64 {
        self.merged.or(self.closed).or(self.created).unwrap_or(self.arrival)
    }

    fn verdict(&self, measure: Measure) -> Verdict {
        if measure == Measure::FirstReview {
            return self.until_review();
        }
        let Some(merged) = self.merged else {
            let (reason, at) = self.unmerged();
            return Verdict::left(reason, at);
        };
        let value = match measure {
            Measure::ReadyToMerge => self.since_ready(merged),
            Measure::NonDraft => self.as_no_draft(merged),
            _ => self.created.map(|created| merged - created).ok_or(Reason::Untimed),
        };
        match value {
            Ok(ms) => Verdict::value(ms, merged),
            Err(reason) => Verdict::left(reason, merged),
        }
    }

    fn since_ready(&self, merged: i64) -> Result<i64, Reason> {
        let from = self.drafts.last_ready().or(self.created).ok_or(Reason::Untimed)?;
        if self.drafts.last_ready_is_unknown() {
            return Err(Reason::UnknownDraft);
        }
        Ok(merged - from)
    }

    fn as_no_draft(&self, merged: i64) -> Result<i64, Reason> {
        let created = self.created.ok_or(Reason::Untimed)?;
        if self.drafts.is_unknown() {
            return Err(Reason::UnknownDraft);
        }
        Ok(merged - created - self.drafts.draft_time(created, merged))
    }

    fn until_review(&self) -> Verdict {
        let (unmerged, at) = self.unmerged();
        let Some(review) = self.review else {
            return match self.merged {
                Some(merged) => Verdict::left(Reason::NotReviewed, merged),
                None => Verdict::left(unmerged, at),
            };
        };
        match self.ready_for_review() {
            Ok(Some(ready)) => {
                let ms = review - ready;
                Verdict::Value { ms: ms.max(0), at: review, clamped: ms < 0 }
            }
            Ok(None) if self.merged.is_none() => Verdict::left(unmerged, review),
            Ok(None) => Verdict::left(Reason::UnknownDraft, review),
            Err(reason) => Verdict::left(reason, review),
        }
    }

    /// When it was first ready; nothing for one that is still a draft in all that is known.
    fn ready_for_review(&self) -> Result<Option<i64>, Reason> {
        if !self.drafts.opened_as_draft() {
            return self.created.map(Some).ok_or(Reason::Untimed);
        }
        if self.drafts.first_ready_is_unknown() {
            return Err(Reason::UnknownDraft);
        }
        Ok(self.drafts.first_ready())
    }
}

fn facts(told: &[&Delivery]) -> BTreeMap<Dimension, String> {
    let sets = |d: &Delivery| {
        let labels = d.labels("pull_request.labels")?;
        Some((labels::raw(&labels), labels))
    };
    let (_, labels) = newest(told, sets).unwrap_or_default();
    let mut facts = BTreeMap::from([(Dimension::Label, labels::joined(&labels))]);
    let org = newest(told, |d| d.text("organization.login"));
    let branch = newest(told, |d| d.text("pull_request.base.ref"));
    let texts =
        [(Dimension::Author, author(told)), (Dimension::Org, org), (Dimension::Branch, branch)];
    facts.extend(texts.into_iter().filter_map(|(dimension, text)| Some((dimension, text?))));
    facts
}
