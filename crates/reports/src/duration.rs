//! Durations: as a person reads them, and as one types them.

use std::fmt::{self, Write as _};

/// Seconds in a unit, as a person reads it.
const UNITS: [(&str, f64); 4] = [("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)];

/// The one that is typed only.
const WEEK: (&str, f64) = ("w", 604_800.0);

/// `90` seconds as `1m 30s`: the two largest units, rounded; below ten seconds with one decimal.
pub fn human(seconds: f64) -> String {
    let mut text = String::new();
    // Writing into a String never fails.
    let _ = write_human(&mut text, seconds);
    text
}

/// Appends what [`human`] gives: a table has millions of these.
///
/// # Errors
/// None: a String takes all.
pub fn write_human(out: &mut String, seconds: f64) -> fmt::Result {
    if seconds < 0.0 {
        out.push('-');
        return write_human(out, -seconds);
    }
    if seconds < 9.95 {
        write!(out, "{seconds:.1}")?;
        out.truncate(out.strip_suffix(".0").unwrap_or(out).len());
        out.push('s');
        return Ok(());
    }
    // What rounds up to a whole larger unit is one: 59.7 s are 1m, not 60s.
    let small = if seconds < 3_600.0 - 0.5 {
        1.0
    } else if seconds < 86_400.0 - 30.0 {
        60.0
    } else {
        3_600.0
    };
    let mut rest = (seconds / small).round() * small;
    let mut between = "";
    for (unit, length) in UNITS {
        let count = (rest / length).floor();
        if count > 0.0 && length >= small {
            rest -= count * length;
            write!(out, "{between}{}{unit}", count as u64)?;
            between = " ";
        }
    }
    Ok(())
}

/// `5m` or `1.5h` in seconds; `None` where it is no duration.
pub fn parse(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let (_, length) = UNITS.iter().chain([&WEEK]).find(|(name, _)| *name == unit)?;
    Some(number.parse::<f64>().ok()? * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_two_units() {
        for (seconds, text) in [
            (0.0, "0s"),
            (0.04, "0s"),
            (1.5, "1.5s"),
            (9.96, "10s"),
            (20.0, "20s"),
            (59.7, "1m"),
            (90.0, "1m 30s"),
            (3_599.7, "1h"),
            (3_600.0, "1h"),
            (4_740.0, "1h 19m"),
            (86_390.0, "1d"),
            (270_000.0, "3d 3h"),
            (-3.0, "-3s"),
        ] {
            assert_eq!(human(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn one_types_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90.0),
            ("5m", 300.0),
            ("1.5h", 5_400.0),
            ("2d", 172_800.0),
            ("7w", 4_233_600.0),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
        for text in ["", "5", "m", "5 m", "5y", "-5m", "1.2.3s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
