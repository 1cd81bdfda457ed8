//! A record in quarantine is found again in its raw object, and nothing else is.

use futures::TryStreamExt;
use octolake_compactor::quarantine::{self, Listed};
use octolake_compactor::{CompactError, Settings};
use octolake_store::Lake;

use crate::lake::{gzip, push, put, run};

const KEY: &str = "raw/2026/03/02/10/x";

/// Small enough that records and what is broken go over many windows.
fn settings() -> Settings {
    Settings { window_bytes: 1_000, max_record_bytes: 100_000, ..Settings::default() }
}

async fn original(lake: &Lake, offset: u64) -> Result<Option<Vec<u8>>, CompactError> {
    quarantine::original(lake, &settings(), KEY, offset).await
}

#[tokio::test]
async fn a_long_one_comes_back_whole_and_an_endless_one_is_an_error() {
    let long = format!("x{}\n", "y".repeat(150_000));
    let endless = vec![b'z'; 300_000];
    let first = push(1, 2) + "\n";
    let lake = Lake::in_memory();
    let text = [first.as_bytes(), long.as_bytes(), push(2, 2).as_bytes(), b"\n", &endless].concat();
    put(&lake, KEY, gzip(&text)).await;
    assert_eq!(run(&lake, &settings()).await.quarantined, 2);
    let entries: Vec<Listed> = quarantine::list(&lake).await.unwrap().try_collect().await.unwrap();
    let places: Vec<_> = entries.into_iter().map(|listed| listed.entry.unwrap()).collect();
    assert_eq!(places[0].offset, first.len() as u64);
    assert_eq!(original(&lake, places[0].offset).await.unwrap(), Some(long.into_bytes()));
    let error = original(&lake, places[1].offset).await.unwrap_err();
    assert!(matches!(error, CompactError::RecordTooLong { .. }), "{error}");
    assert!(error.to_string().contains(KEY), "{error}");
}

#[tokio::test]
async fn where_no_record_begins_there_is_none() {
    let lake = Lake::in_memory();
    let first = push(1, 2) + "\n";
    put(&lake, KEY, format!("{first}hello\n")).await;
    let end = first.len() as u64 + 6;
    assert_eq!(
        original(&lake, first.len() as u64).await.unwrap().as_deref(),
        Some(&b"hello\n"[..])
    );
    assert_eq!(original(&lake, 0).await.unwrap(), Some(push(1, 2).into_bytes()));
    for offset in [1, first.len() as u64 + 1, end, end + 1, u64::MAX] {
        assert_eq!(original(&lake, offset).await.unwrap(), None, "{offset}");
    }
    for key in ["", "raw/x", "raw/2026/03/02/10/y", "events/x", "raw/2026/03/02/10/../x"] {
        let found = quarantine::original(&lake, &settings(), key, 0).await.unwrap();
        assert_eq!(found, None, "{key}");
        assert_eq!(quarantine::get(&lake, key, 0).await.unwrap(), None, "{key}");
    }
}

#[tokio::test]
async fn what_is_no_entry_is_listed_as_such() {
    let lake = Lake::in_memory();
    put(&lake, KEY, "hello").await;
    run(&lake, &settings()).await;
    put(&lake, "quarantine/README", "hello").await;
    put(&lake, "quarantine/2026/03/02/10/x/000000000001.json", "{}").await;
    let listed: Vec<Listed> = quarantine::list(&lake).await.unwrap().try_collect().await.unwrap();
    let keys: Vec<(&str, bool)> =
        listed.iter().map(|listed| (&*listed.key, listed.entry.is_some())).collect();
    let expected = [
        ("quarantine/2026/03/02/10/x/000000000000.json", true),
        ("quarantine/2026/03/02/10/x/000000000001.json", false),
        ("quarantine/README", false),
    ];
    assert_eq!(keys, expected);
}
