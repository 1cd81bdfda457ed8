//! Folding deliveries into jobs.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, Int64Array, ListArray, RecordBatch, TimestampMicrosecondArray};
use octolake_tables::facts::job;
use octolake_tables::schema::name;

use super::FULL_JOBS;
use super::interned::{Interned, Text};
use crate::texts::Texts;

/// What a job takes in memory, about, in bytes.
const JOB_BYTES: usize = 400;
/// A file whose facts take more has none: its rows are read instead, in bytes.
const TOO_MUCH: usize = 96 << 20;
/// A file whose facts would hold more text has none, in bytes.
const TOLD: usize = 64 << 20;

/// What deliveries of the same job have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: Text,
    pub(super) repo_id: Option<i64>,
    pub(super) job_id: Option<i64>,
    pub(super) run_attempt: i64,
    pub(super) unidentified: Text,
}

/// When a delivery was told, when it arrived, both in milliseconds, and what it says.
pub(super) type Told = (i64, i64, Text);

/// What is known of a job; the columns of `octolake_tables::facts::job`, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub(super) greatest: [Text; job::GREATEST.len()],
    pub(super) earliest: [Option<Told>; job::EARLIEST.len()],
    pub(super) run_id: Option<i64>,
    pub(super) first: [Option<i64>; job::FIRST.len()],
    pub(super) last_arrived_at: Option<i64>,
    pub(super) any: [bool; job::ANY.len()],
}

/// Jobs, as far as rows were taken in.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub(super) texts: Interned,
    pub(super) jobs: HashMap<Key, Job>,
    /// The newest name of each repository, by its host and number.
    pub(super) names: HashMap<(Text, i64), Told>,
    /// A row could not be taken in, or there are too many: there are no facts then.
    is_given_up: bool,
}

/// The columns that are read.
struct Columns<'a> {
    rows: &'a RecordBatch,
    labels: Option<(&'a ListArray, Texts<'a>)>,
    received_at: &'a TimestampMicrosecondArray,
}

impl<'a> Columns<'a> {
    /// `None` where a row does not say when it arrived.
    fn of(rows: &'a RecordBatch) -> Option<Self> {
        let received_at = rows.column_by_name(name::RECEIVED_AT)?.as_primitive_opt()?;
        if received_at.null_count() > 0 {
            return None;
        }
        let labels = rows.column_by_name("workflow_job_labels").and_then(|it| it.as_list_opt());
        let labels = labels.and_then(|lists| Some((lists, Texts::of_column(lists.values())?)));
        Some(Self { rows, labels, received_at })
    }

    fn texts(&self, name: &str) -> impl Fn(usize) -> Option<&'a str> + use<'a> {
        let texts = Texts::of(self.rows, name);
        move |row| texts?.get(row)
    }

    fn numbers(&self, name: &str) -> impl Fn(usize) -> Option<i64> + use<'a> {
        let column = self.rows.column_by_name(name);
        let numbers: Option<&Int64Array> = column.and_then(|it| it.as_primitive_opt::<Int64Type>());
        move |row| numbers.filter(|it| it.is_valid(row)).map(|it| it.value(row))
    }

    /// Microseconds since the epoch.
    fn times(&self, name: &str) -> impl Fn(usize) -> Option<i64> + use<'a> {
        let column = self.rows.column_by_name(name);
        let times = column.and_then(|it| it.as_primitive_opt::<TimestampMicrosecondType>());
        move |row| times.filter(|it| it.is_valid(row)).map(|it| it.value(row))
    }

    /// When the delivery of each row was told, and when it arrived, in milliseconds.
    fn told(&self) -> Vec<(i64, i64)> {
        let occurred_at = self.times(name::OCCURRED_AT);
        let told = |(row, arrived): (usize, &i64)| {
            (milliseconds(occurred_at(row).unwrap_or(*arrived)), milliseconds(*arrived))
        };
        self.received_at.values().iter().enumerate().map(told).collect()
    }

    /// The labels of a row, sorted and joined by U+0001.
    fn labels(&self, row: usize) -> Option<String> {
        let (lists, texts) = self.labels.as_ref().filter(|(lists, _)| lists.is_valid(row))?;
        let [from, to] = lists.value_offsets().get(row..row + 2)? else { return None };
        let mut labels: Vec<&str> =
            (*from as usize..*to as usize).filter_map(|place| texts.get(place)).collect();
        labels.sort_unstable();
        Some(labels.join("\u{1}"))
    }
}

