//! What each step of a compactor makes of the state.

use crate::lake::{Lake, PARTITIONS, State};
use crate::model::{Action, Protocol, first_of, ids_of, live_in};
use crate::mutation::Mutation;
use crate::writer::{Batch, Writer};

impl Protocol {
    /// The step of a compactor.
    pub(crate) fn step(&self, state: &mut State, writer: usize, action: Action) {
        let lake = &mut state.lake;
        let next = match (state.writers[writer], action) {
            (_, Action::Begin(_, objects)) => begin(lake, objects, ids_of(objects)),
            (_, Action::BeginPart(_, object)) => begin(lake, 0, first_of(object)),
            (Writer::Append(batch), Action::Write(_)) => write(lake, batch),
            (Writer::Append(batch), Action::Commit(_)) => {
                return self.commit_append(state, writer, batch, true);
            }
            (Writer::Append(batch), Action::CommitUnanswered(_)) => {
                state.losses -= 1;
                return self.commit_append(state, writer, batch, false);
            }
            (Writer::Append(batch), Action::Look(_)) => self.look_for_lost(lake, &batch),
            (_, Action::Merge(_, partition)) => {
                state.merges -= 1;
                Writer::Merge { sources: live_in(lake, partition), new: 0, stale: false }
            }
            (Writer::Merge { sources, stale, .. }, Action::Write(_)) => merge(lake, sources, stale),
            (Writer::Merge { sources, new, stale }, Action::Commit(_)) => {
                return self.commit_merge(state, writer, (sources, new), stale);
            }
            (_, Action::Crash(_)) => {
                state.crashes -= 1;
                Writer::Idle
            }
            _ => return self.vacuum_step(state, writer, action),
        };
        state.writers[writer] = next;
    }

    /// The step of a vacuum.
    fn vacuum_step(&self, state: &mut State, writer: usize, action: Action) {
        state.writers[writer] = match (state.writers[writer], action) {
            (_, Action::Vacuum(_)) => return self.begin_vacuum(state, writer),
            (Writer::Vacuum { .. }, Action::Fence(_)) if self.is(Mutation::OldAfterFence) => {
                Writer::Delete { files: self.old(state), fence_left: false }
            }
            (Writer::Vacuum { old }, Action::Fence(_)) => {
                self.fence(state, writer);
                Writer::Delete { files: old & !state.lake.live, fence_left: false }
            }
            (Writer::Delete { files, fence_left }, Action::Delete(_, file)) => {
                state.lake.there &= !file;
                Writer::Delete { files: files & !file, fence_left }
            }
            (Writer::Delete { fence_left, .. }, Action::End(_)) => {
                if fence_left {
                    self.fence(state, writer);
                }
                Writer::Idle
            }
            (other, _) => other,
        };
    }

    /// Whether a batch can only be thrown away, whatever comes: what makes it so stays so.
    fn is_doomed(&self, lake: &Lake, batch: &Batch) -> bool {
        let is_done = batch.objects & lake.done != 0 && !batch.told;
        let is_fenced = batch.fenced && !self.is(Mutation::NoFenceCheck);
        (is_done || is_fenced) && !self.is(Mutation::NoLookAfterConflict)
    }

    /// What a batch becomes that met another's version: one to commit again, or nothing.
    fn look(&self, lake: &Lake, batch: &Batch) -> Writer {
        let came = lake.ids(lake.live & !batch.seen);
        let asks =
            !self.is(Mutation::NoIdsAfterConflict) && !self.is(Mutation::NoLookAfterConflict);
        let is_known = batch.new & came != 0 && asks;
        let blind = batch.lost && self.is(Mutation::NoLookAfterLostAnswer);
        if !blind && (is_known || self.is_doomed(lake, batch)) {
            return Writer::Idle;
        }
        Writer::Append(Batch { seen: lake.live, stale: 0, lost: false, ..*batch })
    }

