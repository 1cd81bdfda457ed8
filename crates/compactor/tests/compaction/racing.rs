//! Several compactors on one lake at once.

use std::sync::Arc;

use octolake_compactor::{Settings, verify};
use octolake_store::{Lake, LakeUrl};

use crate::lake::{ids, push, put, run};

async fn race(lake: Lake) {
    for number in 0..12u128 {
        let text: String = (0..20).map(|n| push(number * 15 + n, 2 + (n % 3) as u32)).collect();
        put(&lake, &format!("raw/2026/03/02/10/{number:02}"), text).await;
    }
    let settings = Arc::new(Settings { commit_rows: 25, merge_fan_in: 2, ..Settings::default() });
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let (lake, settings) = (lake.clone(), settings.clone());
            tokio::spawn(async move { run(&lake, &settings).await })
        })
        .collect();
    let (mut stored, mut conflicts) = (0, 0);
    for run in runs {
        let report = run.await.unwrap();
        stored += report.stored;
        conflicts += report.conflicts;
    }
    assert_eq!(stored, 11 * 15 + 20);
    assert!(conflicts > 0, "they never met");
    assert_eq!(ids(&lake).await, (0..185).collect::<Vec<_>>());
    let verdict = verify(&lake, &settings).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory() {
    race(Lake::in_memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    race(Lake::open(&LakeUrl::Directory(dir.path().into())).unwrap()).await;
}
