//! What the documentation says of a report that the catalogue knows is made from the catalogue: a
//! page per report in `docs/reports/`, and three lists in `docs/reports.md`. It stands between
//! `<!-- catalogue … -->` and `<!-- /catalogue -->`; people write the rest.
//! `UPDATE_EXPECTED=1 cargo test -p octolake-reports` writes it anew.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use octolake_reports::{
    ALL, Definition, Dimension, KNOWN_AGENTS, PERCENTILES, Question, Shape, Statistics, find, names,
};

const END: &str = "<!-- /catalogue -->";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn page(name: &str) -> PathBuf {
    docs().join(format!("reports/{name}.md"))
}

fn measures(name: &str) -> Vec<&'static Definition> {
    ALL.iter().copied().filter(|report| report.name == name).collect()
}

/// What a page says by itself.
fn of_report(name: &str) -> String {
    let plain = find(name, None).unwrap();
    let about = plain.about;
    let types: Vec<String> =
        plain.subject.event_types.iter().map(|name| format!("`{name}`")).collect();
    let mut text = format!(
        "# {name}\n\n{about}. Made from the deliveries {}: subscribe the webhook to *{}*.\n",
        types.join(", "),
        plain.subject.subscription
    );
    for report in measures(name) {
        text += &of_measure(report);
    }
    text += &dimensions(plain);
    text += &columns(plain);
    text += "\n## Examples\n\n```sh\n";
    for example in measures(name).iter().flat_map(|report| report.examples) {
        let _ = writeln!(text, "lakequery report {example}");
    }
    text + "```\n"
}

fn of_measure(report: &Definition) -> String {
    let file = report.measure.unwrap_or(report.name).replace('-', "_");
    let words = report.words.replace('\n', " ");
    let mut text = format!(
        "\n## {}\n\n`lakequery report {}`. {words}\n\nAs SQL: [`queries/{subject}/{file}.sql`](../../queries/{subject}/{file}.sql).\n",
        report.title,
        report.full_name(),
        subject = report.subject.name
    );
    text += "\n| left out | why | printed |\n|---|---|---|\n";
    for reason in report.reasons {
        let printed = if reason.always { "always" } else { "where there are any" };
        let _ = writeln!(text, "| `{}` | {} | {printed} |", reason.name, reason.about);
    }
    text
}

fn dimensions(report: &Definition) -> String {
    let mut text =
        "\n## Splits and filters\n\n| `--by` | what | only these |\n|---|---|---|\n".to_owned();
    for by in report.dimensions {
        let _ = writeln!(text, "| `{}` | {} | {} |", by.name(), by.about(), filter(*by));
    }
    text
}

fn filter(by: Dimension) -> String {
    match by {
        _ if by.filters() => format!("`--{}`", by.name()),
        Dimension::Who => "`--who human`, `bot` or `agent`".to_owned(),
        Dimension::Team => "`--team`, with `--teams`".to_owned(),
        _ => "`--since`, `--until`".to_owned(),
    }
}

/// The members of a row in JSON, which are the columns in CSV and Parquet.
fn columns(report: &'static Definition) -> String {
    let mut text = "\n## Columns\n\nOf a row in JSON, CSV, NDJSON and Parquet, in this order, behind those of `--by`; in a table without `_s`.\n\n\
                    | column | type | what |\n|---|---|---|\n"
        .to_owned();
    let (prefix, values) = match report.shape {
        Shape::Durations { .. } => {
            let _ = writeln!(text, "| `{}` | number | how many values |", report.unit);
            (String::new(), "the values")
        }
        Shape::Counts { kinds, aging, .. } => {
            for kind in kinds {
                let _ = writeln!(text, "| `{kind}` | number | how many |");
            }
            (format!("{aging}_"), "their ages")
        }
    };
    for (place, name) in Statistics::names().enumerate() {
        let what = match (PERCENTILES.get(place), name.as_str()) {
            (Some(p), _) => format!("percentile {p} of {values}, nearest rank"),
            (None, "max_s") => format!("the largest of {values}"),
            _ => format!("the mean of {values}"),
        };
        let _ = writeln!(text, "| `{prefix}{name}` | seconds, or `null` | {what} |");
    }
    let sortable = Question::plain(report, None).sortable();
    let sortable: Vec<String> = sortable.iter().map(|name| format!("`{name}`")).collect();
    text +=
        "| `partial` | `true`, or absent in JSON | with a period in `--by`: it is not whole |\n";
    let _ = writeln!(text, "\n`--sort` takes {}, and what `--by` names.", sortable.join(", "));
    text
}

