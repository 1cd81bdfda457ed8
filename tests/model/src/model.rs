//! Who may do what next, and what must hold after each step.

use stateright::{Model, Property};

use crate::lake::{Lake, PARTITIONS, State, each};
use crate::mutation::Mutation;
use crate::writer::{Batch, Foreign, Writer};

/// The deliveries in each raw object: the first of them comes in two.
const RAW: [u8; 3] = [0b0001, 0b0011, 0b1100];
const ALL_OBJECTS: u8 = 0b111;

/// The names of the properties.
pub mod property {
    /// No delivery is stored twice.
    pub const ONCE: &str = "each delivery is in one live file";
    /// No file is deleted that the table names.
    pub const THERE: &str = "every live file is there";
    /// Progress and rows go together.
    pub const DONE: &str = "the deliveries of done objects are in live files";
    /// No version takes back what another gave.
    pub const STAYS: &str = "what a reader has seen stays";
    /// Nobody gets stuck.
    pub const ENDS: &str = "where nothing more can happen, all is done";
    /// The bounds are reached.
    pub const REACHED: &str = "all is done after every misfortune that is allowed";
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many compactors.
    pub compactors: usize,
    /// Whether an object may be committed in part before it is done.
    pub parts: bool,
    /// How many crashes.
    pub crashes: u8,
    /// How many answers to commits are lost.
    pub losses: u8,
    /// How many merges are begun.
    pub merges: u8,
    /// How many vacuums are begun.
    pub vacuums: u8,
    /// How many files the foreign writer rewrites.
    pub rewrites: u8,
}

/// The protocol, within bounds.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// How much there is of everything.
    pub bounds: Bounds,
    /// What is wrong with it, if anything.
    pub mutation: Option<Mutation>,
    /// Whether who can only give up does so at once. He could wait, and nobody would see a
    /// difference: without this there are many more states, and the same ones are wrong.
    pub hasty: bool,
}

/// What happens next. The first number is the compactor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reads raw objects, and looks which of their deliveries the newest version has.
    Begin(usize, u8),
    /// Reads the first delivery of an object, to commit it without the object being done.
    BeginPart(usize, u8),
    /// Writes a file that no version names yet.
    Write(usize),
    /// Puts the next version, or finds that it is there, looks at the newest and decides anew.
    Commit(usize),
    /// Puts the next version, and gets no answer.
    CommitUnanswered(usize),
    /// Looks whether a commit without an answer is there.
    Look(usize),
    /// Takes up the files of a partition, to make them one.
    Merge(usize, usize),
    /// Notes which files are old enough to be deleted.
    Vacuum(usize),
    /// Commits a fence, and takes what its version doesn't name.
    Fence(usize),
    /// Deletes a file.
    Delete(usize, u16),
    /// Ends a vacuum; what is left was not old enough.
    End(usize),
    /// Is killed, and starts anew.
    Crash(usize),
    /// The foreign writer writes the rows of a file into another.
    Rewrite(u16),
    /// The foreign writer commits, if the file it replaces is still live.
    Replace,
}

impl Protocol {
    pub(crate) fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// What somebody who starts now finds to be read: one object at a time, or all.
    fn choices(&self, lake: &Lake) -> Vec<u8> {
        let highest = u8::BITS - lake.done.leading_zeros();
        let pending = match self.is(Mutation::HighWaterMark) {
            true => ALL_OBJECTS & (ALL_OBJECTS << highest),
            false => ALL_OBJECTS & !lake.done,
        };
        let single = (0..RAW.len()).map(|object| 1 << object).filter(|one| pending & one != 0);
        let mut choices: Vec<u8> = single.collect();
        if choices.len() > 1 {
            choices.push(pending);
        }
        choices
    }

    fn idle_actions(&self, state: &State, writer: usize, actions: &mut Vec<Action>) {
        let lake = &state.lake;
        let choices = self.choices(lake);
        let is_new = |object: &&u8| first_of(**object) & !lake.ids(lake.live) != 0;
        if self.bounds.parts {
            let parts = choices.iter().filter(|object| object.count_ones() == 1).filter(is_new);
            actions.extend(parts.map(|object| Action::BeginPart(writer, *object)));
        }
        actions.extend(choices.iter().map(|objects| Action::Begin(writer, *objects)));
        if state.merges > 0 {
            let many = |partition: &usize| live_in(lake, *partition).count_ones() > 1;
            let due = (0..PARTITIONS.len()).filter(many);
            actions.extend(due.map(|partition| Action::Merge(writer, partition)));
        }
        if state.vacuums > 0 {
            actions.push(Action::Vacuum(writer));
        }
    }

