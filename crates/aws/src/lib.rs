//! A running stack on AWS, as its owner looks after it: its logs, its queues, a replay of its archive,
//! what could not be delivered put back, and its webhook secret replaced.
//!
//! Resources are found by the names that `terraform/modules` gives them, and by the environment of the
//! ingest function, which knows the bus, the bucket and the secrets, also where those are not the
//! stack's own. Calls are signed here and sent by the HTTP client that `lakequery` has anyway:
//! docs/decisions/0034 says why there is no SDK.
//!
//! Invariants: a secret is in no error, no log and no `Debug`; what is taken from one place is first in
//! the other; an error names the action, the resource and what to do.

mod bucket;
mod client;
mod error;
mod function;
mod logs;
mod queue;
mod redrive;
mod replay;
mod restart;
mod secret;
mod service;
mod stack;

pub use bucket::Bucket;
pub use client::{Client, Clock, Place};
pub use error::AwsError;
pub use function::{Function, webhook_url};
pub use logs::{LogLine, Logs, log_group};
pub use queue::{Held, Message, Queue, find as find_queue, list as list_queues};
pub use redrive::{Left, Redrive, Redriven, Source};
pub use replay::{Archive, Replay, Rule, State as ReplayState, bus_of, rules};
pub use restart::restart;
pub use secret::{NewSecret, WebhookSecret};
pub use stack::{Stack, StackName};
