//! Humans, bots and agents: who is what.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::statement::list;

/// Whose values are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody's.
    All,
    /// Those of people.
    Human,
    /// Those of GitHub Apps and other bots that are no agents.
    Bot,
    /// Those of agents that write code.
    Agent,
}

/// The logins of agents that write code, in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agents(BTreeSet<String>);

/// The agents that are known without a file: how each signs its pull requests.
pub const KNOWN_AGENTS: &[&str] = &[
    "amazon-q-developer[bot]",
    "chatgpt-codex-connector[bot]",
    "claude[bot]",
    "codegen-sh[bot]",
    "copilot",
    "copilot-swe-agent[bot]",
    "cursor[bot]",
    "devin-ai-integration[bot]",
    "google-labs-jules[bot]",
    "openhands-agent",
    "sweep-ai[bot]",
];

/// A file of agents that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is no login: write one per line, and comments behind #")]
pub struct AgentsError {
    line: usize,
    text: String,
}

impl Who {
    /// Every choice, as typed.
    pub const NAMES: [&'static str; 4] = ["human", "bot", "agent", "all"];

    /// Its name, as typed and as printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Human => "human",
            Self::Bot => "bot",
            Self::Agent => "agent",
        }
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::All, Self::Human, Self::Bot, Self::Agent]
            .into_iter()
            .find(|who| who.name() == text)
            .ok_or_else(|| format!("write one of {}", Self::NAMES.join(", ")))
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self(KNOWN_AGENTS.iter().map(|login| (*login).to_owned()).collect())
    }
}

impl Agents {
    /// These and those that a file names: a login a line, comments behind `#`.
    ///
    /// # Errors
    /// A line is no login.
    pub fn extended(mut self, file: &str) -> Result<Self, AgentsError> {
        for (number, line) in file.lines().enumerate() {
            let login = line.split('#').next().unwrap_or_default().trim();
            let is_login = |c: char| c.is_ascii_alphanumeric() || "-_[]".contains(c);
            if !login.chars().all(is_login) {
                return Err(AgentsError { line: number + 1, text: login.to_owned() });
            }
            if !login.is_empty() {
                self.0.insert(login.to_lowercase());
            }
        }
        Ok(self)
    }

    /// What the author of `v` is; NULL where nothing says who it was.
    pub(crate) fn sql(&self) -> String {
        format!(
            "case when lower(v.author) in ({}) then 'agent' \
             when v.author_type = 'Bot' or v.author like '%[bot]' then 'bot' \
             when v.author is not null then 'human' end",
            list(self.0.iter().cloned())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_adds_agents() {
        let agents =
            Agents::default().extended("# ours\nAcme-Coder[bot]  # since May\n\n").unwrap();
        assert!(agents.sql().contains("'acme-coder[bot]'") && agents.sql().contains("'copilot'"));
        let error = Agents::default().extended("ok\nno login'").unwrap_err();
        assert_eq!(error, AgentsError { line: 2, text: "no login'".into() });
    }
}
