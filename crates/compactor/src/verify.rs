//! The proof that nothing was lost and nothing doubled.
//!
//! Three accounts of the same deliveries are laid beside each other: the totals that every commit
//! carried, the rows that are in the live files, and the records that are in the raw objects. Each
//! is read for itself; where they differ, the lake is not to be trusted.
//!
//! Memory: ids are held as numbers, [`IDS_AT_ONCE`] at the most; a lake of more rows is gone through
//! several times, each time for another share of the ids.

use std::collections::HashSet;

use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use octolake_event::layout;
use octolake_lake::{Counts, Progress, Table};
use octolake_store::Lake;
use serde::Serialize;

use crate::error::CompactError;
use crate::known;
use crate::read::{Item, Limits, ObjectReader};
use crate::scan::{self, RawObject};
use crate::settings::Settings;

/// How many ids to hold at once: 16 bytes each.
const IDS_AT_ONCE: u64 = 8_000_000;
/// How many offenders a failed check names.
const EXAMPLES: usize = 5;

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What must be so.
    pub check: &'static str,
    /// Whether it is.
    pub holds: bool,
    /// The figures, or what is wrong.
    pub detail: String,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether every check holds.
    pub holds: bool,
    /// Records in the raw objects that are done.
    pub accepted: u64,
    /// Of them, records that are a row.
    pub stored: u64,
    /// Of them, records that repeat a row.
    pub duplicates: u64,
    /// Of them, records in quarantine.
    pub quarantined: u64,
    /// Of them, records that are none of these.
    pub lost: u64,
    /// Rows in the table.
    pub rows: u64,
    /// Raw objects that are done and were read again here.
    pub objects: u64,
    /// Raw objects that are not compacted yet: nothing is said of them.
    pub pending: u64,
    /// Every check.
    pub checks: Vec<Check>,
}

/// What the raw objects and the live files say, gathered over the shares of ids.
#[derive(Default)]
struct Findings {
    rows: u64,
    repeated: u64,
    unreadable: Vec<String>,
    counts: Counts,
    lost: u64,
    /// Some of the ids that are repeated, and of the records that are lost, in words.
    examples_repeated: Vec<String>,
    examples_lost: Vec<String>,
}

/// Lays the three accounts of a lake beside each other. `None`: nothing was ever compacted.
///
/// # Errors
/// Where the store fails; a file that is missing or unreadable is a failed check instead.
pub async fn verify(lake: &Lake, settings: &Settings) -> Result<Option<Verdict>, CompactError> {
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    let progress = table.progress();
    let (done, pending) = raw_objects(lake, progress).await?;
    let quarantined = quarantine_keys(lake).await?;
    let said: u64 = table.files().iter().map(|file| file.rows).sum();
    let shares = said.div_ceil(IDS_AT_ONCE).max(1);
    let mut findings = Findings::default();
    for share in 0..shares {
        let of_share = |id: u128| id % u128::from(shares) == u128::from(share);
        let ids = read_lake(lake, &table, &of_share, share == 0, &mut findings).await?;
        let mut seen = vec![false; ids.len()];
        for object in &done {
            let mut recount = Recount {
                ids: &ids,
                seen: &mut seen,
                quarantined: &quarantined,
                of_share: &of_share,
            };
            recount.read(lake, settings, object, share == 0, &mut findings).await?;
        }
        findings.counts.stored += seen.iter().filter(|seen| **seen).count() as u64;
    }
    // A record that is a row, and not the first one of its id, repeats it.
    findings.counts.duplicates -= findings.counts.stored.min(findings.counts.duplicates);
    Ok(Some(verdict(&table, said, done.len() as u64, pending, findings)))
}

async fn raw_objects(
    lake: &Lake,
    progress: &Progress,
) -> Result<(Vec<RawObject>, u64), CompactError> {
    let all = scan::backlog(lake, None).await?.pending;
    let (done, pending): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|object| progress.is_done(&object.key));
    Ok((done, pending.len() as u64))
}

async fn quarantine_keys(lake: &Lake) -> Result<HashSet<String>, CompactError> {
    lake.store()
        .list(Some(&Path::from(layout::QUARANTINE)))
        .map_ok(|object| object.location.to_string())
        .try_collect()
        .await
        .map_err(|source| CompactError::store("list", layout::QUARANTINE, source))
}

