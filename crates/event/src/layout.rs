//! Where things live in a lake: every key is built and parsed here, and nowhere else.
//!
//! ```text
//! raw/<yyyy>/<mm>/<dd>/<hh>/<any name>          envelopes as they arrived, by arrival hour (UTC)
//! large/<yyyy>/<mm>/<dd>/<delivery id>.json.gz  bodies too large for the bus
//! events/event_type=<type>/date=<date>/…        the Delta table, with events/_delta_log/
//! projection/event_type=<type>/month=<month>/…  its rows without payloads, with projection/_delta_log/
//! projection/_facts/<the same>                  of each of its files of jobs: one row per job
//! quarantine/<raw key without raw/>/<offset>.json   records that could not be read, from this one on
//! erased/<run>.parquet                          ids of deliveries that were erased
//! rebuild/events/                               the table while it is made anew from raw/
//! staging/                                      files on their way to their names (`octolake_store`)
//! spool/                                        what `serve` has taken and not landed yet
//! ```
//!
//! Keys are relative to the lake's root, with `/` between their parts, on disk and on S3 alike.

mod aside;
mod projection;
mod raw;
mod table;

pub use aside::{
    erased_key, is_erased_key, is_large_key, is_quarantine_key, large_date, large_id, large_key,
    quarantine_folder, quarantine_key, quarantined,
};
pub use projection::{
    PROJECTION, PROJECTION_LOG, facts_key, month_of, month_of_text, month_text, path_in_projection,
    path_of_facts, projected_file, projected_folder, projected_key, projected_partition,
    projected_partition_of,
};
pub use raw::{
    RawFolder, is_under_raw, raw_day, raw_folder, raw_folder_of, raw_hour, raw_key, raw_key_hash,
    reached_name, reached_of, seal_name, seal_of, searched_name, searched_of,
};
pub use table::{
    Partition, commit_key, commit_name, data_file, date_of_file, is_intact, path_in_table,
    rebuilt_key, table_key,
};