    fn append_actions(&self, state: &State, writer: usize, batch: &Batch) -> Vec<Action> {
        match batch {
            Batch { lost: true, .. } => vec![Action::Look(writer)],
            Batch { unwritten: 0, stale: 0, .. } if state.losses > 0 => {
                vec![Action::Commit(writer), Action::CommitUnanswered(writer)]
            }
            Batch { unwritten: 0, .. } => vec![Action::Commit(writer)],
            _ => vec![Action::Write(writer)],
        }
    }

    fn writer_actions(&self, state: &State, writer: usize, actions: &mut Vec<Action>) {
        match &state.writers[writer] {
            Writer::Idle => return self.idle_actions(state, writer, actions),
            Writer::Append(batch) => actions.extend(self.append_actions(state, writer, batch)),
            Writer::Merge { new: 0, .. } => actions.push(Action::Write(writer)),
            Writer::Merge { .. } => actions.push(Action::Commit(writer)),
            Writer::Vacuum { .. } => actions.push(Action::Fence(writer)),
            Writer::Delete { files, .. } => {
                actions.extend(each(*files).map(|file| Action::Delete(writer, 1 << file)));
                actions.push(Action::End(writer));
            }
        }
        if state.crashes > 0 {
            actions.push(Action::Crash(writer));
        }
    }
}

/// The deliveries in some objects.
pub(crate) fn ids_of(objects: u8) -> u8 {
    (0..RAW.len())
        .filter(|object| objects >> object & 1 == 1)
        .fold(0, |ids, object| ids | RAW[object])
}

/// The first delivery of an object that has several.
pub(crate) fn first_of(object: u8) -> u8 {
    let ids = ids_of(object);
    if ids.count_ones() > 1 { ids & ids.wrapping_neg() } else { 0 }
}

/// The live files of a partition.
pub(crate) fn live_in(lake: &Lake, partition: usize) -> u16 {
    let holds = |file: &usize| lake.rows[*file] & PARTITIONS[partition] != 0;
    each(lake.live).filter(holds).fold(0, |set, file| set | 1 << file)
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Bounds { compactors, crashes, losses, merges, vacuums, rewrites, .. } = self.bounds;
        let writers = vec![Writer::Idle; compactors];
        let (lake, foreign) = (Lake::default(), Foreign::default());
        vec![State { lake, writers, foreign, crashes, losses, merges, vacuums, rewrites }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        (0..state.writers.len()).for_each(|writer| self.writer_actions(state, writer, actions));
        if state.foreign.new != 0 {
            actions.push(Action::Replace);
        } else if state.rewrites > 0 {
            let live = state.lake.live & state.lake.there;
            actions.extend(each(live).map(|file| Action::Rewrite(1 << file)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Rewrite(old) => {
                state.rewrites -= 1;
                let new = state.lake.write(state.lake.ids(old));
                state.foreign = Foreign { old, new };
            }
            Action::Replace => {
                let Foreign { old, new } = std::mem::take(&mut state.foreign);
                if old & state.lake.live != 0 {
                    state.lake.commit(new, old, 0);
                    self.tell(&mut state, None, false);
                }
            }
            Action::Begin(writer, _)
            | Action::BeginPart(writer, _)
            | Action::Write(writer)
            | Action::Commit(writer)
            | Action::CommitUnanswered(writer)
            | Action::Look(writer)
            | Action::Merge(writer, _)
            | Action::Vacuum(writer)
            | Action::Fence(writer)
            | Action::Delete(writer, _)
            | Action::End(writer)
            | Action::Crash(writer) => self.step(&mut state, writer, action),
        }
        Some(state.normal(self.is(Mutation::Overwrite)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::ONCE, |_, state: &State| {
                let rows: u32 =
                    each(state.lake.live).map(|file| state.lake.rows[file].count_ones()).sum();
                rows == state.lake.ids(state.lake.live).count_ones()
            }),
            Property::always(property::THERE, |_, state: &State| {
                state.lake.live & !state.lake.there == 0
            }),
            Property::always(property::DONE, |_, state: &State| {
                ids_of(state.lake.done) & !state.lake.ids(state.lake.live) == 0
            }),
            Property::always(property::STAYS, |_, state: &State| {
                state.lake.ever & !state.lake.ids(state.lake.live) == 0
            }),
            Property::always(property::ENDS, |model: &Self, state: &State| {
                let mut actions = vec![];
                model.actions(state, &mut actions);
                !actions.is_empty() || state.lake.done & ALL_OBJECTS == ALL_OBJECTS
            }),
            Property::sometimes(property::REACHED, |_, state: &State| {
                let State { crashes, losses, merges, vacuums, rewrites, .. } = state;
                [crashes, losses, merges, vacuums, rewrites].iter().all(|left| **left == 0)
                    && state.lake.done & ALL_OBJECTS == ALL_OBJECTS
            }),
        ]
    }
}
