//! Four shorthands in the SQL of this crate, written out before any engine sees it. Each is long,
//! stands in several texts, and must be the same in all of them.

/// `ms(t)`: a time in whole milliseconds since the epoch.
const MS: &str = "cast(round(to_unixtime({}) * 1e3) as bigint)";

/// `sortable(n)`: milliseconds as 17 digits, whatever the year: a text that sorts as they do.
const SORTABLE: &str = "cast({} + 20000000000000000 as varchar)";

/// `label_list(t)`: labels joined by U+0001, as runners compare them: in small letters, each once,
/// sorted.
const LABEL_LIST: &str =
    "coalesce(array_join(array_sort(array_distinct(split(lower({}), chr(1)))), chr(1)), '')";

/// `label_text(t)`: such a list joined by commas; a label with a comma or a quote is quoted as in CSV.
const LABEL_TEXT: &str = "replace(regexp_replace(replace({}, '\"', '\"\"'), \
                          '([^\\x01]*[,\"][^\\x01]*)', '\"$1\"'), chr(1), ',')";

const ALL: [(&str, &str); 4] = [
    ("label_list(", LABEL_LIST),
    ("label_text(", LABEL_TEXT),
    ("sortable(", SORTABLE),
    ("ms(", MS),
];

/// The text with every shorthand written out.
pub(crate) fn written_out(sql: &str) -> String {
    ALL.iter().fold(sql.to_owned(), |sql, (name, meaning)| replaced(&sql, name, meaning))
}

fn replaced(sql: &str, name: &str, meaning: &str) -> String {
    let mut out = String::with_capacity(sql.len() * 2);
    let mut rest = sql;
    while let Some(at) = rest.find(name) {
        let (before, call) = rest.split_at(at);
        let inside = &call[name.len()..];
        // Part of a longer name, as in `sums(`: no shorthand.
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            out.push_str(before);
            out.push_str(name);
            rest = inside;
            continue;
        }
        let end = closing(inside);
        let argument = replaced(&inside[..end], name, meaning);
        out.push_str(before);
        out.push_str(&meaning.replace("{}", &argument));
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the parenthesis closes that stands open before `text`.
fn closing(text: &str) -> usize {
    let mut open = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorthand_is_written_out_wherever_it_stands() {
        assert_eq!(
            written_out("sortable(ms(coalesce(a, b))) || c, items(d)"),
            "cast(cast(round(to_unixtime(coalesce(a, b)) * 1e3) as bigint) + 20000000000000000 as varchar) || c, items(d)"
        );
    }
}