/// The folder of raw objects.
pub const RAW: &str = "raw";
/// The folder of claim-checked bodies.
pub const LARGE: &str = "large";
/// The folder of the Delta table.
pub const EVENTS: &str = "events";
/// The folder of the table's log.
pub const TABLE_LOG: &str = "events/_delta_log";
/// The folder of deliveries that have not landed yet, in a lake that is a directory.
pub const SPOOL: &str = "spool";
/// The folder of the lists of erased deliveries.
pub const ERASED: &str = "erased";
/// Where the table is made anew, beside the one in use.
pub const REBUILD: &str = "rebuild/events";
/// Is there while that table is removed.
pub const REBUILD_CLEARING: &str = "rebuild/clearing";
/// The folder of records that could not be read.
pub const QUARANTINE: &str = "quarantine";

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::DeliveryId;
    use crate::event_type::EventType;

    proptest! {
        #[test]
        fn raw_keys_round_trip(seconds in 0i64..4_102_444_800, name in "[a-zA-Z0-9._-]{1,40}") {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let hour = DateTime::from_timestamp(seconds - seconds % 3600, 0).unwrap();
            prop_assert_eq!(raw_hour(&raw_key(at, &name)), Some(hour));
        }

        #[test]
        fn quarantine_keys_round_trip(name in "[^/\u{0}]{1,20}(/[^/\u{0}]{1,20}){0,5}", offset: u64) {
            let raw_key = format!("raw/{name}");
            prop_assert_eq!(quarantined(&quarantine_key(&raw_key, offset)), Some((raw_key, offset)));
        }

        #[test]
        fn large_keys_round_trip(seconds in 0i64..4_102_444_800, id: u128) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert!(is_large_key(&large_key(at, DeliveryId::from_u128(id))));
        }

        #[test]
        fn partitions_round_trip(kind in "[a-z][a-z0-9_]{0,63}", days in 0i32..40_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(719_163 + days).unwrap();
            let partition = Partition { event_type: EventType::partition_of(&kind), date };
            let path = format!("{}/part-0.parquet", partition.folder());
            prop_assert_eq!(Partition::of_file(&path), Some(partition));
        }
    }

    #[test]
    fn a_data_file_is_known_by_its_bytes() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let partition = Partition { event_type: EventType::partition_of("push"), date };
        let path = data_file(&partition, "0123456789abcdef0123456789abcdef", 7, b"abc");
        assert_eq!(
            path,
            "event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcdef-00007-44bc2cf5ad770999.parquet"
        );
        assert_eq!(is_intact(&path, b"abc"), Some(true));
        assert_eq!(is_intact(&path, b"abd"), Some(false));
        for other in [
            "event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcdef-00007.parquet",
            "event_type=push/date=2026-03-02/part-00001-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-c000.snappy.parquet",
            "part-1-2-3.parquet",
        ] {
            assert_eq!(is_intact(other, b"abc"), None, "{other}");
        }
    }

    #[test]
    fn keys_read_as_the_contract_says() {
        let at = "2026-03-02T08:09:10Z".parse().unwrap();
        let id = DeliveryId::from_u128(0xabc);
        assert_eq!(raw_key(at, "x.gz"), "raw/2026/03/02/08/x.gz");
        assert_eq!(
            large_key(at, id),
            "large/2026/03/02/00000000-0000-0000-0000-000000000abc.json.gz"
        );
        assert_eq!(
            quarantine_key("raw/2026/03/02/08/x.gz", 42),
            "quarantine/2026/03/02/08/x.gz/000000000042.json"
        );
    }

    #[test]
    fn days_have_folders_and_seals() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(raw_day("raw/2026/03/02/08/x.gz"), Some(day(2026, 3, 2)));
        assert_eq!(raw_day("raw/2026/03/02/x.gz"), None);
        assert_eq!(raw_folder(day(2026, 3, 2)), "raw/2026/03/02");
        assert_eq!(raw_folder_of("raw/2026/03/02"), Some(RawFolder::Day(day(2026, 3, 2))));
        for above in ["raw/2026", "raw/2026/12"] {
            assert_eq!(raw_folder_of(above), Some(RawFolder::Above), "{above}");
        }
        for other in ["raw", "raw/", "raw/26", "raw/2026/13", "raw/2026/02/30", "raw/old/03/02"] {
            assert_eq!(raw_folder_of(other), None, "{other}");
        }
        assert_eq!(raw_folder_of("raw/2026/03/02/08"), None);
        assert_eq!(seal_name(day(2026, 11, 9)), "sealed/2026/11/09");
        assert_eq!(seal_of("sealed/2026/11/09"), Some((day(2026, 11, 9), "")));
        assert_eq!(seal_of("sealed/2026/11/09/count"), Some((day(2026, 11, 9), "count")));
        for other in
            ["sealed", "sealed/", "sealed/2026/11/9", "sealed/2026/11/0ä", "sealed/2026/11/091"]
        {
            assert_eq!(seal_of(other), None, "{other}");
        }
    }

    #[test]
    fn other_keys_tell_no_quarantined_record() {
        for key in [
            "",
            "quarantine",
            "quarantine/x.json",
            "quarantine/x/12.json",
            "quarantine/x/+00000000012.json",
            "quarantine/x/000000000012",
            "raw/x/000000000012.json",
        ] {
            assert_eq!(quarantined(key), None, "{key}");
        }
    }

    #[test]
    fn other_keys_are_no_raw_keys() {
        for key in [
            "",
            "raw",
            "raw/2026/03/02/08/",
            "raw/2026/3/02/08/x",
            "raw/2026/13/02/08/x",
            "large/a",
        ] {
            assert_eq!(raw_hour(key), None, "{key}");
        }
    }

    #[test]
    fn a_claim_check_names_only_claim_checks() {
        for key in [
            "large/2026/03/02/../../../raw/x.json.gz",
            "large/2026/3/2/00000000-0000-0000-0000-000000000abc.json.gz",
            "raw/2026/03/02/08/x",
            "large/2026/03/02/x.json.gz",
        ] {
            assert!(!is_large_key(key), "{key}");
        }
    }

    #[test]
    fn other_files_have_no_partition() {
        for path in [
            "_delta_log/00000000000000000000.json",
            "event_type=../date=2026-03-02/x",
            "event_type=push/date=2026-03-02/",
            "event_type=push/date=2026-03-02/a/b",
            "event_type=push/date=March/a",
            "event_type=push/date=2026-3-2/a",
            "event_type=Push/date=2026-03-02/a",
        ] {
            assert_eq!(Partition::of_file(path), None, "{path}");
        }
    }
}
