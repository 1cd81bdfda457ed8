//! What is found in an object is the same whether usual records are taken on trust or not.

use super::*;

const ID: &str = "00000000-0000-0000-0000-00000000000";

fn line(id: u8, detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"{ID}{id}","detail-type":"push","time":"2026-03-02T10:00:00Z","detail":{detail}}}"#
    )
}

/// What is where, read in windows of so many bytes; and how many records were taken on trust.
fn found(bytes: &[u8], window: usize, trusting: bool) -> (Vec<(u64, String)>, usize) {
    let mut windows = Windows::new(Limits { window, record: 400 });
    let mut parts = bytes.chunks(window.max(2));
    let (mut found, mut trusted) = (vec![], 0);
    loop {
        while windows.is_hungry() {
            windows.feed(parts.next().unwrap_or_default());
        }
        if !windows.is_due() {
            return (found, trusted);
        }
        let mut take = |offset: u64, envelope: &Envelope<'_>| {
            let is_json = serde_json::from_str::<&serde_json::value::RawValue>(envelope.detail);
            if is_json.is_ok() {
                found.push((offset, format!("{} {}", envelope.meta.id, envelope.detail)));
                trusted += 1;
            }
            is_json.is_ok()
        };
        if trusting && windows.take_plain(&mut take) {
            continue;
        }
        let (items, step) = windows.items();
        found.extend(items.into_iter().map(|item| match item {
            Item::Record { offset, envelope, .. } => {
                (offset, format!("{} {}", envelope.meta.id, envelope.detail))
            }
            Item::Broken(broken) => (broken.offset, format!("{} {}", broken.reason, broken.length)),
        }));
        windows.advance(step);
    }
}

#[test]
fn both_ways_find_the_same() {
    let good: Vec<String> = (0..10).map(|id| line(id, r#"{"a":[1,"\n"]}"#)).collect();
    let large = line(1, &format!(r#"{{"a":"{}"}}"#, "x".repeat(400)));
    let [a, b] = [&good[1], &good[2]];
    for (text, trusted) in [
        (good.join("\n"), 10),
        (good.join("\r\n"), 10),
        (good.concat(), 0),
        (format!("{a}\n\n  {b}\n{a}{b}\n{b}\n"), 2),
        (format!("{a}\nx\n{b}\n"), 1),
        (format!("{a}\n{}\n{b}\n", line(3, r#"{"a":1"#)), 1),
        (format!("{a}\n{}\n{b}\n", line(3, "{\"a\tb\":1}")), 1),
        (format!("{a}\n{}\n{b}\n", line(3, r#"{"a":1}},{"x":{"#)), 1),
        (format!("{a}\n{large}\n{b}\n"), 1),
        (format!("{a}\n{}", &b[..b.len() - 2]), 1),
        (format!("[{a}]\n{b}\n"), 0),
        (format!("{a}\n\"{b}\n{a}\n"), 1),
    ] {
        let (careful, _) = found(text.as_bytes(), 1 << 20, false);
        assert!(!careful.is_empty());
        let (whole, count) = found(text.as_bytes(), 1 << 20, true);
        assert_eq!((&whole, count), (&careful, trusted), "{text}");
        for window in [1, 100, 333, 1_000] {
            let (small, _) = found(text.as_bytes(), window, true);
            assert_eq!(small, found(text.as_bytes(), window, false).0, "{window}: {text}");
        }
    }
}

#[test]
fn of_many_small_records_some_are_taken_at_once() {
    let text = format!("{}\n", line(1, "{}")).repeat(LOOK_ITEMS + 10);
    let (found, trusted) = found(text.as_bytes(), 1 << 20, true);
    assert_eq!((found.len(), trusted), (LOOK_ITEMS + 10, LOOK_ITEMS + 10));
}
