//! How the life of a pull request comes about: its story, told in the order in which it happens.
//! People act in working hours; bots at once.

use crate::calendar;
use crate::dice::Dice;
use crate::hostile;
use crate::organisation::{Account, PEOPLE, REVIEW_BOT, UPDATE_BOTS};
use crate::pull_requests::{Draft, Ending, PullLife, PullStory, Review};

/// A life half told.
struct Biography<'d> {
    dice: &'d mut Dice,
    now: i64,
    life: PullLife,
}

/// The life of a pull request that is opened at `opened` and follows `story`.
pub(crate) fn write(
    dice: &mut Dice,
    story: PullStory,
    opened: i64,
    repo: usize,
    number: u64,
) -> PullLife {
    let bots_only = story == PullStory::BotsOnly;
    let author = if bots_only { dice.pick(&UPDATE_BOTS) } else { dice.pick(&PEOPLE) };
    let life = PullLife {
        story,
        repo,
        number,
        id: 2_400_000_000 + repo as u64 * 10_000_000 + number,
        author,
        merger: dice.pick(&PEOPLE),
        reviewer: other_than(dice, author),
        title: hostile::title(dice),
        branch: hostile::branch(dice, if bots_only { "deps" } else { "topic" }),
        label: dice.pick::<&str>(&hostile::LABELS),
        seed: dice.bits(),
        opened,
        requested: None,
        pushes: vec![],
        drafts: vec![],
        reviews: vec![],
        reopened: None,
        ending: Ending::Open,
    };
    Biography { dice, now: opened, life }.tell()
}

impl Biography<'_> {
    /// Lets some time go by, around `median` seconds and at least a minute.
    fn soon(&mut self, median: i64) -> i64 {
        self.now += 60 + self.dice.skewed(median);
        self.now
    }

    /// As [`Self::soon`], and then until somebody is at work.
    fn later(&mut self, median: i64) -> i64 {
        let at = self.soon(median);
        self.now = calendar::at_work(self.dice, at);
        self.now
    }

    fn tell(mut self) -> PullLife {
        if self.life.story.opens_as_draft() {
            self.draft_phase();
        }
        if self.life.story != PullStory::StillDraft {
            self.review_phase();
            self.ending();
        }
        self.life
    }

    fn draft_phase(&mut self) {
        self.life.drafts.push(Draft { from: self.life.opened, ready: None });
        let push = self.later(2_400);
        self.life.pushes.push(push);
        if self.dice.chance(250) {
            self.review(self.life.reviewer, 3_600, "commented");
        }
        match self.life.story {
            PullStory::StillDraft => return,
            PullStory::BackToDraft => {
                self.ready();
                let from = self.later(5_400);
                self.life.drafts.push(Draft { from, ready: None });
            }
            _ => {}
        }
        self.ready();
    }

    fn ready(&mut self) {
        let ready = self.later(9_000);
        if let Some(draft) = self.life.drafts.last_mut() {
            draft.ready = Some(ready);
        }
    }

    fn review_phase(&mut self) {
        if self.dice.chance(600) {
            self.life.requested = Some(self.later(30));
        }
        if self.life.story == PullStory::BotsOnly || self.dice.chance(500) {
            self.review(&REVIEW_BOT, 150, "commented");
        }
        if self.life.story == PullStory::ReviewedByAuthorOnly || self.dice.chance(120) {
            self.review(self.life.author, 900, "commented");
        }
        if !matches!(self.life.story, PullStory::BotsOnly | PullStory::ReviewedByAuthorOnly) {
            self.human_reviews();
        }
    }

    fn human_reviews(&mut self) {
        for _ in 0..self.dice.between(0, 2) {
            let state = if self.dice.chance(600) { "changes_requested" } else { "commented" };
            self.review(self.life.reviewer, 5_400, state);
            let push = self.later(3_600);
            self.life.pushes.push(push);
        }
        if self.dice.chance(850) {
            self.review(self.life.reviewer, 7_200, "approved");
        }
    }

    fn review(&mut self, by: &'static Account, median: i64, state: &'static str) {
        let at = if by.is_bot() { self.soon(median) } else { self.later(median) };
        let id = self.life.id * 10 + self.life.reviews.len() as u64;
        self.life.reviews.push(Review { at, by, state, id });
    }

    fn ending(&mut self) {
        let story = self.life.story;
        if story == PullStory::ReopenedThenMerged {
            let closed = self.later(3_600);
            self.life.reopened = Some((closed, self.later(1_800)));
        }
        let at = self.later(5_400);
        self.life.ending = match story {
            PullStory::StillOpen => Ending::Open,
            PullStory::ClosedUnmerged => Ending::ClosedUnmerged { at },
            _ => {
                let closed_lost = story == PullStory::LostClosed;
                let label = (closed_lost || self.dice.chance(50)).then(|| self.later(600));
                Ending::Merged { at, closed_lost, label }
            }
        };
    }
}

fn other_than(dice: &mut Dice, author: &Account) -> &'static Account {
    let first = dice.below(PEOPLE.len() as u64) as usize;
    let next = (first + 1) % PEOPLE.len();
    if PEOPLE[first] == *author { &PEOPLE[next] } else { &PEOPLE[first] }
}
