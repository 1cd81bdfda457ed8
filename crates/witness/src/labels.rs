//! A set of labels as one text, the same for sets that runners take as the same.

use std::collections::BTreeSet;

/// Folded, each once, sorted, joined with `,`; one with `,` or `"` in it is quoted as in CSV.
pub(crate) fn joined(labels: &[String]) -> String {
    let set: BTreeSet<String> = labels.iter().map(|label| label.to_lowercase()).collect();
    set.iter().map(|label| quoted(label)).collect::<Vec<_>>().join(",")
}

fn quoted(label: &str) -> String {
    if label.contains([',', '"']) {
        format!("\"{}\"", label.replace('"', "\"\""))
    } else {
        label.to_owned()
    }
}

/// The labels as they stand, sorted and joined: by this, deliveries that disagree are ordered.
pub(crate) fn raw(labels: &[String]) -> String {
    let mut sorted = labels.to_vec();
    sorted.sort();
    sorted.join("\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(labels: &[&str]) -> String {
        joined(&labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn labels_compare_as_runners_do() {
        assert_eq!(join(&["X64", "Linux"]), "linux,x64");
        assert_eq!(join(&["linux", "x64", "Linux"]), "linux,x64");
        assert_eq!(join(&[]), "");
        assert_eq!(join(&["a,b"]), "\"a,b\"");
        assert_eq!(join(&["a", "b"]), "a,b");
        assert_eq!(join(&["say \"hi\""]), "\"say \"\"hi\"\"\"");
    }

    #[test]
    fn they_are_sorted_before_they_are_quoted() {
        // By bytes: `"` stands before letters, but the quotes are no part of the label.
        assert_eq!(join(&["b,c", "a"]), "a,\"b,c\"");
        assert_eq!(join(&["Ä", "z"]), "z,ä");
    }
}
