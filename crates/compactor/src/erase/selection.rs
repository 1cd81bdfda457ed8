//! What to erase.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
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

impl Selection {
    /// The moment before which all is erased, where that is what is selected.
    pub(crate) fn before(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Before(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
            _ => None,
        }
    }
}
