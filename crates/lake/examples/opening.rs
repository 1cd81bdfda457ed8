//! How long a table of many files takes to open: `cargo run --example opening -- FILES`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it is run by hand")]

use std::time::Instant;

use octolake_event::layout::Partition;
use octolake_lake::{Commit, CommitKind, NewFile, Table, View};
use octolake_store::Lake;

#[tokio::main]
async fn main() {
    let n: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let lake = Lake::in_memory();
    let mut table = Table::open_or_create(&lake).await.unwrap();
    let now: chrono::DateTime<chrono::Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
    let day0 = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    for c in 0..20 {
        let mut commit = Commit::new(CommitKind::Append, c as i64, now);
        for i in 0..n / 20 {
            let date = day0 + chrono::TimeDelta::days((i % 400) as i64);
            let path = format!(
                "event_type=push/date={date}/part-{c}-{i:08}-00000000000000000000000000.parquet"
            );
            commit.adds.push(NewFile {
                partition: Partition::of_file(&path).unwrap(),
                path,
                bytes: 100,
                rows: 7,
                received: (now, now),
            });
        }
        table.commit(&commit).await.unwrap();
    }
    if std::env::args().nth(2).is_some() {
        table.checkpoint().await.unwrap();
    }
    for round in 0..3 {
        let started = Instant::now();
        View::open(&lake).await.unwrap().unwrap();
        println!("{round}: view {:?}", started.elapsed());
        let started = Instant::now();
        let t = Table::open(&lake).await.unwrap().unwrap();
        println!("{round}: open {} files {:?}", t.files().len(), started.elapsed());
        let started = Instant::now();
        let mut t = t;
        let mut commit = Commit::new(CommitKind::Append, 100 + round, now);
        let path = format!("event_type=push/date=2024-01-01/part-x{round}.parquet");
        commit.adds.push(NewFile {
            partition: Partition::of_file(&path).unwrap(),
            path,
            bytes: 100,
            rows: 7,
            received: (now, now),
        });
        t.commit(&commit).await.unwrap();
        println!("   commit {:?}", started.elapsed());
    }
}
