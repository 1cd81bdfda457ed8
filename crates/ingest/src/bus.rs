//! The one thing that a shell brings: where a verified delivery goes.

use std::error::Error;
use std::future::Future;

use crate::delivery::VerifiedDelivery;

/// What takes a verified delivery: an event bus, or a spool on disk.
pub trait Bus {
    /// Takes `delivery`, and answers when it can no longer be lost.
    ///
    /// An error means that the delivery may not have been taken: the client is told to deliver it
    /// again.
    fn put(
        &self,
        delivery: &VerifiedDelivery<'_>,
    ) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// Why the bus did not take a delivery. For the log; the client reads nothing of it.
#[derive(Debug, thiserror::Error)]
#[error("the bus did not take the delivery")]
pub struct BusError(#[source] Box<dyn Error + Send + Sync>);

impl BusError {
    /// The error with its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    /// The cause, as one line for a log.
    pub fn cause(&self) -> &(dyn Error + Send + Sync) {
        self.0.as_ref()
    }
}
