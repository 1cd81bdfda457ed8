//! Local hours, days, weeks and months: which one a time is in, where it begins and where it ends.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, TimeZone as _, Timelike, Utc,
};
use chrono_tz::Tz;

use crate::life::Dimension;

/// Zones to ask in: whole hours and parts of hours, both hemispheres, jumps at midnight, a day that
/// never was, and both ends of the date line.
pub const ZONES: [Tz; 14] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::America__St_Johns,
    Tz::America__Santiago,
    Tz::America__Havana,
    Tz::Africa__Cairo,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Asia__Tokyo,
    Tz::Australia__Sydney,
    Tz::Pacific__Chatham,
    Tz::Pacific__Apia,
];

/// A period of local time: what it is called, and its ends in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The local date of its begin.
    pub(crate) date: NaiveDate,
    pub(crate) begin: i64,
    pub(crate) end: i64,
}

/// The bucket of a time; nothing for a dimension that is no period, or a time beyond all calendars.
pub(crate) fn bucket(dimension: Dimension, at: i64, zone: Tz) -> Option<Bucket> {
    let local = DateTime::from_timestamp_millis(at)?.with_timezone(&zone);
    let date = local.date_naive();
    let (first, next) = match dimension {
        Dimension::Hour => return Some(hour(&local)),
        Dimension::Day => (date, date.checked_add_days(Days::new(1))?),
        Dimension::Week => {
            let since_monday = date.weekday().num_days_from_monday().into();
            let monday = date.checked_sub_days(Days::new(since_monday))?;
            (monday, monday.checked_add_days(Days::new(7))?)
        }
        Dimension::Month => {
            let first = date.with_day(1)?;
            (first, first.checked_add_months(Months::new(1))?)
        }
        _ => return None,
    };
    Some(Bucket { date: first, begin: midnight(first, zone)?, end: midnight(next, zone)? })
}

fn hour(local: &DateTime<Tz>) -> Bucket {
    let past = i64::from(local.minute()) * 60_000
        + i64::from(local.second()) * 1000
        + i64::from(local.timestamp_subsec_millis());
    let begin = local.timestamp_millis() - past;
    Bucket { date: local.date_naive(), begin, end: begin + 3_600_000 }
}

/// The first instant of a local date: the earlier of two midnights, the end of the jump where there
/// is none.
fn midnight(date: NaiveDate, zone: Tz) -> Option<i64> {
    let mut wall = date.and_hms_opt(0, 0, 0)?;
    // No jump is longer than the day that Samoa left out.
    for _ in 0..=48 * 4 {
        if let Some(instant) = zone.from_local_datetime(&wall).earliest() {
            return Some(instant.with_timezone(&Utc).timestamp_millis());
        }
        wall += TimeDelta::minutes(15);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dimension: Dimension, at: &str, zone: &str) -> (String, String, String) {
        let at = at.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        let bucket = bucket(dimension, at, zone.parse().unwrap()).unwrap();
        let text = |at| {
            let at = DateTime::from_timestamp_millis(at).unwrap();
            at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        (bucket.date.to_string(), text(bucket.begin), text(bucket.end))
    }

    fn is(date: &str, begin: &str, end: &str) -> (String, String, String) {
        (date.into(), begin.into(), end.into())
    }

    #[test]
    fn days_are_local() {
        let berlin = of(Dimension::Day, "2026-03-28T23:00:00Z", "Europe/Berlin");
        assert_eq!(berlin, is("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"));
        let before = of(Dimension::Day, "2026-03-28T22:59:59Z", "Europe/Berlin");
        assert_eq!(before, is("2026-03-28", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"));
        let long = of(Dimension::Day, "2026-10-25T12:00:00Z", "Europe/Berlin");
        assert_eq!(long, is("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"));
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let week = of(Dimension::Week, "2026-03-08T23:59:59Z", "UTC");
        assert_eq!(week, is("2026-03-02", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"));
        let month = of(Dimension::Month, "2026-02-28T18:30:00Z", "Asia/Kolkata");
        assert_eq!(month, is("2026-03-01", "2026-02-28T18:30:00Z", "2026-03-31T18:30:00Z"));
    }

    #[test]
    fn hours_are_local_and_instants() {
        let kolkata = of(Dimension::Hour, "2026-03-02T10:29:59Z", "Asia/Kolkata");
        assert_eq!(kolkata, is("2026-03-02", "2026-03-02T09:30:00Z", "2026-03-02T10:30:00Z"));
        // 02:30 in Berlin twice: two hours.
        let first = of(Dimension::Hour, "2026-10-25T00:30:00Z", "Europe/Berlin");
        let second = of(Dimension::Hour, "2026-10-25T01:30:00Z", "Europe/Berlin");
        assert_eq!(
            (first.1.as_str(), second.1.as_str()),
            ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")
        );
    }

    #[test]
    fn midnight_may_be_missing_or_come_twice() {
        // Santiago goes from 24:00 to 01:00 on 2026-09-06; Havana from 01:00 back to 00:00.
        let santiago = of(Dimension::Day, "2026-09-06T12:00:00Z", "America/Santiago");
        assert_eq!(santiago, is("2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"));
        let havana = of(Dimension::Day, "2026-11-01T12:00:00Z", "America/Havana");
        assert_eq!(havana, is("2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"));
        // Samoa had no 2011-12-30.
        let samoa = of(Dimension::Day, "2011-12-30T09:59:59Z", "Pacific/Apia");
        assert_eq!(samoa, is("2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"));
    }
}