/// The ids of one share in the live files, sorted.
async fn read_lake(
    lake: &Lake,
    table: &Table,
    of_share: &(dyn Fn(u128) -> bool + Send + Sync),
    first: bool,
    findings: &mut Findings,
) -> Result<Vec<u128>, CompactError> {
    let mut ids = Vec::new();
    for file in table.files() {
        let mut rows = 0;
        let read = known::read_ids(lake.store().clone(), file, |id| {
            rows += 1;
            if of_share(id) {
                ids.push(id);
            }
        });
        let outcome = read.await;
        if first {
            findings.rows += rows;
            match outcome {
                Err(error) => findings.unreadable.push(error.to_string()),
                Ok(()) if rows != file.rows => {
                    let said = file.rows;
                    findings.unreadable.push(format!("{} has {rows} rows, not {said}", file.path));
                }
                Ok(()) => {}
            }
        }
    }
    ids.sort_unstable();
    let all = ids.len();
    for pair in ids.windows(2).filter(|pair| pair[0] == pair[1]) {
        note(&mut findings.examples_repeated, || {
            format!("{} is in the table twice", octolake_event::DeliveryId::from_u128(pair[0]))
        });
    }
    ids.dedup();
    findings.repeated += (all - ids.len()) as u64;
    Ok(ids)
}

fn note(examples: &mut Vec<String>, example: impl FnOnce() -> String) {
    if examples.len() < EXAMPLES {
        examples.push(example());
    }
}

/// Counts the records of raw objects against the ids of the lake.
struct Recount<'a> {
    ids: &'a [u128],
    seen: &'a mut [bool],
    quarantined: &'a HashSet<String>,
    of_share: &'a (dyn Fn(u128) -> bool + Send + Sync),
}

impl Recount<'_> {
    async fn read(
        &mut self,
        lake: &Lake,
        settings: &Settings,
        object: &RawObject,
        first: bool,
        findings: &mut Findings,
    ) -> Result<(), CompactError> {
        let limits = Limits { window: settings.window_bytes, record: settings.max_record_bytes };
        let mut reader = ObjectReader::new(lake.store().as_ref(), object, limits);
        while reader.fill().await? {
            let (items, step) = reader.items();
            for item in items {
                match item {
                    Item::Record { offset, envelope }
                        if (self.of_share)(envelope.meta.id.as_u128()) =>
                    {
                        self.count(&object.key, offset, envelope.meta.id.as_u128(), findings);
                    }
                    Item::Broken(broken) if first => {
                        findings.counts.read += 1;
                        self.count_unstored(&object.key, broken.offset, findings);
                    }
                    _ => {}
                }
            }
            reader.advance(step);
        }
        Ok(())
    }

    fn count(&mut self, raw_key: &str, offset: u64, id: u128, findings: &mut Findings) {
        findings.counts.read += 1;
        match self.ids.binary_search(&id) {
            Ok(at) => {
                self.seen[at] = true;
                // For now every one; the first of each is taken off at the end.
                findings.counts.duplicates += 1;
            }
            Err(_) => self.count_unstored(raw_key, offset, findings),
        }
    }

    fn count_unstored(&self, raw_key: &str, offset: u64, findings: &mut Findings) {
        if self.quarantined.contains(&layout::quarantine_key(raw_key, offset)) {
            findings.counts.quarantined += 1;
        } else {
            findings.lost += 1;
            note(&mut findings.examples_lost, || {
                format!(
                    "the record at offset {offset} of {raw_key} is neither a row nor in quarantine"
                )
            });
        }
    }
}

fn verdict(table: &Table, said: u64, objects: u64, pending: u64, found: Findings) -> Verdict {
    let ledger = table.progress().ledger.counts;
    let counts = found.counts;
    let with = |text: String, examples: &[String]| match examples {
        [] => text,
        examples => format!("{text}; {}", examples.join("; ")),
    };
    let checks = vec![
        Check {
            check: "every file that the table names can be read and has the rows it should",
            holds: found.unreadable.is_empty(),
            detail: match found.unreadable.as_slice() {
                [] => format!("{} files, {} rows", table.files().len(), found.rows),
                wrong => wrong.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join("; "),
            },
        },
        Check {
            check: "each delivery id is in one live file, once",
            holds: found.repeated == 0,
            detail: with(
                format!("{} rows, {} repeated", found.rows, found.repeated),
                &found.examples_repeated,
            ),
        },
        Check {
            check: "the commits' totals balance: read = stored + duplicates + quarantined",
            holds: ledger.balance(),
            detail: format!(
                "{} = {} + {} + {}",
                ledger.read, ledger.stored, ledger.duplicates, ledger.quarantined
            ),
        },
        Check {
            check: "the rows are as many as the commits stored",
            holds: ledger.stored == said && said == found.rows,
            detail: format!("{} rows, {} stored", found.rows, ledger.stored),
        },
        Check {
            check: "accepted = stored + duplicates + quarantined, counted again from raw/",
            holds: found.lost == 0,
            detail: with(
                format!(
                    "{} = {} + {} + {}, {} lost",
                    counts.read, counts.stored, counts.duplicates, counts.quarantined, found.lost
                ),
                &found.examples_lost,
            ),
        },
    ];
    Verdict {
        holds: checks.iter().all(|check| check.holds),
        accepted: counts.read,
        stored: counts.stored,
        duplicates: counts.duplicates,
        quarantined: counts.quarantined,
        lost: found.lost,
        rows: found.rows,
        objects,
        pending,
        checks,
    }
}