impl Fold {
    /// Takes rows of the projection in.
    pub(crate) fn take(&mut self, rows: &RecordBatch) {
        if self.is_given_up {
            return;
        }
        self.is_given_up = self.take_all(rows).is_none() || self.bytes() > TOO_MUCH;
        if self.is_given_up {
            (self.texts, self.jobs, self.names) = Default::default();
        }
    }

    /// Whether as much was taken in as is to stand in one file.
    pub(crate) fn is_full(&self) -> bool {
        self.jobs.len() as u64 > FULL_JOBS
    }

    /// Whether it has all that was taken in, and can be written.
    pub(crate) fn is_whole(&self) -> bool {
        !self.is_given_up && self.told_bytes() <= TOLD
    }

    /// Bytes of the texts of all rows: one text can be that of every job.
    fn told_bytes(&self) -> usize {
        let length = |text: &Text| self.texts.text(*text).map_or(0, str::len);
        let of_job = |(key, job): (&Key, &Job)| {
            let earliest = job.earliest.iter().flatten().map(|(_, _, text)| text);
            let texts = [&key.source, &key.unidentified].into_iter();
            texts.chain(&job.greatest).chain(earliest).map(length).sum::<usize>()
        };
        self.jobs.iter().map(of_job).sum()
    }

    fn bytes(&self) -> usize {
        self.texts.bytes() + self.jobs.len() * JOB_BYTES
    }

    fn take_all(&mut self, rows: &RecordBatch) -> Option<()> {
        let columns = Columns::of(rows)?;
        let keys = self.keys(&columns);
        self.take_texts(&columns, &keys);
        let told = columns.told();
        self.take_earliest(&columns, &keys, &told);
        self.take_times(&columns, &keys);
        self.take_names(&columns, &keys, &told);
        Some(())
    }

    /// The job of each row.
    fn keys(&mut self, columns: &Columns<'_>) -> Vec<Key> {
        let (source, delivery) = (columns.texts(name::SOURCE), columns.texts(name::DELIVERY_ID));
        let (repo_id, job_id) =
            (columns.numbers(name::REPO_ID), columns.numbers("workflow_job_id"));
        let attempt = columns.numbers("workflow_job_run_attempt");
        let key = |row: usize| {
            let (repo_id, job_id) = (repo_id(row), job_id(row));
            let is_identified = repo_id.is_some() && job_id.is_some();
            let key = Key {
                source: self.texts.number(source(row)),
                repo_id,
                job_id,
                run_attempt: attempt(row).unwrap_or(1),
                unidentified: self.texts.number(delivery(row).filter(|_| !is_identified)),
            };
            self.jobs.entry(key).or_default();
            key
        };
        (0..columns.rows.num_rows()).map(key).collect()
    }

    fn take_texts(&mut self, columns: &Columns<'_>, keys: &[Key]) {
        let action = columns.texts("action");
        let told_repo = columns.texts(name::REPO_FULL_NAME);
        let usual = [
            "org_login",
            "workflow_job_workflow_name",
            "workflow_job_name",
            "workflow_job_runner_name",
            "workflow_job_runner_group_name",
            "workflow_job_head_branch",
            "workflow_job_conclusion",
        ]
        .map(|name| columns.texts(name));
        for (row, key) in keys.iter().enumerate() {
            let [org, workflow, job, runner, group, branch, conclusion] =
                usual.each_ref().map(|texts| texts(row));
            let labels = columns.labels(row);
            let told = [
                told_repo(row).filter(|_| key.repo_id.is_none()),
                org,
                workflow,
                job,
                labels.as_deref(),
                runner,
                group,
                branch,
                conclusion.filter(|_| action(row) == Some("completed")),
            ]
            .map(|text| self.texts.number(text));
            let Some(known) = self.jobs.get_mut(key) else { continue };
            for (known, told) in known.greatest.iter_mut().zip(told) {
                *known = self.texts.greater(*known, told);
            }
        }
    }

    fn take_earliest(&mut self, columns: &Columns<'_>, keys: &[Key], told: &[(i64, i64)]) {
        let senders = [name::SENDER_LOGIN, "sender_type"].map(|name| columns.texts(name));
        for (row, (key, (told, arrived))) in keys.iter().zip(told).enumerate() {
            for (at, sender) in senders.iter().enumerate() {
                let text = self.texts.number(sender(row));
                let known = self.jobs.get_mut(key).and_then(|job| job.earliest.get_mut(at));
                let (Some(known), Some(_)) = (known, text) else { continue };
                let now = (*told, *arrived, text);
                let order = |told| in_order(&self.texts, told);
                if known.is_none_or(|known| order(now) < order(known)) {
                    *known = Some(now);
                }
            }
        }
    }

