//! An answer as the contract's JSON, members in its order; what came later stands behind.

use std::io::{self, Write};

use octolake_reports::{Answer, Broken, Gate, Question, Unknown, rfc3339};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::{Cell, Column, Kind, Sheet};

/// A question and its answer.
#[derive(Debug)]
pub struct Json<'a>(pub &'a Question, pub &'a Answer);

impl Json<'_> {
    /// Writes it, on lines of its own.
    ///
    /// # Errors
    /// The writer does not take it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }
}

/// Writes a value, on lines of its own.
///
/// # Errors
/// The writer does not take it.
pub fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(question, answer) = self;
        let by: Vec<&str> = question.by.iter().map(|by| by.name()).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("report", question.report.name)?;
        if let Some(measure) = question.report.variant() {
            map.serialize_entry("measure", measure)?;
        }
        map.serialize_entry("window", &question.window)?;
        map.serialize_entry("by", &by)?;
        map.serialize_entry("rows", &Sheet::of(question, answer, false))?;
        map.serialize_entry("excluded", &Pairs(&answer.excluded))?;
        if question.report.counts_clamped() {
            map.serialize_entry("clamped", &answer.clamped)?;
        }
        map.serialize_entry("n", &answer.n())?;
        map.serialize_entry("tz", question.zone.0.name())?;
        map.serialize_entry("freshness", &freshness(answer))?;
        if !answer.gates.is_empty() {
            let gates: Vec<_> =
                answer.gates.iter().map(|gate| self::gate(question, gate)).collect();
            map.serialize_entry("slo", &gates)?;
        }
        if answer.of_rows > answer.rows.len() {
            map.serialize_entry("of_rows", &answer.of_rows)?;
        }
        let unknown = unknown(answer);
        if !unknown.is_empty() {
            map.serialize_entry("unknown", &unknown)?;
        }
        map.end()
    }
}

fn freshness(answer: &Answer) -> serde_json::Value {
    let freshness = answer.freshness;
    let mut json = json!({
        "newest_arrival": freshness.newest_arrival.map(rfc3339),
        "backlog_objects": freshness.backlog_objects,
    });
    if freshness.fresh_objects > 0 {
        json["fresh_objects"] = freshness.fresh_objects.into();
    }
    json
}

fn gate(question: &Question, gate: &Gate) -> serde_json::Value {
    let broken = gate.broken.iter().map(|broken| match broken {
        Broken::Row { keys, seconds, waiting } => {
            let mut row = serde_json::Map::new();
            for (by, key) in question.by.iter().zip(keys) {
                row.insert(by.name().to_owned(), key.clone().into());
            }
            row.insert("seconds".to_owned(), (*seconds).into());
            row.insert("waiting".to_owned(), (*waiting).into());
            row.into()
        }
        Broken::NoData => json!({"why": "no_data"}),
        Broken::UnknownRepo(repo) => json!({"why": "unknown_repo", "repo": repo}),
    });
    json!({"bound": gate.bound, "holds": gate.holds(), "broken": broken.collect::<Vec<_>>()})
}

fn unknown(answer: &Answer) -> Vec<serde_json::Value> {
    let one =
        |name: &str, unknown: &Unknown| json!({name: unknown.typed, "nearest": unknown.nearest});
    let repos = answer.unknown_repos.iter().map(|repo| one("repo", repo));
    let others = answer.unknown_values.iter().map(|(by, value)| one(by.name(), value));
    repos.chain(others).collect()
}

struct Pairs<'a>(&'a [(&'static str, u64)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

/// Writes each row as an object on a line of its own.
///
/// # Errors
/// The writer does not take it.
pub fn write_lines(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut line = vec![];
    for row in sheet.rows() {
        line.clear();
        serde_json::to_writer(&mut line, &Object(&sheet.columns, &row))?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    out.flush()
}

/// Its rows as objects.
impl Serialize for Sheet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for row in self.rows() {
            rows.serialize_element(&Object(&self.columns, &row))?;
        }
        rows.end()
    }
}

/// A row as an object. Pictures are left out, and what is false.
struct Object<'a>(&'a [Column], &'a [Cell<'a>]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, cell) in self.0.iter().zip(self.1) {
            match cell {
                _ if column.kind == Kind::Picture => {}
                Cell::Flag(false) => {}
                _ => map.serialize_entry(&column.name, cell)?,
            }
        }
        map.end()
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Count(count) => serializer.serialize_i64(*count),
            Self::Seconds(seconds) => serializer.serialize_f64(*seconds),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}
