//! What a verification says.

use octolake_lake::Table;
use serde::Serialize;

use super::{Depth, EXAMPLES, Findings, RawObjects};

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
    /// Of them, records that repeat a row, or that were erased.
    pub duplicates: u64,
    /// Of the duplicates, records of deliveries that were erased: `raw/` holds them still.
    pub erased: u64,
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

impl Verdict {
    /// One check more.
    pub(super) fn add(&mut self, check: Check) {
        self.holds &= check.holds;
        self.checks.push(check);
    }
}

pub(super) fn of(table: &Table, depth: Depth, raw: &RawObjects, found: Findings) -> Verdict {
    let mut checks = vec![files(table, depth, &found), once(&found)];
    checks.extend(totals(table, &found));
    checks.push(recount(&found));
    if depth == Depth::Bytes {
        checks.extend([there(&found), founded(&found)]);
    }
    let counts = found.counts;
    Verdict {
        holds: checks.iter().all(|check| check.holds),
        accepted: counts.read,
        stored: counts.stored,
        duplicates: counts.duplicates,
        erased: counts.erased,
        quarantined: counts.quarantined,
        lost: found.lost,
        rows: found.rows,
        objects: raw.done.len() as u64,
        pending: raw.pending,
        checks,
    }
}

fn with(text: String, examples: &[String]) -> String {
    match examples {
        [] => text,
        examples => {
            let told = examples.iter().take(EXAMPLES).cloned().collect::<Vec<_>>();
            format!("{text}; {}", told.join("; "))
        }
    }
}

fn files(table: &Table, depth: Depth, found: &Findings) -> Check {
    Check {
        check: match depth {
            Depth::Ids => "every file that the table names can be read and has the rows it should",
            Depth::Bytes => "every file that the table names is, to the byte, as it was written",
        },
        holds: found.unreadable.is_empty(),
        detail: match found.unreadable.as_slice() {
            [] => format!("{} files, {} rows", table.files().len(), found.rows),
            wrong => with(format!("{} files are not", wrong.len()), wrong),
        },
    }
}

fn once(found: &Findings) -> Check {
    Check {
        check: "each delivery id is in one live file, once",
        holds: found.repeated == 0,
        detail: with(
            format!("{} rows, {} repeated", found.rows, found.repeated),
            &found.examples_repeated.texts(),
        ),
    }
}

fn totals(table: &Table, found: &Findings) -> [Check; 2] {
    let erased = table.progress().ledger.rows_erased;
    let ledger = table.progress().ledger.counts;
    let said: u64 = table.files().iter().map(|file| file.rows).sum();
    let balance = Check {
        check: "the commits' totals balance: read = stored + duplicates + quarantined",
        holds: ledger.balance(),
        detail: format!(
            "{} = {} + {} + {}",
            ledger.read, ledger.stored, ledger.duplicates, ledger.quarantined
        ),
    };
    let rows = Check {
        check: "the rows are as many as the commits stored",
        holds: ledger.stored == said + erased && said == found.rows,
        detail: match erased {
            0 => format!("{} rows, {} stored", found.rows, ledger.stored),
            _ => format!("{} rows, {} stored, {erased} erased", found.rows, ledger.stored),
        },
    };
    [balance, rows]
}

fn recount(found: &Findings) -> Check {
    let counts = found.counts;
    Check {
        check: "accepted = stored + duplicates + quarantined, counted again from raw/",
        holds: found.lost == 0,
        detail: with(
            format!(
                "{} = {} + {} + {}, {} lost{}",
                counts.read,
                counts.stored,
                counts.duplicates,
                counts.quarantined,
                found.lost,
                match counts.erased {
                    0 => String::new(),
                    erased => format!("; raw/ still holds {erased} records of erased deliveries"),
                }
            ),
            &found.examples_lost.texts(),
        ),
    }
}

fn there(found: &Findings) -> Check {
    Check {
        check: "every raw object that is done is there",
        holds: found.gone.is_empty(),
        detail: match found.gone.as_slice() {
            [] => "none is missing".to_owned(),
            gone => with(format!("{} are missing", gone.len()), gone),
        },
    }
}

fn founded(found: &Findings) -> Check {
    Check {
        check: "every row is a record of the raw object that it names, body and all",
        holds: found.unfounded == 0,
        detail: with(
            format!("{} rows, {} without their record", found.rows, found.unfounded),
            &found.examples_unfounded.texts(),
        ),
    }
}