    fn take_names(&mut self, columns: &Columns<'_>, keys: &[Key], told: &[(i64, i64)]) {
        let name = columns.texts(name::REPO_FULL_NAME);
        for (row, (key, (told, arrived))) in keys.iter().zip(told).enumerate() {
            let text = self.texts.number(name(row));
            let (Some(repo_id), Some(_)) = (key.repo_id, text) else { continue };
            let now = (*told, *arrived, text);
            let known = self.names.entry((key.source, repo_id)).or_insert(now);
            if in_order(&self.texts, now) > in_order(&self.texts, *known) {
                *known = now;
            }
        }
    }

    fn take_times(&mut self, columns: &Columns<'_>, keys: &[Key]) {
        let action = columns.texts("action");
        let conclusion = columns.texts("workflow_job_conclusion");
        let [created, started, completed, steps] =
            ["created_at", "started_at", "completed_at", "steps_started_at"]
                .map(|name| columns.times(&format!("workflow_job_{name}")));
        let [run_id, runner_id] =
            ["run_id", "runner_id"].map(|name| columns.numbers(&format!("workflow_job_{name}")));
        for (row, key) in keys.iter().enumerate() {
            let action = action(row);
            let is_completed = action == Some("completed");
            let is_in_progress = action == Some("in_progress");
            let ran = is_completed && (runner_id(row).unwrap_or(0) != 0 || steps(row).is_some());
            let is_skipped = is_completed && conclusion(row) == Some("skipped");
            let arrived = Some(columns.received_at.value(row));
            let times = [
                created(row),
                started(row).filter(|_| is_in_progress),
                started(row).filter(|_| ran),
                completed(row).filter(|_| is_completed),
                arrived,
            ];
            let any = [action == Some("waiting"), is_in_progress || ran, is_completed, is_skipped];
            let Some(job) = self.jobs.get_mut(key) else { continue };
            job.run_id = job.run_id.max(run_id(row));
            job.last_arrived_at = job.last_arrived_at.max(arrived);
            for (first, time) in job.first.iter_mut().zip(times) {
                *first = [*first, time].into_iter().flatten().min();
            }
            for (known, told) in job.any.iter_mut().zip(any) {
                *known |= told;
            }
        }
    }
}

fn in_order(texts: &Interned, (told, arrived, text): Told) -> (i64, i64, Option<&str>) {
    (told, arrived, texts.text(text))
}

/// Microseconds as whole milliseconds, as `ms(…)` has them in SQL: by way of seconds as a double.
fn milliseconds(micros: i64) -> i64 {
    (micros as f64 / 1e6 * 1e3).round() as i64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, StringArray};

    use super::*;

    fn rows(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        )
        .unwrap()
    }

    fn arrivals(at: Vec<Option<i64>>) -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC"))
    }

    #[test]
    fn rows_that_do_not_say_when_they_came_have_no_facts() {
        let mut fold = Fold::default();
        fold.take(&rows(vec![("received_at", arrivals(vec![Some(1)]))]));
        assert!(fold.is_whole() && fold.jobs.len() == 1);
        fold.take(&rows(vec![("received_at", arrivals(vec![Some(1), None]))]));
        assert!(!fold.is_whole() && fold.jobs.is_empty());
        fold.take(&rows(vec![("received_at", arrivals(vec![Some(1)]))]));
        assert!(!fold.is_whole(), "what was left out stays so");
    }

    #[test]
    fn a_long_text_of_many_jobs_is_written_for_none() {
        let take = |jobs: i64| {
            let name = "x".repeat(1 << 20);
            let mut fold = Fold::default();
            for id in 0..jobs {
                fold.take(&rows(vec![
                    ("received_at", arrivals(vec![Some(1)])),
                    ("repo_id", Arc::new(Int64Array::from(vec![7]))),
                    ("workflow_job_id", Arc::new(Int64Array::from(vec![id]))),
                    ("workflow_job_name", Arc::new(StringArray::from(vec![name.as_str()]))),
                ]));
            }
            (fold.is_full(), fold.is_whole())
        };
        assert_eq!(take(64), (false, true));
        assert_eq!(take(65), (false, false));
    }

    #[test]
    fn a_time_is_rounded_as_sql_rounds_it() {
        assert_eq!(milliseconds(1_772_445_600_250_000), 1_772_445_600_250);
        assert_eq!(milliseconds(1_772_445_600_250_400), 1_772_445_600_250);
        assert_eq!(milliseconds(1_772_445_600_250_600), 1_772_445_600_251);
        assert_eq!(milliseconds(-1_500), -2);
    }
}
