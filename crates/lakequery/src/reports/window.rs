//! The window of a report: which values it takes, by their own time.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use serde::Serialize;

use super::{Zone, duration};

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
        "`{0}` is no time: write a date (2026-03-02), a time (2026-03-02T10:00:00Z), or how long ago (7d, 24h)"
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

fn bound(text: &str, zone: Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(date) = text.parse::<NaiveDate>() {
        return midnight(date, zone);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Some(seconds) = duration::parse(text) {
        return now.checked_sub_signed(TimeDelta::try_milliseconds((seconds * 1e3) as i64)?);
    }
    None
}

/// When a day begins. Where the clocks jump over midnight, it begins when they have.
fn midnight(date: NaiveDate, zone: Zone) -> Option<DateTime<Utc>> {
    let start = NaiveDateTime::new(date, NaiveTime::MIN);
    (0..=24 * 4)
        .filter_map(|quarters| {
            zone.0.from_local_datetime(&(start + TimeDelta::minutes(15 * quarters))).earliest()
        })
        .next()
        .or_else(|| zone.0.from_local_datetime(&start.checked_add_days(Days::new(1))?).earliest())
        .map(|at| at.to_utc())
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
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
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
        ] {
            assert_eq!(since(text, utc).as_deref(), Some(at), "{text}");
        }
        for text in ["", "yesterday", "2026-02-30", "7", "99999999999999d"] {
            assert_eq!(since(text, utc), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_its_zone() {
        assert_eq!(
            since("2026-03-02", zone("Europe/Berlin")).as_deref(),
            Some("2026-03-01T23:00:00Z")
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
