//! Whether a delivery could be taken now, and would get on.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Limits;
use crate::spool::Usage;

/// Looks at the spool and its disk.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    usage: Arc<Usage>,
    spool: PathBuf,
    limits: Limits,
}

impl Readiness {
    pub(crate) fn new(usage: Arc<Usage>, spool: PathBuf, limits: Limits) -> Self {
        Self { usage, spool, limits }
    }

    /// What stands against it, as stable words; nothing where it is ready.
    pub(crate) fn check(&self) -> Vec<&'static str> {
        let Limits { spool_bytes, disk_reserve, lake_away_within, .. } = self.limits;
        [
            (self.usage.bytes() >= spool_bytes, "spool_full"),
            (self.usage.fails_to_write(), "spool_not_writable"),
            (self.free_bytes().is_some_and(|free| free < disk_reserve), "disk_full"),
            (self.usage.away_for() >= lake_away_within, "lake_unreachable"),
        ]
        .into_iter()
        .filter_map(|(is_so, reason)| is_so.then_some(reason))
        .collect()
    }

    /// What the spool's disk has left for us, in bytes; `None` where the system doesn't say.
    fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.spool).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::spool::SpoolName;

    fn readiness(limits: Limits) -> Readiness {
        Readiness::new(Arc::default(), std::env::temp_dir(), limits)
    }

    #[test]
    fn it_says_what_stands_against_it() {
        let small = Limits { disk_reserve: 0, ..Limits::default() };
        assert_eq!(readiness(small).check(), [] as [&str; 0]);
        let no_disk = Limits { disk_reserve: u64::MAX, ..small };
        assert_eq!(readiness(no_disk).check(), ["disk_full"]);
        let no_spool = readiness(Limits { spool_bytes: 10, ..small });
        no_spool.usage.add(10);
        assert_eq!(no_spool.check(), ["spool_full"]);
    }

    #[test]
    fn a_lake_that_is_away_for_long_and_a_disk_that_fails_are_told() {
        let limits = Limits { disk_reserve: 0, ..Limits::default() };
        let readiness = readiness(Limits { lake_away_within: Duration::from_nanos(1), ..limits });
        assert_eq!(readiness.check(), [] as [&str; 0]);
        let name = SpoolName::new("2026-03-02T08:09:10Z".parse().unwrap(), uuid::Uuid::nil());
        readiness.usage.could_not_land(name, false);
        assert_eq!(readiness.check(), [] as [&str; 0]);
        readiness.usage.could_not_land(name, true);
        assert_eq!(readiness.check(), ["lake_unreachable"]);
        readiness.usage.could_not_write();
        assert_eq!(readiness.check(), ["spool_not_writable", "lake_unreachable"]);
        readiness.usage.synced(1, 10, Duration::ZERO);
        assert_eq!(readiness.check(), ["lake_unreachable"]);
        readiness.usage.landed(name, 10);
        assert_eq!(readiness.check(), [] as [&str; 0]);
    }
}
