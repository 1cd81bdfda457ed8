//! Every report: a file each.

mod first_review;
mod lead_time;
mod non_draft;
mod queue_latency;
mod ready_to_merge;
mod throughput;

use crate::Definition;
use crate::definition::Reason;

/// Every report and measure; of a report's measures the first is the plain one.
pub static ALL: &[&Definition] = &[
    &queue_latency::DEFINITION,
    &lead_time::DEFINITION,
    &ready_to_merge::DEFINITION,
    &non_draft::DEFINITION,
    &first_review::DEFINITION,
    &throughput::DEFINITION,
];

/// The report of this name: the measure that is named, else the plain one.
pub fn find(name: &str, measure: Option<&str>) -> Option<&'static Definition> {
    ALL.iter().copied().find(|report| {
        report.name == name && measure.is_none_or(|measure| report.measure == Some(measure))
    })
}

/// The names of the reports, each once.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = ALL.iter().map(|report| report.name).collect();
    names.dedup();
    names
}

const OPEN: Reason = Reason::always("open", "not merged, and open by its latest update");
const CLOSED: Reason = Reason::always("closed_unmerged", "closed by its latest update, not merged");
const UNKNOWN_DRAFT: Reason = Reason::rare(
    "unknown_draft",
    "it became ready, or a draft, and no delivery says when: the value is bounded, not known",
);
const UNTIMED: Reason = Reason::rare("untimed", "no delivery says when it was created or began");
const UNIDENTIFIED: Reason = Reason::rare(
    "unidentified",
    "a delivery without the number of its repository, or of what it tells of",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_is_found_by_its_name() {
        for report in ALL {
            assert!(std::ptr::eq(find(report.name, report.measure).unwrap(), *report));
        }
        assert_eq!(names(), ["queue-latency", "lead-time", "throughput"]);
        assert_eq!(find("lead-time", None).unwrap().measure, Some("lead_time"));
        assert_eq!(find("lead-time", None).unwrap().variant(), None);
        assert!(find("lead-time", Some("no")).is_none() && find("leadtime", None).is_none());
    }

    #[test]
    fn definitions_are_whole() {
        for report in ALL {
            assert!(report.words.starts_with(report.title), "{}", report.name);
            assert!(
                report.words.lines().all(|line| line.chars().count() <= 105),
                "{}",
                report.name
            );
            for reason in report.reasons {
                assert!(report.words.contains(reason.name), "{}: {}", report.name, reason.name);
            }
        }
    }
}
