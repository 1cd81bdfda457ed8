//! What was folded, as rows: in the order of the jobs' ids, and then of whatever else tells them
//! apart.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::ArrowError;
use octolake_tables::facts::{self, job};

use super::GROUP_ROWS;
use super::fold::{Fold, Job, Key, Told};
use super::interned::Text;

/// A job, and the name of its repository where it is the first of those.
struct Row<'f> {
    key: &'f Key,
    job: &'f Job,
    name: Option<Told>,
}

type Rows<'f> = [Row<'f>];

impl Fold {
    /// The ids of the jobs, in order.
    pub(crate) fn ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.jobs.keys().filter_map(|key| key.job_id).collect();
        ids.sort_unstable();
        ids
    }

    /// The rows, a row group's at a time.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
        let all = self.rows();
        let starts = (0..all.len()).step_by(GROUP_ROWS);
        starts.map(move |from| {
            let to = all.len().min(from + GROUP_ROWS);
            self.batch(all.get(from..to).unwrap_or_default())
        })
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut names = self.names.clone();
        let mut all: Vec<(&Key, &Job)> = self.jobs.iter().collect();
        all.sort_by_cached_key(|(key, _)| {
            let texts = [key.source, key.unidentified].map(|text| self.texts.text(text));
            (key.job_id, key.repo_id, key.run_attempt, texts)
        });
        let row = |(key, job): (_, _)| {
            let key: &Key = key;
            Row { key, job, name: key.repo_id.and_then(|id| names.remove(&(key.source, id))) }
        };
        all.into_iter().map(row).collect()
    }

    fn batch(&self, rows: &Rows<'_>) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = vec![
            self.texts_of(rows, |row| row.key.source),
            numbers(rows, |row| row.key.repo_id),
            numbers(rows, |row| row.key.job_id),
            numbers(rows, |row| Some(row.key.run_attempt)),
            self.texts_of(rows, |row| row.key.unidentified),
        ];
        for at in 0..job::GREATEST.len() {
            columns.push(self.texts_of(rows, |row| *row.job.greatest.get(at)?));
        }
        for at in 0..job::EARLIEST.len() {
            columns.extend(self.told(rows, |row| *row.job.earliest.get(at)?));
        }
        columns.push(numbers(rows, |row| row.job.run_id));
        for at in 0..job::FIRST.len() {
            columns.push(times(rows, |row| *row.job.first.get(at)?));
        }
        columns.push(times(rows, |row| row.job.last_arrived_at));
        for at in 0..job::ANY.len() {
            let any = rows.iter().map(|row| row.job.any.get(at).copied());
            columns.push(Arc::new(any.collect::<BooleanArray>()));
        }
        columns.extend(self.told(rows, |row| row.name));
        RecordBatch::try_new(facts::job_schema(), columns)
    }

    /// A text, and the two times by which it was chosen.
    fn told(&self, rows: &Rows<'_>, told: impl Fn(&Row<'_>) -> Option<Told>) -> [ArrayRef; 3] {
        [
            self.texts_of(rows, |row| told(row)?.2),
            numbers(rows, |row| Some(told(row)?.0)),
            numbers(rows, |row| Some(told(row)?.1)),
        ]
    }

    fn texts_of(&self, rows: &Rows<'_>, text: impl Fn(&Row<'_>) -> Text) -> ArrayRef {
        let mut texts = StringBuilder::new();
        for row in rows {
            texts.append_option(self.texts.text(text(row)));
        }
        Arc::new(texts.finish())
    }
}

fn numbers(rows: &Rows<'_>, number: impl Fn(&Row<'_>) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(number).collect::<Int64Array>())
}

fn times(rows: &Rows<'_>, micros: impl Fn(&Row<'_>) -> Option<i64>) -> ArrayRef {
    let times: TimestampMicrosecondArray = rows.iter().map(micros).collect();
    Arc::new(times.with_timezone("UTC"))
}
