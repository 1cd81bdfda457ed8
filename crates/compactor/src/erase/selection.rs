//! What to erase.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use octolake_event::DeliveryId;

/// What to erase. Logins and names are compared without regard to case, as GitHub does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// One delivery.
    Delivery(DeliveryId),
    /// What somebody did: deliveries whose sender has this login.
    Sender(String),
    /// A repository by its full name (`owner/name`): deliveries that name it, and those of the
    /// same repository under the other names that it has had.
    Repository(String),
    /// What arrived before this date (UTC).
    Before(NaiveDate),
}

/// For so many days a delivery can be sent again as a new arrival; Enterprise Server takes seven.
const SENT_AGAIN_DAYS: i64 = 8;

impl Selection {
    /// The first date of which what is erased must be listed, where a date is what is selected:
    /// what arrived before that is kept out by its time alone.
    pub(crate) fn listed_since(&self) -> Option<NaiveDate> {
        match self {
            Self::Before(date) => Some(*date - TimeDelta::days(SENT_AGAIN_DAYS)),
            _ => None,
        }
    }

    /// The moment before which all is erased, where that is what is selected.
    pub(crate) fn before(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Before(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
            _ => None,
        }
    }
}
