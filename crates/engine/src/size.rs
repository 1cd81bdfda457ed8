//! Sizes as a person reads them.

/// A number of bytes as a person reads it: `1.5 MB`, in steps of a thousand.
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if amount < 999.5 {
            let digits = usize::from(amount < 9.95 && unit != "B");
            return format!("{amount:.digits$} {unit}");
        }
        amount /= 1e3;
    }
    format!("{amount:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (999_600, "1.0 MB"),
            (25_000_000, "25 MB"),
            (3_000_000_000_000, "3.0 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
