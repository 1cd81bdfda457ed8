//! `compactor::items_in`: the same records whatever the windows, and whether packed or not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use octolake_compactor::{Place, What, items_in};

/// Larger than anything that is tried here.
const LARGE: usize = 1 << 26;
/// Decompressed bytes up to which the same is read in small windows, which costs more.
const SMALL: u64 = 1 << 16;

/// The first byte says how large windows are, the second how large a record may be.
pub(crate) fn check(data: &[u8]) {
    let [window, record, object @ ..] = data else { return };
    let (whole, total) = items_in(object, LARGE, LARGE);
    in_order(&whole, total);
    if total > SMALL {
        return;
    }
    let window = 1 + usize::from(*window) * 4;
    let (in_windows, other_total) = items_in(object, window, LARGE);
    in_order(&in_windows, other_total);
    assert_eq!(total, other_total);
    assert_eq!(records(&whole), records(&in_windows), "in windows of {window}");
    let (limited, limited_total) = items_in(object, window, usize::from(*record) * 8);
    in_order(&limited, limited_total);
    assert_eq!(total, limited_total);
    assert!(records(&limited).iter().all(|record| records(&whole).contains(record)));
    if !object.starts_with(&[0x1f]) {
        assert_eq!(items_in(&gzip(object), LARGE, LARGE), (whole, total), "packed");
    }
}

fn in_order(places: &[Place], total: u64) {
    let mut end = 0;
    for Place { offset, what } in places {
        assert!(*offset >= end, "{offset} is before {end}");
        end = match what {
            What::Record(_) => offset + 1,
            What::Broken { length, .. } => offset + length,
        };
        assert!(end <= total, "{end} is behind {total}");
    }
}

fn records(places: &[Place]) -> Vec<&Place> {
    places.iter().filter(|place| matches!(place.what, What::Record(_))).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
