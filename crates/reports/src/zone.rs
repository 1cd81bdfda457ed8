//! The time zone of hours, days, weeks and months.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// A zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| "no time zone: write one like UTC or Europe/Berlin".to_owned())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Zone {
    /// When a day begins. Where the clocks jump over midnight, it begins when they have.
    pub fn midnight(self, date: NaiveDate) -> Option<DateTime<Utc>> {
        self.instant(NaiveDateTime::new(date, NaiveTime::MIN))
            .or_else(|| self.instant(date.checked_add_days(Days::new(1))?.into()))
    }

    /// When the clocks show this for the first time; where they jump over it, when they have.
    pub fn instant(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        (0..=24 * 4)
            .filter_map(|quarters| local.checked_add_signed(TimeDelta::minutes(15 * quarters)))
            .find_map(|local| self.0.from_local_datetime(&local).earliest())
            .map(|at| at.to_utc())
    }
}
