//! Which deliveries are kept: by event type and by repository.
//!
//! A filter leaves out what was asked to be left out, and nothing by mistake: a pattern that could
//! never match is an error when the filter is made.

use octolake_event::event_type;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::delivery::VerifiedDelivery;

/// What a filter is made from. An empty list says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Keep these event types only.
    pub events: Vec<String>,
    /// Leave these event types out; counts more than `events`.
    pub ignore_events: Vec<String>,
    /// Keep these repositories only, as `owner/repo` or `owner/*`. A delivery without a repository
    /// (of an organisation, say) is then left out.
    pub repositories: Vec<String>,
    /// Leave these repositories out; counts more than `repositories`. A delivery without a
    /// repository is kept.
    pub ignore_repositories: Vec<String>,
}

/// A pattern that could never match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not of the form that event types have.
    #[error("{0:?} is no event type: write it as in `pull_request`, in lower case")]
    EventType(String),
    /// Neither `owner/repo` nor `owner/*`.
    #[error("{0:?} is no repository: write `owner/repo`, or `owner/*` for all of an owner")]
    Repository(String),
}

/// A checked filter.
#[derive(Debug, Clone, Default)]
pub struct Filter(Filters);

impl Filter {
    /// Checks each pattern.
    pub fn new(filters: Filters) -> Result<Self, FilterError> {
        let events = filters.events.iter().chain(&filters.ignore_events);
        if let Some(wrong) = events.into_iter().find(|text| !event_type::is_valid(text)) {
            return Err(FilterError::EventType(wrong.clone()));
        }
        let repositories = filters.repositories.iter().chain(&filters.ignore_repositories);
        if let Some(wrong) = repositories.into_iter().find(|text| !is_pattern(text)) {
            return Err(FilterError::Repository(wrong.clone()));
        }
        Ok(Self(filters))
    }

    /// Whether `delivery` is kept. Reads the payload only where repositories are filtered.
    pub fn keeps(&self, delivery: &VerifiedDelivery<'_>) -> bool {
        self.keeps_event(delivery.event_type()) && self.keeps_repository(delivery.payload())
    }

    fn keeps_event(&self, event_type: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|text| text == event_type);
        !named(&self.0.ignore_events) && (self.0.events.is_empty() || named(&self.0.events))
    }

    fn keeps_repository(&self, payload: &str) -> bool {
        let Filters { repositories, ignore_repositories, .. } = &self.0;
        if repositories.is_empty() && ignore_repositories.is_empty() {
            return true;
        }
        let Some(name) = repository(payload) else {
            return repositories.is_empty();
        };
        let named = |list: &[String]| list.iter().any(|pattern| matches(pattern, &name));
        !named(ignore_repositories) && (repositories.is_empty() || named(repositories))
    }
}

fn is_pattern(text: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    text.split_once('/').is_some_and(|(owner, repo)| name(owner) && (repo == "*" || name(repo)))
}

/// GitHub's names have no case.
fn matches(pattern: &str, full_name: &str) -> bool {
    match (pattern.strip_suffix("/*"), full_name.split_once('/')) {
        (Some(owner), Some((of, _))) => owner.eq_ignore_ascii_case(of),
        _ => pattern.eq_ignore_ascii_case(full_name),
    }
}

/// `repository.full_name`; `None` where there is none, or it is of another type.
fn repository(payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        repository: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Repository {
        full_name: String,
    }
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    let repository: Repository = serde_json::from_str(payload.repository?.get()).ok()?;
    Some(repository.full_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn event_types_are_kept_and_left_out() {
        let kept = |events: &[&str], ignore: &[&str], event: &str| {
            let filters =
                Filters { events: list(events), ignore_events: list(ignore), ..Filters::default() };
            Filter::new(filters).unwrap().keeps_event(event)
        };
        assert!(kept(&[], &[], "push"));
        assert!(kept(&["push", "ping"], &[], "ping"));
        assert!(!kept(&["push"], &[], "pull_request"));
        assert!(!kept(&["push"], &["push"], "push"));
        assert!(kept(&[], &["push"], "pull_request"));
    }

    #[test]
    fn repositories_are_kept_and_left_out() {
        let kept = |repos: &[&str], ignore: &[&str], payload: &str| {
            let filters = Filters {
                repositories: list(repos),
                ignore_repositories: list(ignore),
                ..Filters::default()
            };
            Filter::new(filters).unwrap().keeps_repository(payload)
        };
        let payload = r#"{"repository":{"id":1,"full_name":"Acme/Web"}}"#;
        assert!(kept(&["acme/web"], &[], payload));
        assert!(kept(&["acme/*"], &[], payload));
        assert!(!kept(&["acme/we", "acm/*", "web/*"], &[], payload));
        assert!(!kept(&["acme/*"], &["ACME/web"], payload));
        assert!(kept(&[], &["acme/api"], payload));
        for without in ["{}", r#"{"repository":null}"#, r#"{"repository":{"full_name":7}}"#] {
            assert!(!kept(&["acme/*"], &[], without), "{without}");
            assert!(kept(&[], &["acme/*"], without), "{without}");
        }
    }

    #[test]
    fn a_pattern_that_could_never_match_is_an_error() {
        for text in ["", "acme", "*", "*/*", "acme/", "acme/w*", "acme/web/x", "https://x/y"] {
            let filters = Filters { repositories: list(&[text]), ..Filters::default() };
            assert_eq!(Filter::new(filters).unwrap_err(), FilterError::Repository(text.into()));
        }
        let filters = Filters { ignore_events: list(&["Push"]), ..Filters::default() };
        assert_eq!(Filter::new(filters).unwrap_err(), FilterError::EventType("Push".into()));
    }
}
