//! The state of a lake for people: some lines of words, and a table of event types.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::spool::Spool;
use super::{Backlog, Ledger, Origins, Projected, Status};
use crate::output::{Align, Grid, size};
use octolake_reports::human;

/// The state in words, a line for each thing.
pub(super) fn words(status: &Status) -> String {
    let mut text = format!("Lake        {}\n", status.lake);
    table(&mut text, status);
    if let Some(found) = &status.projection {
        projection(&mut text, found);
    }
    backlog(&mut text, &status.backlog);
    if let Some(found) = &status.spool {
        spool(&mut text, found);
    }
    let _ = writeln!(
        text,
        "Quarantine  {} objects of records that could not be read",
        status.quarantine
    );
    if let Some(ledger) = &status.ledger {
        records(&mut text, ledger);
        erased(&mut text, ledger);
    }
    if let Some(origins) = &status.origins {
        origin(&mut text, origins);
    }
    text
}

fn table(text: &mut String, status: &Status) {
    match status.version {
        Some(version) => {
            let (files, rows) = (status.files, status.rows);
            let _ = writeln!(
                text,
                "Table       version {version}: {rows} rows in {files} files, {}",
                size(status.bytes)
            );
        }
        None => text
            .push_str("Table       none yet: `lakequery compact` makes it from the raw objects\n"),
    }
    if let (Some(at), Some(age)) = (status.newest_received_at, status.age_s) {
        let _ = writeln!(text, "Newest row  received {} ago, at {}", human(age), time(at));
    }
    if status.future_files > 0 {
        let count = status.future_files;
        let _ = writeln!(
            text,
            "Future      {count} files have rows stamped later than now, which no age counts: a clock is ahead, or they are forged"
        );
    }
}

fn projection(text: &mut String, found: &Projected) {
    let Projected { version, reason, behind, files, bytes, .. } = found;
    if let Some(reason) = reason {
        let _ = writeln!(
            text,
            "Projection  not used: {reason}; reports are slower, and right: `lakequery compact` makes it anew"
        );
        return;
    }
    let _ = write!(
        text,
        "Projection  up to version {}: {files} files, {}",
        version.unwrap_or_default(),
        size(*bytes)
    );
    if *behind > 0 {
        let _ = write!(text, "; reports read the {behind} commits behind it too");
    }
    text.push('\n');
}

fn backlog(text: &mut String, backlog: &Backlog) {
    match backlog.age_s {
        Some(age) => {
            let _ = writeln!(
                text,
                "Backlog     {} raw objects, {}, the oldest {} old: `lakequery compact` takes them",
                backlog.objects,
                size(backlog.bytes),
                human(age)
            );
        }
        None => text.push_str("Backlog     none: every raw object is compacted\n"),
    }
    if backlog.foreign > 0 {
        let count = backlog.foreign;
        let _ = writeln!(
            text,
            "Misplaced   {count} objects under raw/ lie in no raw/<yyyy>/<mm>/<dd>/<hh>/: nobody takes them"
        );
    }
}

/// Nothing where nothing waits: most lakes are looked at where no `serve` runs.
fn spool(text: &mut String, spool: &Spool) {
    if let Some(age) = spool.age_s {
        let (files, bytes) = (spool.files, size(spool.bytes));
        let _ = writeln!(
            text,
            "Spool       {files} files, {bytes}, not landed yet: the oldest delivery is {} old",
            human(age)
        );
    }
    if spool.damaged > 0 {
        let (damaged, path) = (spool.damaged, spool.path.display());
        let _ = writeln!(
            text,
            "Damaged     {damaged} files in {path} could not be read whole, and are kept as *.damaged"
        );
    }
}

fn records(text: &mut String, ledger: &Ledger) {
    let Ledger { read, stored, duplicates, quarantined, conflicting, replayed, .. } = ledger;
    let _ = writeln!(
        text,
        "Records     {read} read = {stored} stored + {duplicates} duplicates + {quarantined} quarantined"
    );
    if conflicting + replayed > 0 {
        let _ = writeln!(
            text,
            "Repeats     {conflicting} duplicates came with another body, {replayed} rows repeat the body of another id"
        );
    }
}

fn erased(text: &mut String, Ledger { rows_erased, erased, .. }: &Ledger) {
    if rows_erased + erased > 0 {
        let _ = writeln!(
            text,
            "Erased      {rows_erased} of the stored rows, and {erased} of the duplicates were of erased deliveries"
        );
    }
}

fn origin(text: &mut String, Origins { door, other, unknown }: &Origins) {
    let _ = write!(
        text,
        "Origin      {door} rows signed at our door, {other} put there by another producer"
    );
    if *unknown > 0 {
        let _ = write!(text, ", {unknown} stored before this was counted");
    }
    text.push('\n');
}

/// Event types, a row for each; `raw`: with bytes as numbers.
pub(super) fn grid(status: &Status, raw: bool) -> Grid {
    let mut grid = Grid::new([
        ("event_type", Align::Left),
        ("rows", Align::Right),
        ("files", Align::Right),
        ("bytes", Align::Right),
        ("newest_received_at", Align::Left),
    ]);
    for entry in &status.event_types {
        grid.push([
            entry.event_type.clone(),
            entry.rows.to_string(),
            entry.files.to_string(),
            if raw { entry.bytes.to_string() } else { size(entry.bytes) },
            entry.newest_received_at.map(time).unwrap_or_default(),
        ]);
    }
    grid
}

fn time(at: DateTime<Utc>) -> String {
    octolake_event::timestamp::format_millis(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_what_is_odd_and_nothing_else() {
        let ledger = |conflicting, replayed| Ledger {
            read: 5,
            stored: 4,
            duplicates: 1,
            quarantined: 0,
            conflicting,
            replayed,
            unsigned: 1,
            rows_erased: replayed,
            erased: 0,
            write_amplification: None,
        };
        let origins = |unknown| Some(Origins { door: 3, other: 1, unknown });
        let plain =
            words(&Status { ledger: Some(ledger(0, 0)), origins: origins(0), ..Status::default() });
        assert!(plain.ends_with(
            "\nOrigin      3 rows signed at our door, 1 put there by another producer\n"
        ));
        assert!(
            !plain.contains("Erased") && !plain.contains("Repeats") && !plain.contains("Future"),
            "{plain}"
        );
        let odd = words(&Status {
            ledger: Some(ledger(1, 2)),
            origins: origins(7),
            future_files: 3,
            ..Status::default()
        });
        assert!(odd.contains("Erased      2 of the stored rows, and 0 of"), "{odd}");
        assert!(odd.contains("Repeats     1 duplicates came with another body, 2 rows"), "{odd}");
        assert!(odd.contains("Future      3 files"), "{odd}");
        assert!(odd.contains(", 7 stored before this was counted\n"), "{odd}");
    }
}
