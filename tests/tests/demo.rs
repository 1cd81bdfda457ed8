//! The demo of the built binary: the same seed gives the same figures, all of them are what the
//! simulation knows of itself, and no lake of anybody else's is touched.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use octolake_tests::TestLake;
use serde_json::Value;

fn demo(lake: &TestLake, seed: &str) -> Value {
    lake.json(&["demo", "--deliveries", "500", "--seed", seed, "-q"])
}

/// A report without how fresh it is: each demo delivers when it runs.
fn figures(report: &Value) -> Value {
    let mut figures = report.clone();
    let freshness = figures.as_object_mut().and_then(|report| report.remove("freshness"));
    assert!(freshness.is_some_and(|it| it["newest_arrival"].is_string()), "{report}");
    figures
}

fn all_figures(demo: &Value) -> Vec<Value> {
    demo["reports"].as_array().unwrap().iter().map(figures).collect()
}

#[test]
fn a_seed_gives_the_same_figures_every_time() {
    let (lake, again, other) = (TestLake::new(), TestLake::new(), TestLake::new());
    let demos = [demo(&lake, "7"), demo(&again, "7"), demo(&other, "8")];
    for demo in &demos {
        assert_eq!(demo["checked"]["differences"], Value::Array(vec![]), "{demo}");
        assert!(demo["checked"]["figures"].as_u64().unwrap() > 100, "{demo}");
        assert!(demo["compact"]["duplicates"].as_u64().unwrap() > 0, "{demo}");
        assert!(demo["delivered"]["forged_refused"].as_u64().unwrap() > 0, "{demo}");
    }
    assert_eq!(all_figures(&demos[0]), all_figures(&demos[1]));
    assert_ne!(all_figures(&demos[0]), all_figures(&demos[2]));
    // What the demo printed is what a report says afterwards.
    let latency = lake.json(&["report", "queue-latency"]);
    assert_eq!(figures(&latency), figures(&demos[0]["reports"][0]));
    lake.verify();
}

#[test]
fn a_demo_says_what_to_try_next() {
    let lake = TestLake::new();
    let run = lake.run(&["demo", "--deliveries", "300"]).fine();
    assert!(run.stdout.contains("p95") && run.stdout.contains("Left out: "), "{run:?}");
    let place = format!("The lake is in {}", lake.path().display());
    assert!(run.stderr.contains(&place), "{run:?}");
    assert!(run.stderr.contains("lakequery report queue-latency"), "{run:?}");
}

#[test]
fn a_lake_of_somebody_else_is_left_alone() {
    let lake = TestLake::example();
    let before = lake.files("");
    let run = lake.run(&["demo", "--deliveries", "100"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("no demo made it"), "{run:?}");
    assert_eq!(lake.files(""), before);
}
