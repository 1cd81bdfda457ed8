//! The endpoint's figures, as OpenMetrics names them. Each set of labels is bounded: what a client
//! can choose freely never becomes one.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::config::LogDrops;

/// What GitHub calls its events; any other counts as `other`.
const EVENTS: &[&str] = &[
    "branch_protection_configuration",
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "create",
    "custom_property",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issue_comment",
    "issue_dependencies",
    "issues",
    "label",
    "marketplace_purchase",
    "member",
    "membership",
    "merge_group",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "package",
    "page_build",
    "personal_access_token_request",
    "ping",
    "project",
    "project_card",
    "project_column",
    "projects_v2",
    "projects_v2_item",
    "projects_v2_status_update",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "registry_package",
    "release",
    "repository",
    "repository_advisory",
    "repository_dispatch",
    "repository_import",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "secret_scanning_alert_location",
    "secret_scanning_scan",
    "security_advisory",
    "security_and_analysis",
    "sponsorship",
    "star",
    "status",
    "sub_issues",
    "team",
    "team_add",
    "watch",
    "workflow_dispatch",
    "workflow_job",
    "workflow_run",
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    event: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// What the HTTP side counts. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    deliveries: Family<DeliveryLabels, Counter>,
    bytes: Counter,
    seconds: Histogram,
    refused: Family<Reason, Counter>,
    replays: Family<Kind, Counter>,
    connections: Gauge,
    memory: Gauge,
    log_drops: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            deliveries: Family::default(),
            bytes: Counter::default(),
            seconds: seconds(),
            refused: Family::default(),
            replays: Family::default(),
            connections: Gauge::default(),
            memory: Gauge::default(),
            log_drops: Counter::default(),
        }
    }
}

/// Seconds from a quarter of a millisecond to some eight seconds.
pub(crate) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

impl Metrics {
    /// Names each figure in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "deliveries",
            "Signed deliveries, by event type and answer",
            self.deliveries.clone(),
        );
        registry.register_with_unit(
            "delivery_body",
            "Bytes of signed deliveries",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register_with_unit(
            "delivery",
            "From a delivery's headers to its answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("refusals", "What was refused, by reason", self.refused.clone());
        registry.register(
            "replays",
            "Signed bodies that came under another id, and ids that came with another body",
            self.replays.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register_with_unit(
            "body_memory",
            "Memory that bodies hold",
            Unit::Bytes,
            self.memory.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Log lines that nobody took in time",
            self.log_drops.clone(),
        );
    }

    /// A signed delivery was answered.
    pub(crate) fn delivered(&self, event: &str, status: u16, bytes: usize, took: Duration) {
        let event = EVENTS.binary_search(&event).map_or("other", |at| EVENTS[at]);
        self.deliveries.get_or_create(&DeliveryLabels { event, status }).inc();
        self.bytes.inc_by(bytes as u64);
        self.seconds.observe(took.as_secs_f64());
    }

    /// Something was refused.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// A replay was seen.
    pub(crate) fn replayed(&self, kind: &'static str) {
        self.replays.get_or_create(&Kind { kind }).inc();
    }

    /// So many connections are open.
    pub(crate) fn connections(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Brings those figures up to date that are asked for rather than counted.
    pub(crate) fn look(&self, memory: usize, log_drops: &LogDrops) {
        self.memory.set(i64::try_from(memory).unwrap_or(i64::MAX));
        raise(&self.log_drops, log_drops.count());
    }
}

/// Brings a counter to `value`, where it is below.
fn raise(counter: &Counter<u64, AtomicU64>, value: u64) {
    counter.inc_by(value.saturating_sub(counter.get()));
}

/// An empty registry, whose names will all begin with `octolake_`.
pub fn registry() -> Registry {
    Registry::with_prefix("octolake")
}

/// All figures of `registry` as OpenMetrics text.
pub fn to_text(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing into a text doesn't fail; a metric that can't be encoded would be a fault of ours.
    if prometheus_client::encoding::text::encode(&mut text, registry).is_err() {
        tracing::error!("the metrics cannot be encoded");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_for_the_search() {
        assert!(EVENTS.is_sorted());
    }

    #[test]
    fn labels_are_bounded_whatever_a_client_sends() {
        let (metrics, mut registry) = (Metrics::default(), registry());
        metrics.register(&mut registry);
        for event in ["push", "push", "x_1", "x_2"] {
            metrics.delivered(event, 202, 100, Duration::from_millis(3));
        }
        metrics.refused("unauthorized");
        metrics.look(7, &LogDrops::new(|| 3));
        metrics.look(7, &LogDrops::new(|| 5));
        let text = to_text(&registry);
        for line in [
            "octolake_deliveries_total{event=\"push\",status=\"202\"} 2",
            "octolake_deliveries_total{event=\"other\",status=\"202\"} 2",
            "octolake_delivery_body_bytes_total 400",
            "octolake_delivery_seconds_count 4",
            "octolake_refusals_total{reason=\"unauthorized\"} 1",
            "octolake_body_memory_bytes 7",
            "octolake_log_lines_dropped_total 5",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
