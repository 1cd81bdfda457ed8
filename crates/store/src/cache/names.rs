//! Which objects never change: data files whose names no writer gives twice.

use object_store::path::Path;

/// Whether an object of this name can have one content only, in all the life of the lake: a Parquet
/// file of the table or of the projection whose name holds 32 hexadecimal digits in a row (a run of
/// ours) or a UUID (Spark, deltalake, Trino). The files of the logs are numbered: another lake, or
/// the same one made anew, has other bytes under the same names.
pub(crate) fn is_immutable(key: &Path) -> bool {
    let key = key.as_ref();
    let is_data = key.starts_with("events/event_type=") || key.starts_with("projection/");
    let Some((folder, name)) = key.rsplit_once('/') else { return false };
    is_data
        && !folder.split('/').any(|part| part == "_delta_log")
        && name.strip_suffix(".parquet").is_some_and(is_unique)
}

fn is_unique(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.windows(32).any(|it| it.iter().all(u8::is_ascii_hexdigit))
        || bytes.windows(36).any(is_uuid)
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_given_once_are_kept() {
        for (key, expected) in [
            (
                "events/event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcdef-00007-44bc2cf5ad770999.parquet",
                true,
            ),
            ("projection/part-0123456789abcdef0123456789abcdef-1-44bc2cf5ad770999.parquet", true),
            (
                "projection/event_type=push/month=2026-03/part-00001-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-c000.snappy.parquet",
                true,
            ),
            ("events/event_type=push/date=2026-03-02/part-0.parquet", false),
            (
                "events/event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcde-0.parquet",
                false,
            ),
            ("events/event_type=push/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.json", false),
            ("events/_delta_log/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.parquet", false),
            ("projection/_delta_log/_sidecars/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.parquet", false),
            ("projection/_delta_log/00000000000000000010.checkpoint.parquet", false),
            ("raw/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.parquet", false),
            ("erased/0123456789abcdef0123456789abcdef.parquet", false),
            ("0123456789abcdef0123456789abcdef.parquet", false),
            ("events/event_type=push/x/0123456789abcdef0123456789abcdef.parquet/x", false),
        ] {
            assert_eq!(is_immutable(&Path::from(key)), expected, "{key}");
        }
    }
}
