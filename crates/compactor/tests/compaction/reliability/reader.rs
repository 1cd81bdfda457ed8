//! What somebody sees who opens the lake at any moment.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use octolake_lake::Table;
use octolake_store::Lake;

use super::scenario::Scenario;
use crate::lake::batches_of;

/// The rows of a version: body by delivery id.
pub(crate) type Rows = BTreeMap<u128, String>;

/// Reads the newest version whole. One row may be missing, if it is named.
///
/// # Panics
/// Something in it is missing, doubled, or not as its log says.
pub(crate) async fn look(
    lake: &Lake,
    scenario: &Scenario,
    may_lack: Option<u128>,
    when: &str,
) -> Rows {
    let table = Table::open(lake).await.unwrap_or_else(|error| panic!("{when}: {error}"));
    let table = table.unwrap_or_else(|| panic!("{when}: there is no table"));
    let rows = rows(lake, &table, when).await;
    let ledger = table.progress().ledger;
    assert!(ledger.counts.balance(), "{when}: {ledger:?}");
    let counted = ledger.counts.stored - ledger.rows_erased;
    assert_eq!(counted, rows.len() as u64, "{when}: the log counts other rows");
    let unknown: Vec<_> = rows.keys().filter(|id| !scenario.expected.contains_key(id)).collect();
    assert!(unknown.is_empty(), "{when}: rows of no record: {unknown:?}");
    let done = scenario.by_object.iter().filter(|(key, _)| table.progress().is_done(key));
    for (key, ids) in done {
        let is_lost = |id: &&u128| !rows.contains_key(id) && Some(**id) != may_lack;
        let lost: Vec<_> = ids.iter().filter(is_lost).collect();
        assert!(lost.is_empty(), "{when}: {key} is done without {lost:?}");
    }
    rows
}

async fn rows(lake: &Lake, table: &Table, when: &str) -> Rows {
    let mut rows = Rows::new();
    let mut paths = BTreeSet::new();
    for file in table.files() {
        assert!(paths.insert(&file.path), "{when}: {} is named twice", file.path);
        let batches = batches_of(lake, file).await;
        let batches = batches.unwrap_or_else(|error| panic!("{when}: {}: {error}", file.path));
        for batch in batches {
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            for (id, payload) in text("delivery_id").iter().zip(text("payload").iter()) {
                let id: octolake_event::DeliveryId = id.unwrap().parse().unwrap();
                let before = rows.insert(id.as_u128(), payload.unwrap().to_owned());
                assert_eq!(before, None, "{when}: {id} is in the table twice");
            }
        }
    }
    rows
}
