//! What an invocation asks for.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Deserializer};

/// The event: `{}` from the schedule; more by hand.
///
/// Any other member is an error: whoever writes `{"dryrun": true}` does not want a real run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Request {
    /// Take up raw objects of this hour and later only. A date (`2026-03-02`, midnight UTC) or a
    /// time of RFC 3339.
    #[serde(deserialize_with = "since")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Read and count, but write nothing.
    pub(crate) dry_run: bool,
}

fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let time = |text: String| {
        let date = text.parse::<NaiveDate>().map(|date| date.and_time(NaiveTime::MIN).and_utc());
        date.or_else(|_| DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc())).map_err(|_| {
            let text = format!("`since` is {text:?}: write 2026-03-02 or 2026-03-02T10:00:00Z");
            serde::de::Error::custom(text)
        })
    };
    text.map(time).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn requests() {
        assert_eq!(parse("{}"), Ok(Request::default()));
        assert_eq!(parse(r#"{"since": null}"#), Ok(Request::default()));
        let by_hand = parse(r#"{"since": "2026-03-02", "dry_run": true}"#).unwrap();
        let midnight = "2026-03-02T00:00:00Z".parse().unwrap();
        assert_eq!(by_hand, Request { since: Some(midnight), dry_run: true });
        let time = parse(r#"{"since": "2026-03-02T01:00:00+01:00"}"#).unwrap();
        assert_eq!(time.since, Some(midnight));
    }

    #[test]
    fn a_mistake_is_no_real_run() {
        assert!(parse(r#"{"dryrun": true}"#).unwrap_err().contains("dry_run"));
        assert!(parse(r#"{"dry_run": "yes"}"#).is_err());
        assert!(parse(r#"{"since": "yesterday"}"#).unwrap_err().contains("write 2026-03-02"));
    }
}
