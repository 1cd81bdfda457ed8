//! A step's payload, member by member under GitHub's own names. A pure function of the lives and
//! the moment: a redelivery is written again and comes out the same.
//!
//! Most of a payload's bytes are objects that hardly change (repository, organization, accounts);
//! those are written once per simulation and copied.

mod actions;
mod fragments;
mod pull_requests;
mod pushes;
mod releases;

use crate::json::{Object, document};
use crate::organisation::{Account, Repository};
use crate::plan::{Step, Subject};
use crate::pull_requests::PullAction;
use crate::world::World;
use fragments::Fragments;

/// How large payloads are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// As GitHub's: 9 to 25 KB, mostly `…_url` members and long texts.
    #[default]
    Realistic,
    /// Only what identifies things and what reports use: some 1 KB.
    Slim,
}

/// Writes payloads.
#[derive(Debug)]
pub(crate) struct Writer {
    padding: Padding,
    fragments: Fragments,
}

impl Writer {
    /// A writer of payloads of the given size.
    pub(crate) fn new(padding: Padding) -> Self {
        Self { padding, fragments: Fragments::new(padding) }
    }

    /// The payload of `step`: one JSON object without line breaks.
    pub(crate) fn body(&self, world: &World, step: &Step) -> String {
        let at = step.at;
        match step.subject {
            Subject::Ping => self.ping(at),
            Subject::Pull(pull, PullAction::Review(nth)) => self.review(world, pull, nth),
            Subject::Pull(pull, action) => self.pull_request(world, pull, action, at),
            Subject::Push(push) => self.push(world, push),
            Subject::CheckCreated(check) => self.check_run(world, check, false),
            Subject::CheckCompleted(check) => self.check_run(world, check, true),
            Subject::Run(run, action) => self.workflow_run(world, run, action, at),
            Subject::Job(job, action) => self.workflow_job(world, job, action),
            Subject::Deployment(deployment) => self.deployment(world, deployment, None),
            Subject::Status(deployment, nth) => self.deployment(world, deployment, Some(nth)),
            Subject::Release(release, nth) => self.release(world, release, nth),
            Subject::Issue(issue, action) => self.issue(world, issue, action, at),
        }
    }

    /// A payload with `members` between the action and what every payload ends with.
    fn envelope(
        &self,
        action: &str,
        repository: &'static Repository,
        sender: &Account,
        members: impl FnOnce(&mut Object<'_>),
    ) -> String {
        document(28_000, |o| {
            o.text("action", action);
            members(o);
            self.close(o, self.fragments.repository(repository), sender);
        })
    }

    /// What every payload ends with.
    fn close(&self, o: &mut Object<'_>, repository: &str, sender: &Account) {
        o.raw("repository", repository);
        o.raw("organization", self.fragments.organisation());
        o.raw("sender", self.fragments.account(sender));
        o.raw("installation", self.fragments.installation());
    }

    /// Members that only make a payload as large as GitHub's.
    fn pad(&self, o: &mut Object<'_>, write: impl FnOnce(&mut Object<'_>)) {
        if self.padding == Padding::Realistic {
            write(o);
        }
    }

    /// A text of `sentences` sentences where payloads are large, else a short one.
    fn prose(&self, first: &str, sentences: usize) -> String {
        const SENTENCE: &str =
            " It keeps the behaviour of all callers, and says so in the tests (see `docs/`).\n";
        match self.padding {
            Padding::Realistic => [first, &SENTENCE.repeat(sentences)].concat(),
            Padding::Slim => first.to_owned(),
        }
    }
}

/// A node id of the kind `prefix`; opaque, as GitHub's.
fn node_id(prefix: &str, id: u64) -> String {
    format!("{prefix}_kwDOBS{id:012X}zs")
}
