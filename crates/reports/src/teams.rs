//! Teams: which repositories, labels and people are whose, by a file.
//!
//! ```toml
//! [[team]]
//! name = "platform"
//! repositories = ["acme/infra", "acme-platform/*"]
//! labels = ["gpu"]
//! people = ["ana", "bob"]
//! ```
//!
//! A thing is of the first team that has its repository, one of its labels, or its author.

use serde::Deserialize;

use crate::Dimension;
use crate::statement::{asked::has_label, literal, lower};

/// The teams of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    #[serde(default)]
    team: Vec<Team>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    name: String,
    #[serde(default)]
    repositories: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    people: Vec<String>,
}

/// Why a file names no teams.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeamsError {
    /// It is no such TOML; the text says where and what, and which keys there are.
    #[error("{0}")]
    Syntax(String),
    /// It has no team.
    #[error("it names no team: write [[team]], name = \"…\" and repositories, labels or people")]
    Empty,
    /// A team that nothing can be of.
    #[error("team `{0}` has no repositories, labels or people")]
    Nothing(String),
    /// A name that stands twice.
    #[error("team `{0}` stands there twice")]
    Twice(String),
    /// A repository that is none.
    #[error("team `{team}`: `{text}` is no repository: write owner/name or owner/*")]
    Repository {
        /// The team.
        team: String,
        /// What it says.
        text: String,
    },
}

impl Teams {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// It names no teams, or has a key that is none.
    pub fn parse(text: &str) -> Result<Self, TeamsError> {
        let teams: Self = toml::from_str(text)
            .map_err(|error| TeamsError::Syntax(error.to_string().trim_end().to_owned()))?;
        if teams.team.is_empty() {
            return Err(TeamsError::Empty);
        }
        for (place, team) in teams.team.iter().enumerate() {
            team.check()?;
            if teams.team[..place].iter().any(|other| other.name == team.name) {
                return Err(TeamsError::Twice(team.name.clone()));
            }
        }
        Ok(teams)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.team.iter().map(|team| team.name.as_str())
    }

    /// Whether repositories decide.
    pub(crate) fn names_repositories(&self) -> bool {
        self.team.iter().any(|team| !team.repositories.is_empty())
    }

    /// The team of `v`, whose repository's names are `r`; NULL where it is of none.
    pub(crate) fn sql(&self, dimensions: &[Dimension]) -> String {
        let has_labels = dimensions.contains(&Dimension::Label);
        let cases: Vec<String> = self
            .team
            .iter()
            .map(|team| format!("when {} then {}", team.condition(has_labels), literal(&team.name)))
            .collect();
        format!("case {} end", cases.join(" "))
    }
}

impl Team {
    fn check(&self) -> Result<(), TeamsError> {
        if self.repositories.is_empty() && self.labels.is_empty() && self.people.is_empty() {
            return Err(TeamsError::Nothing(self.name.clone()));
        }
        let is_repository = |text: &str| {
            text.split_once('/').is_some_and(|(owner, name)| {
                !owner.is_empty() && !name.is_empty() && !name.contains('/') && !owner.contains('*')
            })
        };
        match self.repositories.iter().find(|text| !is_repository(text)) {
            Some(text) => {
                Err(TeamsError::Repository { team: self.name.clone(), text: text.clone() })
            }
            None => Ok(()),
        }
    }

    fn condition(&self, has_labels: bool) -> String {
        let name = "lower(coalesce(r.name, v.told_repo))";
        let repositories = self.repositories.iter().map(|repository| {
            let repository = lower(repository);
            match repository.strip_suffix('*') {
                Some(start) => format!("strpos({name}, {}) = 1", literal(start)),
                None => format!("{name} = {}", literal(&repository)),
            }
        });
        let labels = self.labels.iter().filter(|_| has_labels).map(|label| has_label(label));
        let people =
            self.people.iter().map(|login| format!("lower(v.author) = {}", literal(&lower(login))));
        let all: Vec<String> = repositories.chain(labels).chain(people).collect();
        if all.is_empty() { "false".to_owned() } else { all.join(" or ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_who_is_whose() {
        let teams = Teams::parse(
            "[[team]]\nname = \"it's\"\nrepositories = [\"Acme/*\"]\npeople = [\"Ana\"]\n",
        )
        .unwrap();
        assert_eq!(teams.names().collect::<Vec<_>>(), ["it's"]);
        assert_eq!(
            teams.sql(&[]),
            "case when strpos(lower(coalesce(r.name, v.told_repo)), 'acme/') = 1 \
             or lower(v.author) = 'ana' then 'it''s' end"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| Teams::parse(text).unwrap_err().to_string();
        assert!(wrong("[[team]]\nname = \"a\"\nmembers = [\"b\"]\n").contains("`members`"));
        assert!(wrong("").contains("no team"));
        assert!(wrong("[[team]]\nname = \"a\"\n").contains("`a` has no repositories"));
        assert!(
            wrong("[[team]]\nname = \"a\"\nrepositories = [\"x\"]\n")
                .contains("`x` is no repository")
        );
        let twice = "[[team]]\nname = \"a\"\npeople = [\"x\"]\n";
        assert!(wrong(&twice.repeat(2)).contains("twice"));
    }
}
