//! One record of the table, how it is made, and its verdict.

/// Stands for the id of the record itself, which is another in each case.
pub(crate) const SELF: &str = "5e1f5e1f-0000-4000-8000-00000000c0de";
/// Stands for the id of the neighbour in front of it.
pub(crate) const NEIGHBOUR: &str = "4e168b04-0000-4000-8000-00000000c0de";

/// What must become of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) row: Row,
    /// The reasons of its entries in quarantine, in their order.
    pub(crate) reasons: Vec<&'static str>,
}

/// Whether a record becomes a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    None,
    /// With these columns NULL for what they hold, comma-joined.
    Stored(&'static str),
    /// It is the neighbour's once more.
    Duplicate,
}

/// A record, and what must become of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) verdict: Verdict,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        verdict: Verdict,
    ) -> Self {
        Self { name: name.into(), bytes: bytes.into(), verdict }
    }
}

/// A row with all its values.
pub(crate) fn stored() -> Verdict {
    issues("")
}

/// A row with these columns NULL.
pub(crate) fn issues(columns: &'static str) -> Verdict {
    Verdict { row: Row::Stored(columns), reasons: vec![] }
}

/// The neighbour's row once more.
pub(crate) fn duplicate() -> Verdict {
    Verdict { row: Row::Duplicate, reasons: vec![] }
}

/// No row, and one entry in quarantine.
pub(crate) fn broken(reason: &'static str) -> Verdict {
    pieces(&[reason])
}

/// No row, and several entries in quarantine.
pub(crate) fn pieces(reasons: &[&'static str]) -> Verdict {
    Verdict { row: Row::None, reasons: reasons.to_vec() }
}

/// A row, and an entry in quarantine for what is around it.
pub(crate) fn stored_and(reasons: &[&'static str]) -> Verdict {
    Verdict { row: Row::Stored(""), reasons: reasons.to_vec() }
}

/// The members of an object, as JSON, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Object(Vec<(&'static str, String)>);

impl Object {
    pub(crate) fn new(members: &[(&'static str, &str)]) -> Self {
        Self(members.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    /// The same with another value for a member, or without it.
    pub(crate) fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        let at = self.0.iter().position(|(member, _)| *member == name);
        match (at, value) {
            (Some(at), Some(value)) => value.clone_into(&mut self.0[at].1),
            (Some(at), None) => drop(self.0.remove(at)),
            (None, Some(value)) => self.0.push((name, value.to_owned())),
            (None, None) => {}
        }
        self
    }

    pub(crate) fn json(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!("{{{}}}", members.join(","))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// `_delivery` as our ingest writes it.
pub(crate) fn delivery() -> Object {
    Object::new(&[
        ("id", &quoted(SELF)),
        ("received_at", r#""2026-03-02T10:00:00.250Z""#),
        ("hook_id", r#""77""#),
        ("target_type", r#""repository""#),
        ("target_id", r#""88""#),
    ])
}

/// An envelope around this detail.
pub(crate) fn envelope(detail: &str) -> Object {
    Object::new(&[
        ("version", r#""0""#),
        ("id", &quoted(SELF)),
        ("detail-type", r#""star""#),
        ("source", r#""github.com""#),
        ("account", r#""123456789012""#),
        ("time", r#""2026-03-02T10:00:00Z""#),
        ("region", r#""eu-central-1""#),
        ("resources", "[]"),
        ("detail", detail),
    ])
}

/// An envelope as our ingest makes it, with this `_delivery`.
pub(crate) fn ours(delivery: &str) -> Object {
    envelope(&format!(r#"{{"_delivery":{delivery},"action":"created"}}"#))
}

/// A record of ours of this event type, with these members in its payload.
pub(crate) fn record(event: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    let detail = format!(r#"{{"_delivery":{}{comma}{members}}}"#, delivery().json());
    envelope(&detail).with("detail-type", Some(&quoted(event))).json()
}

/// A text of five thousand letters, with its quotes.
pub(crate) fn overlong() -> String {
    quoted(&"x".repeat(5_000))
}
