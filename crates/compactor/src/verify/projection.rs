//! Whether the projection holds what the archive does.
//!
//! Month by month and event type by event type: as many rows, and the same values in each column and
//! in each row, told by sums of hashes, whatever the order. One batch is in memory at a time, and the
//! facts of one file: they have to be what its rows say.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use chrono::NaiveDate;
use octolake_event::layout::{self, Partition};
use octolake_lake::{Facts, LiveFile, Projection, Table};
use octolake_store::Lake;
use octolake_tables::schema::name;

use super::EXAMPLES;
use super::verdict::Check;
use crate::dates;
use crate::error::CompactError;
use crate::file_reader::Whole;
use crate::project::facts::Fold;
use crate::rewrite::census::Census;
use crate::rewrite::columns::Columns;

/// The files of one month and event type, on both sides.
#[derive(Default)]
struct Month<'f> {
    archive: Vec<&'f LiveFile>,
    projected: Vec<&'f LiveFile>,
}

/// Lays both beside each other, as far as the projection goes.
pub(super) async fn check(lake: &Lake, table: &Table) -> Result<Check, CompactError> {
    let told = |holds, detail: String| Check {
        check: "the projection holds the same rows as the table",
        holds,
        detail,
    };
    let projection = match Projection::read(lake).await {
        Ok(projection) if projection.is_whole() => projection,
        Ok(_) => return Ok(told(true, "it is being made: the table is read instead".to_owned())),
        Err(unfit) => return Ok(told(true, format!("not used: {unfit}"))),
    };
    let following = match projection.behind(lake, table.version()).await? {
        Ok(following) if following.is_only_added() => following,
        Ok(_) => return Ok(told(true, "rows were changed since: it is not used".to_owned())),
        Err(reason) => return Ok(told(true, format!("not used: {reason}"))),
    };
    let mut months: BTreeMap<Partition, Month<'_>> = BTreeMap::new();
    let is_old = |file: &&LiveFile| !following.added.contains_key(&file.path);
    for file in table.files().iter().filter(is_old) {
        let month = layout::projected_partition(&file.partition);
        months.entry(month).or_default().archive.push(file);
    }
    for file in projection.files() {
        months.entry(file.partition.clone()).or_default().projected.push(file);
    }
    let (mut rows, mut wrong) = (0, vec![]);
    for (month, files) in &months {
        match compare(lake, month, files).await {
            Ok(same) => rows += same,
            Err(reason) => wrong.push(format!("{}: {reason}", layout::projected_folder(month))),
        }
    }
    let version = projection.events().unwrap_or_default();
    Ok(match wrong.as_slice() {
        [] => {
            told(true, format!("{rows} rows of {} months, up to version {version}", months.len()))
        }
        wrong => {
            let examples: Vec<&str> = wrong.iter().take(EXAMPLES).map(String::as_str).collect();
            let months = wrong.len();
            told(
                false,
                format!(
                    "{months} months differ; {}; `lakequery compact --rebuild-projection` makes it anew",
                    examples.join("; ")
                ),
            )
        }
    })
}

/// How many rows a month has, the same on both sides.
async fn compare(lake: &Lake, month: &Partition, files: &Month<'_>) -> Result<u64, String> {
    let columns = Columns::of(&month.event_type, std::iter::empty()).without_payload();
    let mut archive = Census::default();
    for file in &files.archive {
        let date = Some(file.partition.date);
        read(lake, file, &file.key(), date, &columns, &mut archive, None).await?;
    }
    let mut projected = Census::default();
    for file in &files.projected {
        let key = layout::projected_key(&file.path);
        let mut facts = file.facts.as_ref().map(|_| Fold::default());
        read(lake, file, &key, None, &columns, &mut projected, facts.as_mut()).await?;
        if let Some(facts) = facts {
            check_facts(lake, file, &facts).await?;
        }
    }
    match archive.difference(&projected) {
        None => Ok(archive.rows()),
        Some(difference) => Err(difference.to_string()),
    }
}

async fn read(
    lake: &Lake,
    file: &LiveFile,
    key: &str,
    date: Option<NaiveDate>,
    columns: &Columns,
    census: &mut Census,
    mut facts: Option<&mut Fold>,
) -> Result<(), String> {
    let opened = open(lake, key, file.bytes).await?;
    let wanted = opened.columns_without(name::PAYLOAD);
    let take = |batch: RecordBatch| {
        let dates = match date {
            Some(date) => dates::of_day(date, batch.num_rows()),
            None => dates::told(&batch).ok_or("it has no dates")?,
        };
        let rows = columns.chosen(&batch)?;
        if let Some(facts) = &mut facts {
            facts.take(&rows);
        }
        let rows = dates::beside(&rows, dates).map_err(|error| error.to_string())?;
        count(census, &rows)
    };
    each(&opened, &wanted, take).await.map_err(|reason| format!("{key}: {reason}"))
}

/// Whether the facts beside a file are those of its rows.
async fn check_facts(lake: &Lake, file: &LiveFile, folded: &Fold) -> Result<(), String> {
    let Some(facts) = &file.facts else { return Ok(()) };
    let key = Facts::key(&file.path);
    let failed = |reason: &dyn std::fmt::Display| format!("{key}: {reason}");
    let (mut wanted, mut found) = (Census::default(), Census::default());
    for batch in folded.batches() {
        let batch = batch.map_err(|error| failed(&error))?;
        count(&mut wanted, &batch).map_err(|reason| failed(&reason))?;
    }
    let opened = open(lake, &key, facts.bytes).await?;
    let columns: Vec<usize> = (0..opened.schema().fields().len()).collect();
    let take = |batch: RecordBatch| count(&mut found, &batch);
    each(&opened, &columns, take).await.map_err(|reason| failed(&reason))?;
    match wanted.difference(&found) {
        None if *facts == Facts::new(facts.bytes, wanted.rows(), &folded.ids()) => Ok(()),
        None => Err(failed(&"the log tells other rows or ids of it")),
        Some(difference) => Err(failed(&difference)),
    }
}

async fn open(lake: &Lake, key: &str, bytes: u64) -> Result<Whole, String> {
    let opened = Whole::open_without_pages(lake.store().clone(), key, bytes).await;
    opened.map_err(|error| format!("{key}: {error}"))
}

/// Hands columns of a file over, batch by batch.
async fn each(
    opened: &Whole,
    columns: &[usize],
    mut take: impl FnMut(RecordBatch) -> Result<(), String>,
) -> Result<(), String> {
    for group in 0..opened.metadata().num_row_groups() {
        let batches = opened.group_of(group, columns).await;
        for batch in batches.map_err(|error| error.to_string())? {
            take(batch.map_err(|error| error.to_string())?)?;
        }
    }
    Ok(())
}

fn count(census: &mut Census, rows: &RecordBatch) -> Result<(), String> {
    census.add(&Census::of(rows).map_err(|error| error.to_string())?);
    Ok(())
}