    /// Tells everybody but `author` of a commit.
    pub(crate) fn tell(&self, state: &mut State, author: Option<usize>, is_fence: bool) {
        let others = (0..state.writers.len()).filter(|writer| Some(*writer) != author);
        for writer in others {
            state.writers[writer].hear(is_fence);
            let gives_up = match &state.writers[writer] {
                Writer::Append(batch) => !batch.lost && self.is_doomed(&state.lake, batch),
                Writer::Merge { stale, .. } => *stale && !self.is(Mutation::MergeAgain),
                _ => false,
            };
            if gives_up && self.hasty {
                state.writers[writer] = Writer::Idle;
            }
        }
    }

    fn look_for_lost(&self, lake: &Lake, batch: &Batch) -> Writer {
        let is_there = match batch.files {
            0 => batch.is_newest,
            files => files & !lake.live == 0,
        };
        if is_there && !self.is(Mutation::NoLookAfterLostAnswer) {
            return Writer::Idle;
        }
        self.look(lake, batch)
    }

    fn commit_append(&self, state: &mut State, writer: usize, mut batch: Batch, answered: bool) {
        let overwrites = self.is(Mutation::Overwrite) && batch.stale == 1;
        if batch.stale > 0 && !overwrites {
            state.writers[writer] = self.look(&state.lake, &batch);
            return;
        }
        if overwrites {
            (state.lake.live, state.lake.done) = state.lake.before;
        }
        let done = match self.is(Mutation::HighWaterMark) {
            true => u8::MAX >> batch.objects.leading_zeros(),
            false => batch.objects,
        };
        let first = self.is(Mutation::ProgressBeforeRows) && !batch.told;
        state.lake.commit(if first { 0 } else { batch.files }, 0, done);
        self.tell(state, Some(writer), false);
        batch.told = first;
        (batch.lost, batch.is_newest) = (!answered, !answered);
        state.writers[writer] =
            if first || !answered { Writer::Append(batch) } else { Writer::Idle };
    }

    fn commit_merge(
        &self,
        state: &mut State,
        writer: usize,
        (sources, new): (u16, u16),
        stale: bool,
    ) {
        if !stale || self.is(Mutation::MergeAgain) {
            state.lake.commit(new, sources, 0);
            self.tell(state, Some(writer), false);
        }
        state.writers[writer] = Writer::Idle;
    }

    /// The files that a vacuum may take for old, whoever may be about to commit them.
    fn old(&self, state: &State) -> u16 {
        let in_time = if self.is(Mutation::SlowForeigner) { 0 } else { state.foreign.new };
        state.lake.there & !state.lake.live & !in_time
    }

    fn begin_vacuum(&self, state: &mut State, writer: usize) {
        state.vacuums -= 1;
        let old = self.old(state);
        if self.is(Mutation::OldAfterFence) {
            self.fence(state, writer);
        }
        state.writers[writer] = match self.is(Mutation::DeleteBeforeFence) {
            true => Writer::Delete { files: old, fence_left: true },
            false => Writer::Vacuum { old },
        };
    }

    fn fence(&self, state: &mut State, writer: usize) {
        state.lake.commit(0, 0, 0);
        self.tell(state, Some(writer), true);
    }
}

fn begin(lake: &Lake, objects: u8, ids: u8) -> Writer {
    let new = ids & !lake.ids(lake.live);
    Writer::Append(Batch { objects, new, unwritten: new, seen: lake.live, ..Batch::default() })
}

/// Writes the next file of a batch: one for each partition.
fn write(lake: &mut Lake, mut batch: Batch) -> Writer {
    let ids = PARTITIONS.map(|all| all & batch.unwritten);
    let ids = ids.into_iter().find(|ids| *ids != 0).unwrap_or_default();
    batch.files |= lake.write(ids);
    batch.unwritten &= !ids;
    Writer::Append(batch)
}

/// Writes the file of a merge, if all that it is made of can be read.
fn merge(lake: &mut Lake, sources: u16, stale: bool) -> Writer {
    match sources & !lake.there {
        0 => Writer::Merge { sources, new: lake.write(lake.ids(sources)), stale },
        _ => Writer::Idle,
    }
}
