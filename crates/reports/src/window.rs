//! The window of a report: which values it takes, by their own time.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{Zone, duration};

/// From `since` until right before `until`; without a bound, without an end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The earliest time that is in.
    pub since: Option<DateTime<Utc>>,
    /// The earliest time that is not.
    pub until: Option<DateTime<Utc>>,
}

/// Why a window cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A bound that is no time.
    #[error(
        "`{0}` is no time: write a month (2026-03), a date (2026-03-02), a time (2026-03-02T10:00, or with a zone 2026-03-02T10:00:00Z), how long ago (7w, 7d, 24h), today, yesterday or now"
    )]
    NoTime(String),
    /// An end that is not behind the beginning.
    #[error("the window is empty: it begins at {since} and ends at {until}")]
    Empty {
        /// Its beginning.
        since: DateTime<Utc>,
        /// Its end.
        until: DateTime<Utc>,
    },
}

impl Window {
    /// The window between two bounds as typed. Dates begin at midnight in `zone`.
    ///
    /// # Errors
    /// A bound is no time, or the window is empty.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        zone: Zone,
        now: DateTime<Utc>,
    ) -> Result<Self, WindowError> {
        let bound = |text: Option<&str>| {
            let parsed = |text: &str| {
                bound(text, zone, now).ok_or_else(|| WindowError::NoTime(text.to_owned()))
            };
            text.map(parsed).transpose()
        };
        let window = Self { since: bound(since)?, until: bound(until)? };
        match (window.since, window.until) {
            (Some(since), Some(until)) if since >= until => {
                Err(WindowError::Empty { since, until })
            }
            _ => Ok(window),
        }
    }
}

/// A bound as typed: a month, a day or a time on the clocks of `zone`, an RFC 3339 time, how long
/// ago, or `now`, `today` and `yesterday`.
fn bound(text: &str, zone: Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let today = now.with_timezone(&zone.0).date_naive();
    match text {
        "now" => return Some(now),
        "today" => return zone.midnight(today),
        "yesterday" => return zone.midnight(today.pred_opt()?),
        _ => {}
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return zone.midnight(date);
    }
    if let Ok(date) = format!("{text}-01").parse::<NaiveDate>() {
        return zone.midnight(date);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    for form in ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, form) {
            return zone.instant(local);
        }
    }
    if let Some(seconds) = duration::parse(text) {
        return now.checked_sub_signed(TimeDelta::try_milliseconds((seconds * 1e3) as i64)?);
    }
    None
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire {
            since: Option<String>,
            until: Option<String>,
        }
        let text = |at: Option<DateTime<Utc>>| at.map(rfc3339);
        Wire { since: text(self.since), until: text(self.until) }.serialize(serializer)
    }
}

/// RFC 3339 in UTC, with a fraction only where there is one.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn since(text: &str, zone: Zone) -> Option<String> {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        Window::parse(Some(text), None, zone, now).ok().and_then(|w| w.since).map(rfc3339)
    }

    #[test]
    fn bounds_are_dates_times_or_ages() {
        let utc = zone("UTC");
        for (text, at) in [
            ("2026-03-02", "2026-03-02T00:00:00Z"),
            ("2026-03-02T10:00:00+02:00", "2026-03-02T08:00:00Z"),
            ("7d", "2026-03-03T12:00:00Z"),
            ("90m", "2026-03-10T10:30:00Z"),
            ("1w", "2026-03-03T12:00:00Z"),
            ("2026-03", "2026-03-01T00:00:00Z"),
            ("2026-03-02T10:00", "2026-03-02T10:00:00Z"),
            ("2026-03-02 10:00:30", "2026-03-02T10:00:30Z"),
            ("today", "2026-03-10T00:00:00Z"),
            ("yesterday", "2026-03-09T00:00:00Z"),
        ] {
            assert_eq!(since(text, utc).as_deref(), Some(at), "{text}");
        }
        for text in ["", "tomorrow", "2026-02-30", "2026-13", "7", "99999999999999d"] {
            assert_eq!(since(text, utc), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_its_zone() {
        assert_eq!(
            since("2026-03-02", zone("Europe/Berlin")).as_deref(),
            Some("2026-03-01T23:00:00Z")
        );
        assert_eq!(
            since("2026-03-02T10:00", zone("Asia/Kathmandu")).as_deref(),
            Some("2026-03-02T04:15:00Z")
        );
        // In Santiago the clocks jumped from 00:00 to 01:00 on 2019-09-08.
        assert_eq!(
            since("2019-09-08", zone("America/Santiago")).as_deref(),
            Some("2019-09-08T04:00:00Z")
        );
    }

    #[test]
    fn an_empty_window_is_refused() {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        let window = Window::parse(Some("2026-03-02"), Some("2026-03-02"), zone("UTC"), now);
        assert!(matches!(window, Err(WindowError::Empty { .. })));
    }
}
