//! Names of raw objects that hardly anybody would choose.

use futures::TryStreamExt;
use octolake_compactor::{Settings, quarantine, verify};
use octolake_store::{Lake, LakeUrl};

use crate::lake::{counts, push, run};

const NAMES: &[&str] = &[
    "a b",
    "a%20b",
    "100%",
    "a+b",
    "a#b?c=d&e",
    "a~b^c`d|e",
    "[a]{b}<c>",
    "a\"b'c",
    "a\\b",
    "a*b",
    "é",
    "日本",
    "e\u{301}",
    "a\u{202e}b",
    "...",
    "x.json",
    "-",
    "deep/er/still",
    "%2e%2e",
    "C:x",
];

/// A directory takes any name but those with control characters, which the store refuses.
#[tokio::test]
async fn raw_objects_may_be_named_anyhow() {
    let folder = tempfile::tempdir().unwrap();
    let hour = folder.path().join("raw/2026/03/02/10");
    for (id, name) in (1..).zip(NAMES) {
        let path = hour.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{}\nhello\n", push(id, 2))).unwrap();
    }
    let lake = Lake::open(&LakeUrl::Directory(folder.path().to_owned())).unwrap();
    let report = run(&lake, &Settings::default()).await;
    let names = NAMES.len() as u64;
    assert_eq!(report.failed, []);
    assert_eq!(counts(&report), [2 * names, names, 0, names]);
    let listed: Vec<_> = quarantine::list(&lake).await.unwrap().try_collect().await.unwrap();
    for entry in listed.into_iter().map(|listed| listed.entry.unwrap()) {
        let settings = Settings::default();
        assert!(quarantine::get(&lake, &entry.raw_key, entry.offset).await.unwrap().is_some());
        let original = quarantine::original(&lake, &settings, &entry.raw_key, entry.offset).await;
        assert_eq!(original.unwrap().as_deref(), Some(&b"hello\n"[..]), "{}", entry.raw_key);
    }
    assert!(verify(&lake, &Settings::default()).await.unwrap().unwrap().holds);
}
