//! Which operation meets which fault, and what was asked so far.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use object_store::Result;
use object_store::path::Path;

use crate::fault::{self, Fault};

/// What a store was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named like the store's method")]
pub enum Kind {
    Put,
    Create,
    Get,
    List,
    Delete,
    Copy,
}

impl Kind {
    /// Whether it changes what is in the store.
    pub fn is_change(self) -> bool {
        matches!(self, Self::Put | Self::Create | Self::Delete | Self::Copy)
    }
}

/// One thing that was asked of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// How many were asked before it.
    pub number: usize,
    /// What was asked.
    pub kind: Kind,
    /// Of which object, or of which folder.
    pub key: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} ({:?} {})", self.number, self.kind, self.key)
    }
}

/// Something that goes on while an operation waits.
pub type Hook = Arc<dyn Fn(Operation) -> BoxFuture<'static, ()> + Send + Sync>;

/// Which operation meets which fault. Clones share one count of operations.
#[derive(Clone, Default)]
pub struct Script {
    faults: Arc<HashMap<usize, Fault>>,
    stalls: HashMap<Fault, Hook>,
    on_change: Option<Hook>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    operations: Vec<Operation>,
    has_crashed: bool,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Script {
    /// A script with a fault at each of these operations.
    pub fn new(faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self { faults: Arc::new(faults.into_iter().collect()), ..Self::default() }
    }

    /// What goes on while an operation hangs, by [`Fault::StallBefore`] or [`Fault::StallAfter`].
    #[must_use]
    pub fn with_stall(mut self, fault: Fault, stall: Hook) -> Self {
        self.stalls.insert(fault, stall);
        self
    }

    /// What looks at the store after each change.
    #[must_use]
    pub fn with_on_change(self, on_change: Hook) -> Self {
        Self { on_change: Some(on_change), ..self }
    }

    /// What was asked so far, in order.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, and says what is to befall it.
    pub(crate) fn turn(&self, kind: Kind, key: &Path) -> Turn {
        let mut state = self.state();
        let number = state.operations.len();
        let operation = Operation { number, kind, key: key.to_string() };
        state.operations.push(operation.clone());
        let fault = self.faults.get(&number).copied();
        Turn { script: self.clone(), key: key.clone(), operation, fault }
    }
}

/// One operation, from its beginning to its answer.
pub(crate) struct Turn {
    script: Script,
    key: Path,
    operation: Operation,
    fault: Option<Fault>,
}

impl Turn {
    /// Passes where the operation is to be done.
    pub(crate) async fn before(&self) -> Result<()> {
        if self.fault == Some(Fault::CrashBefore) {
            self.script.state().has_crashed = true;
        }
        if self.script.state().has_crashed {
            return Err(fault::crashed());
        }
        let creates = self.operation.kind == Kind::Create;
        if let Some(refusal) = self.fault.and_then(|fault| fault.refusal(&self.key, creates)) {
            return Err(refusal);
        }
        self.stall_at(Fault::StallBefore).await;
        Ok(())
    }

    /// Gives the answer that is heard.
    pub(crate) async fn after<T>(&self, answer: Result<T>) -> Result<T> {
        let is_change = answer.is_ok() && self.operation.kind.is_change();
        if let Some(on_change) = self.script.on_change.as_ref().filter(|_| is_change) {
            on_change(self.operation.clone()).await;
        }
        self.stall_at(Fault::StallAfter).await;
        if self.fault == Some(Fault::CrashAfter) {
            self.script.state().has_crashed = true;
        }
        match (self.fault, answer) {
            (Some(Fault::CrashAfter), _) => Err(fault::crashed()),
            (Some(Fault::AnswerLost), Ok(_)) => Err(fault::lost()),
            (Some(Fault::AskedAgain), Ok(_)) if self.operation.kind == Kind::Create => {
                Err(fault::exists(&self.key))
            }
            (_, answer) => answer,
        }
    }

    /// Whether the body of the answer ends in its middle.
    pub(crate) fn is_truncated(&self) -> bool {
        self.fault == Some(Fault::Truncated)
    }

    async fn stall_at(&self, fault: Fault) {
        if self.fault == Some(fault)
            && let Some(stall) = self.script.stalls.get(&fault)
        {
            stall(self.operation.clone()).await;
        }
    }
}
