//! Which repository a thing belongs to, what it is called, and by which names it is found.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::Delivery;

const GITHUB: &str = "github.com";

/// A repository of a host. One without an id is known only by what the delivery calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Repository {
    pub(crate) source: String,
    pub(crate) id: Option<i64>,
    /// The name in the delivery, where there is no id.
    pub(crate) stray: Option<String>,
}

impl Repository {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        let id = delivery.repository_id();
        let stray = delivery.text("repository.full_name").filter(|_| id.is_none());
        Self { source: delivery.source.clone(), id, stray }
    }
}

/// A name, and when a delivery told it: `(own time, arrival, name)`.
type Naming = (i64, i64, String);

/// The names of every repository with an id, by host and id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(BTreeMap<(String, i64), BTreeSet<Naming>>);

impl Names {
    pub(crate) fn of(deliveries: &[&Delivery]) -> Self {
        let mut names = BTreeMap::<_, BTreeSet<_>>::new();
        for d in deliveries {
            if let (Some(id), Some(name)) = (d.repository_id(), d.text("repository.full_name")) {
                let told = (d.own_time(), d.arrival(), name);
                names.entry((d.source.clone(), id)).or_default().insert(told);
            }
        }
        Self(names)
    }

    /// Its newest name.
    fn newest(&self, source: &str, id: i64) -> Option<&String> {
        self.0.get(&(source.to_owned(), id))?.last().map(|(.., name)| name)
    }

    /// Whether a repository of another host has this name today, in whatever case.
    fn is_ambiguous(&self, source: &str, name: &str) -> bool {
        self.0.keys().any(|(other, id)| {
            other != source
                && self.newest(other, *id).is_some_and(|n| n.to_lowercase() == name.to_lowercase())
        })
    }

    /// What it is called in a report.
    pub(crate) fn shown(&self, repository: &Repository) -> Option<String> {
        let source = &repository.source;
        let name = self.newest(source, repository.id?)?;
        if source != GITHUB && self.is_ambiguous(source, name) {
            Some(format!("{source}/{name}"))
        } else {
            Some(name.clone())
        }
    }

    /// Whether it was ever called one of the wanted names: `owner/name` or `host/owner/name`, in
    /// any case. Everything is wanted where nothing is named.
    pub(crate) fn is_wanted(&self, repository: &Repository, wanted: &[String]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let Repository { source, id, stray } = repository;
        let mut ever: Vec<&String> = stray.iter().collect();
        if let Some(told) = id.and_then(|id| self.0.get(&(source.clone(), id))) {
            ever.extend(told.iter().map(|(.., name)| name));
        }
        let matches = |wanted: &String| {
            ever.iter().any(|name| {
                let wanted = wanted.to_lowercase();
                wanted == name.to_lowercase() || wanted == format!("{source}/{name}").to_lowercase()
            })
        };
        wanted.iter().any(matches)
    }
}