/// The list that a marker of `docs/reports.md` asks for.
fn list(what: &str) -> String {
    match what {
        "reports" => reports(),
        "dimensions" => all_dimensions(),
        "agents" => KNOWN_AGENTS.iter().map(|login| format!("- `{login}`\n")).collect(),
        _ => panic!("no such list: {what}"),
    }
}

fn reports() -> String {
    let mut text = "| report | what it says |\n|---|---|\n".to_owned();
    for report in ALL {
        let (name, full) = (report.name, report.full_name());
        let _ = writeln!(text, "| [`{full}`](reports/{name}.md) | {} |", report.about);
    }
    text
}

fn all_dimensions() -> String {
    let head: String = names().iter().map(|name| format!(" {name} |")).collect();
    let rule = "|---".repeat(names().len() + 2);
    let mut text = format!("| `--by` | what |{head}\n{rule}|\n");
    for by in Dimension::ALL {
        let has = |name: &&str| find(name, None).unwrap().dimensions.contains(by);
        let has: String =
            names().iter().map(|name| if has(name) { " yes |" } else { " |" }).collect();
        let _ = writeln!(text, "| `{}` | {} |{has}", by.name(), by.about());
    }
    text
}

/// The text with each part between markers made by `make`, which is given the marker's words.
fn made(text: &str, make: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("<!-- catalogue") {
        let (before, marked) = rest.split_at(at);
        let line = marked.split_inclusive('\n').next().unwrap();
        let what = line.trim().trim_start_matches("<!-- catalogue").trim_end_matches("-->").trim();
        let end = marked.find(END).unwrap();
        out = out + before + line + "\n" + &make(what) + "\n" + END;
        rest = &marked[end + END.len()..];
    }
    out + rest
}

fn check(path: &Path, make: impl Fn(&str) -> String) {
    #[expect(clippy::disallowed_methods, reason = "how a developer asks for new texts")]
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let empty = format!("<!-- catalogue -->\n{END}\n");
    let found = fs::read_to_string(path).unwrap_or(empty);
    assert!(found.contains(END), "{}: {END} is gone", path.display());
    let text = made(&found, make);
    if update && text != found {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &text).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == text,
        "{} is not what the catalogue says: UPDATE_EXPECTED=1 cargo test -p octolake-reports",
        path.display()
    );
}

#[test]
fn each_report_has_a_page() {
    for name in names() {
        check(&page(name), |_| of_report(name));
        each_reason_is_dealt_with_by_hand(name);
    }
}

fn each_reason_is_dealt_with_by_hand(name: &str) {
    let text = fs::read_to_string(page(name)).unwrap();
    let by_hand = text.rsplit(END).next().unwrap();
    for report in measures(name) {
        for reason in report.reasons {
            let reason = format!("`{}`", reason.name);
            assert!(by_hand.contains(&reason), "{}: {reason}", report.full_name());
        }
    }
}

#[test]
fn the_lists_are_the_catalogue() {
    check(&docs().join("reports.md"), list);
    let text = fs::read_to_string(docs().join("reports.md")).unwrap();
    for what in ["reports", "dimensions", "agents"] {
        assert!(text.contains(&format!("<!-- catalogue {what} -->")), "{what}");
    }
}

#[test]
fn there_is_no_page_of_anything_else() {
    for entry in fs::read_dir(docs().join("reports")).unwrap() {
        let path = entry.unwrap().path();
        assert!(names().iter().any(|name| page(name).file_name() == path.file_name()), "{path:?}");
    }
}
