//! The nearest of some names to one that was mistyped.

/// The name that differs least, if it differs little: a person may have meant it.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let names = ["acme/api", "acme/web", "other/thing"];
        assert_eq!(nearest("acme/appi", names), Some("acme/api"));
        assert_eq!(nearest("ACME/WEB", names), Some("acme/web"));
        assert_eq!(nearest("zzz", names), None);
    }
}
