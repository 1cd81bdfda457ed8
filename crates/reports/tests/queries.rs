//! The texts in `queries/`, for Athena and for people, are those that this crate makes: every view,
//! and every report of all time. `UPDATE_EXPECTED=1 cargo test -p octolake-reports` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use octolake_reports::{ALL, Definition, Question, Shape, VIEWS};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries")
}

/// Every file by its path in `queries/`.
fn texts() -> BTreeMap<String, String> {
    let views = VIEWS.iter().map(|(subject, view)| {
        (format!("{subject}/{}.sql", view.name), view.header() + &view.sql())
    });
    let reports = ALL.iter().map(|report| {
        let name = report.measure.unwrap_or(report.name).replace('-', "_");
        let text = header(report) + &Question::plain(report, None).sql();
        (format!("{}/{name}.sql", report.subject.name), text)
    });
    views.chain(reports).collect()
}

fn header(report: &Definition) -> String {
    let mut text = format!("-- Title: {}\n-- Description: ", report.title);
    text.push_str(&report.words.replace('\n', "\n--   "));
    let _ = write!(
        text,
        "\n-- Parameters: none, so of all time; a window or a split is another text, which\n\
         --   `lakequery report {} --since … --by … --explain` prints.\n\
         -- Grain: one row for what was measured, and one per reason for which something was left out.\n\
         -- Time zone: UTC.\n-- Columns:\n\
         --   left_out                    why there is no figure; NULL in the row that has the figures\n",
        report.full_name()
    );
    match report.shape {
        Shape::Durations { .. } => {
            let _ = write!(
                text,
                "--   n                           how many {} that is\n\
                 --   p50_s, p75_s, p90_s, p95_s, p99_s, max_s, mean_s\n\
                 --                               seconds; percentiles are nearest rank, so each is a value that\n\
                 --                               occurred; NULL where left_out says why\n\
                 --   clamped                     how many of them are 0 in place of less\n",
                report.unit
            );
        }
        Shape::Counts { kinds, aging, .. } => {
            let _ = write!(
                text,
                "--   n                           how many events that is\n\
                 --   {}\n\
                 --                               how many of each kind\n\
                 --   {aging}_p50_s, {aging}_p75_s, … {aging}_mean_s\n\
                 --                               seconds for which those that are {aging} have been so, until now\n",
                kinds.join(", ")
            );
        }
    }
    text
}

#[test]
fn the_files_for_people_are_these() {
    #[expect(clippy::disallowed_methods, reason = "how a developer asks for new texts")]
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for (name, text) in texts() {
        let path = folder().join(&name);
        if update {
            fs::write(&path, &text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{name} is another: UPDATE_EXPECTED=1 cargo test -p octolake-reports"
        );
    }
}

#[test]
fn there_are_no_others() {
    let texts = texts();
    for subject in ["jobs", "pulls"] {
        for entry in fs::read_dir(folder().join(subject)).unwrap() {
            let name = format!("{subject}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(texts.contains_key(&name), "{name}");
        }
    }
}
