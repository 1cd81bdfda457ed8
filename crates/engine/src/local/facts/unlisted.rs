//! A schema of tables that are there for queries of ours, and in no list of what there is.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::Result;

/// The schema; see the module.
#[derive(Debug, Default)]
pub(super) struct Unlisted {
    tables: RwLock<HashMap<String, Arc<dyn TableProvider>>>,
}

impl Unlisted {
    /// Puts a table in.
    pub(super) fn put(&self, name: &str, table: Arc<dyn TableProvider>) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), table);
    }

    fn get(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[async_trait]
impl SchemaProvider for Unlisted {
    fn table_names(&self) -> Vec<String> {
        vec![]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.get(name))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}
