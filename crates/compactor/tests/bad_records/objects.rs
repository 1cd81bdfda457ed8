//! Whole raw objects: empty, packed in other ways, corrupt, and cut short.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use octolake_compactor::quarantine;
use octolake_compactor::{Settings, verify};
use octolake_store::Lake;

use crate::lake::{batches, gzip, ids, push, put, run};

/// A raw object, how many of its records must be stored, and its entries in quarantine: reason,
/// offset and length.
struct Whole {
    name: &'static str,
    bytes: Vec<u8>,
    stored: usize,
    broken: Vec<(&'static str, usize, usize)>,
}

/// A gzip member of one block that is not compressed, with a right check sum or a wrong one.
fn stored_member(bytes: &[u8], crc_is_right: bool) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let sum = if crc_is_right { crc.sum() } else { !crc.sum() };
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&header, &block(bytes, true)[..], &sum.to_le_bytes(), &(bytes.len() as u32).to_le_bytes()]
        .concat()
}

/// A block of deflate that is not compressed.
fn block(bytes: &[u8], last: bool) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&[u8::from(last)], &length.to_le_bytes()[..], &(!length).to_le_bytes(), bytes].concat()
}

/// The objects; every record in them is `record(n)` for another `n`.
fn table(mut record: impl FnMut() -> Vec<u8>) -> Vec<Whole> {
    let mut objects = Vec::new();
    let mut add = |name, bytes: Vec<u8>, stored, broken: &[(&'static str, usize, usize)]| {
        objects.push(Whole { name, bytes, stored, broken: broken.to_vec() });
    };
    add("empty", vec![], 0, &[]);
    add("one line break", b"\n".to_vec(), 0, &[]);
    add("blanks", b" \t\r\n\n  \r\n".to_vec(), 0, &[]);
    add("many blanks", vec![b'\n'; 9_000_000], 0, &[]);
    add("empty gzip", gzip(b""), 0, &[]);
    add("three empty members", [gzip(b""), gzip(b""), gzip(b"")].concat(), 0, &[]);
    add("blanks in gzip", gzip(b"\n\n \n"), 0, &[]);
    add("half of gzip's mark", vec![0x1f], 0, &[("not_json", 0, 1)]);
    add("gzip's mark", vec![0x1f, 0x8b], 0, &[("corrupt_gzip", 0, 0)]);
    add("a zero", vec![0], 0, &[("not_json", 0, 1)]);
    add("zeros", vec![0; 5_000_000], 0, &[("not_json", 0, 5_000_000)]);
    add("a brace", b"{".to_vec(), 0, &[("truncated", 0, 1)]);
    add("a bracket", b"[".to_vec(), 0, &[("truncated", 0, 1)]);
    add("a quote", b"\"".to_vec(), 0, &[("truncated", 0, 1)]);
    add("a minus", b"-".to_vec(), 0, &[("not_json", 0, 1)]);
    add("a number", b"12".to_vec(), 0, &[("not_an_envelope", 0, 2)]);
    add("a mark of UTF-8", b"\xef\xbb\xbf".to_vec(), 0, &[("not_json", 0, 3)]);
    let zip = b"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00";
    add("a zip", zip.to_vec(), 0, &[("not_json", 0, zip.len())]);
    let zstd = b"\x28\xb5\x2f\xfd\x04\x58\x29\x00\x00\x7b\x22\x61";
    add("zstd", zstd.to_vec(), 0, &[("not_json", 0, zstd.len())]);
    let bzip2 = b"BZh91AY&SY\x00\x00";
    add("bzip2", bzip2.to_vec(), 0, &[("not_json", 0, bzip2.len())]);
    let xz = b"\xfd7zXZ\x00\x00\x04";
    add("xz", xz.to_vec(), 0, &[("not_json", 0, xz.len())]);
    let nested = gzip(&record());
    add("gzip in gzip", gzip(&nested), 0, &[("not_json", 0, nested.len())]);

    let mut two = || [&record()[..], b"\n", &record()].concat();
    add("without a line break at the end", two(), 2, &[]);
    let marked = [b"\xef\xbb\xbf", &two()[..]].concat();
    add("a mark of UTF-8 in front", marked, 2, &[("not_json", 0, 3)]);
    for (name, in_last) in [("cut in its first line", false), ("cut in its last line", true)] {
        let (one, two) = (record(), record());
        let (text, start) = match in_last {
            true => ([&one[..], b"\n", &two].concat(), one.len() + 1),
            false => (one, 0),
        };
        let cut = text.len() - 9;
        let stored = usize::from(in_last);
        add(name, text[..cut].to_vec(), stored, &[("truncated", start, cut - start)]);
    }
    corrupt(&mut add, &mut record);
    objects
}

type Add<'a> = dyn FnMut(&'static str, Vec<u8>, usize, &[(&'static str, usize, usize)]) + 'a;

/// Gzip with a fault in it: what stands in front of the fault is good.
fn corrupt(add: &mut Add<'_>, record: &mut dyn FnMut() -> Vec<u8>) {
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for (name, tail) in [
        ("garbage behind gzip", &b"garbage"[..]),
        ("zeros behind gzip", &[0; 512]),
        ("half a mark behind gzip", &[0x1f]),
        ("half a header behind gzip", &[0x1f, 0x8b, 8, 0]),
        ("another method behind gzip", &[0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 255, 3, 0]),
        ("a zip behind gzip", b"PK\x03\x04"),
    ] {
        let one = record();
        let bytes = [&gzip(&one)[..], tail].concat();
        add(name, bytes, 1, &[("corrupt_gzip", one.len(), 0)]);
    }
    let one = record();
    let plain = [&gzip(&one)[..], b"\n", &record()].concat();
    add("a plain record behind gzip", plain, 1, &[("corrupt_gzip", one.len(), 0)]);
    let (one, packed) = (record(), gzip(&record()));
    let bytes = [&one[..], b"\n", &packed].concat();
    add("gzip behind a plain record", bytes, 1, &[("not_json", one.len() + 1, packed.len())]);
    let one = record();
    add("a wrong check sum", stored_member(&one, false), 1, &[("corrupt_gzip", one.len(), 0)]);
    let one = record();
    let mut wrong = stored_member(&one, true);
    *wrong.last_mut().unwrap() ^= 1;
    add("a wrong length", wrong, 1, &[("corrupt_gzip", one.len(), 0)]);
    let one = record();
    let sumless = stored_member(&one, true);
    let cut = sumless[..sumless.len() - 8].to_vec();
    add("without a check sum", cut, 1, &[("corrupt_gzip", one.len(), 0)]);
    for (name, next) in
        [("a block of no kind", vec![7]), ("lengths that disagree", vec![0, 9, 9, 9, 9])]
    {
        let one = record();
        let bytes = [&header, &block(&one, false)[..], &next].concat();
        add(name, bytes, 1, &[("corrupt_gzip", one.len(), 0)]);
    }
    let (one, two) = (record(), record());
    let half = [&one[..], &two[..40]].concat();
    let bytes = [&header, &block(&half, false)[..], &[7]].concat();
    add("a fault within a record", bytes, 1, &[("corrupt_gzip", one.len(), 40)]);
    let (one, two) = (record(), record());
    let bytes = [stored_member(&one, false), stored_member(&two, true)].concat();
    add("a wrong check sum in front of a member", bytes, 1, &[("corrupt_gzip", one.len(), 0)]);
    let (one, hello) = (record(), b"hello");
    let text = [&one[..], hello].concat();
    let bytes = [gzip(&text), b"x".to_vec()].concat();
    let broken = [("not_json", one.len(), 5), ("corrupt_gzip", text.len(), 0)];
    add("garbage in gzip and behind it", bytes, 1, &broken);
}

#[tokio::test]
async fn whole_objects_are_what_the_table_says() {
    let mut next = 0;
    let objects = table(|| {
        next += 1;
        push(next, 2).into_bytes()
    });
    assert!(objects.len() > 40, "{}", objects.len());
    let lake = Lake::in_memory();
    let key = |number: usize| format!("raw/2026/03/02/10/{number:03}");
    for (number, object) in objects.iter().enumerate() {
        put(&lake, &key(number), object.bytes.clone()).await;
    }
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.failed.len(), report.objects), (0, objects.len() as u64));
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    for raw_key in crate::lake::column(&lake, "raw_key").await {
        *stored.entry(raw_key).or_default() += 1;
    }
    let listed: Vec<_> = quarantine::list(&lake).await.unwrap().try_collect().await.unwrap();
    let entries: Vec<_> = listed.into_iter().map(|listed| listed.entry.unwrap()).collect();
    for (number, object) in objects.iter().enumerate() {
        let (name, key) = (object.name, key(number));
        assert_eq!(stored.get(&key).copied().unwrap_or_default(), object.stored, "{name}");
        let of_key = entries.iter().filter(|entry| entry.raw_key == key);
        let broken: Vec<_> = of_key
            .map(|entry| (&*entry.reason, entry.offset as usize, entry.length as usize))
            .collect();
        assert_eq!(broken, object.broken, "{name}");
    }
    assert!(verify(&lake, &Settings::default()).await.unwrap().unwrap().holds);
    assert!(!ids(&lake).await.is_empty() && !batches(&lake).await.is_empty());
}
