//! The two spellings of a moment that GitHub uses, and the one that octolake writes.

use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339 in UTC with milliseconds: `2026-03-02T10:00:00.250Z`.
pub fn format_millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Microseconds since the epoch of an RFC 3339 text; `None` where it is none.
pub fn micros_of_text(text: &str) -> Option<i64> {
    utc_seconds(text.as_bytes())
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_micros()))
}

/// Microseconds since the epoch of a number of seconds: `repository.pushed_at` in `push`.
pub fn micros_of_seconds(seconds: i64) -> Option<i64> {
    seconds.checked_mul(1_000_000)
}

/// `2026-03-02T10:00:00Z`, which is how GitHub writes nearly every time: twenty bytes, UTC. The
/// general parser costs ten times as much, and a payload has a dozen of these.
fn utc_seconds(text: &[u8]) -> Option<i64> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        i1,
        i2,
        b':',
        s1,
        s2,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    let two = |a, b| Some(digit(a)? * 10 + digit(b)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let date = chrono::NaiveDate::from_ymd_opt(year as i32, two(m1, m2)?, two(d1, d2)?)?;
    let time = chrono::NaiveTime::from_hms_opt(two(h1, h2)?, two(i1, i2)?, two(s1, s2)?)?;
    Some(date.and_time(time).and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parsers_agree() {
        assert_eq!(micros_of_text("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(micros_of_text("2026-03-02T10:00:00Z"), Some(1_772_445_600_000_000));
        assert_eq!(micros_of_text("2026-03-02T12:00:00.250+02:00"), Some(1_772_445_600_250_000));
        assert_eq!(micros_of_text("2024-02-29T23:59:59Z"), Some(1_709_251_199_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "2026-02-30T10:00:00Z", "2026-03-02", "yesterday", "2026-03-02T25:00:00Z"]
        {
            assert_eq!(micros_of_text(text), None, "{text}");
        }
        assert_eq!(micros_of_seconds(i64::MAX), None);
    }
}
