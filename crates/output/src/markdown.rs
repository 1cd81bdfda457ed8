//! Texts as inert cells of a Markdown table.
//!
//! A report in Markdown ends in a comment or a wiki page, where a label named
//! `![x](https://evil/y.png)` would be fetched, `<a>` would be a link, and `@acme/everyone` would
//! notify. Escaping each sign of Markdown is not enough: GitHub looks for mentions, issue numbers,
//! commit hashes, emoji names and bare addresses in the *rendered* text, where `\@` and `&#64;` are
//! `@` again; and what breaks a name apart without being seen is what we clean away elsewhere. Only
//! in a code span does it look for nothing. So a cell either is of letters, digits and signs that
//! mean nothing, and stays as it is, or it is a code span: between more backticks than it has in a
//! row itself, `|` as `\|`, which the table takes back before the span is read, and line breaks as
//! blanks.

use std::borrow::Cow;

use crate::clean;

/// The text as a cell that renders as itself and does nothing.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let line = text.replace("\r\n", " ").replace(['\n', '\t'], " ");
    let line = clean::text(&line);
    // The reports mark the newest period by a star behind a blank, which is no emphasis.
    if is_inert(line.strip_suffix(" *").unwrap_or(&line)) {
        return Cow::Owned(line.into_owned());
    }
    Cow::Owned(code_span(&line.replace('|', "\\|")))
}

/// Backticks that end no earlier than the text does: one more than it has in a row, and at least
/// `least`.
pub fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}

/// A code span. A blank stands on either side where the text begins or ends with a backtick, or
/// with blanks that Markdown would take for such.
fn code_span(text: &str) -> String {
    let (fence, edge) = (fence(text, 1), |c| c == '`' || c == ' ');
    let pad = if text.starts_with(edge) || text.ends_with(edge) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Whether the text can stand bare: nothing of it is Markdown, HTML, or what GitHub links.
fn is_inert(text: &str) -> bool {
    let signs_are_inert = text.char_indices().all(|(at, c)| match c {
        // Between letters it is no emphasis.
        '_' => {
            is_letter(text[..at].chars().next_back()) && is_letter(text[at + 1..].chars().next())
        }
        ':' => is_of_time(&text[..at], &text[at + 1..]),
        c => c.is_alphanumeric() || " ,./()+%-".contains(c),
    });
    signs_are_inert
        && !text.to_ascii_lowercase().contains("www.")
        && !text.split(is_between).any(is_reference)
}

fn is_letter(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Whether a colon is that of a time, 10:00:00: a digit before it and two behind. `:100:` is an emoji.
fn is_of_time(before: &str, behind: &str) -> bool {
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    digits == 2 && before.ends_with(|c: char| c.is_ascii_digit())
}

/// Whether the character ends a word for GitHub.
fn is_between(c: char) -> bool {
    !c.is_alphanumeric() && c != '-'
}

/// Whether GitHub may link the word: an issue (`GH-1`), or a commit by seven and more hexadecimal
/// digits. A word of decimal digits only is a number.
fn is_reference(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let issue = lower
        .match_indices("gh-")
        .any(|(at, _)| lower[at + 3..].starts_with(|c: char| c.is_ascii_digit()));
    let commit = |part: &str| {
        part.len() >= 7
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    issue || word.split('-').any(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inert_stays() {
        for text in [
            "acme/web",
            "arm64,linux,self-hosted",
            "2026-03-09 *",
            "2026-03-02T10:00:00Z",
            "2026-03-02 10:00:00.250",
            "1h 11m",
            "4.6",
            "-",
            "(none)",
            "1234567890",
            "pull_request_review",
            "1.0 MB",
            "größe 日本",
            "Build and test (ubuntu)",
            "gh-actions-runner",
            "",
        ] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn what_is_not_becomes_code() {
        for (hostile, written) in [
            ("![x](https://evil/y.png)", "`![x](https://evil/y.png)`"),
            ("[click](javascript:alert(1))", "`[click](javascript:alert(1))`"),
            ("<img src=x onerror=alert(1)>", "`<img src=x onerror=alert(1)>`"),
            ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
            ("<!-- hidden", "`<!-- hidden`"),
            ("&lt;b&gt;", "`&lt;b&gt;`"),
            ("&#64;team", "`&#64;team`"),
            ("@acme/everyone", "`@acme/everyone`"),
            ("mail a@b.example", "`mail a@b.example`"),
            ("https://evil.example", "`https://evil.example`"),
            ("www.evil.example", "`www.evil.example`"),
            ("WWW.evil.example", "`WWW.evil.example`"),
            ("ftp://evil", "`ftp://evil`"),
            ("#123", "`#123`"),
            ("acme/web#7", "`acme/web#7`"),
            ("GH-1", "`GH-1`"),
            ("see gh-22", "`see gh-22`"),
            (
                "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
                "`a5c3785ed8d6a35868bc169f07e40e889087fd2e`",
            ),
            ("acme/web@a5c3785", "`acme/web@a5c3785`"),
            ("fix a5c3785", "`fix a5c3785`"),
            (":x:", "`:x:`"),
            ("10:100:1", "`10:100:1`"),
            ("**bold**", "`**bold**`"),
            ("_under_", "`_under_`"),
            ("_other", "`_other`"),
            ("~~gone~~", "`~~gone~~`"),
            ("$x^2$", "`$x^2$`"),
            ("a|b", "`a\\|b`"),
            ("| new | cell |", "`\\| new \\| cell \\|`"),
            ("a\\|b", "`a\\\\|b`"),
            ("\\", "`\\`"),
            ("`code`", "`` `code` ``"),
            ("``` js", "```` ``` js ````"),
            ("a`b", "``a`b``"),
            ("` | `", "`` ` \\| ` ``"),
            ("[x]\r\n\r\n# title", "`[x]  # title`"),
            ("esc\u{1b}[2J\u{202e}", "`esc\\u{1b}[2J\\u{202e}`"),
            ("a\u{200b}b", "`a\\u{200b}b`"),
            (" *x", "`  *x `"),
            ("count(*)", "`count(*)`"),
            ("[^1]", "`[^1]`"),
            ("a=b", "`a=b`"),
        ] {
            assert_eq!(cell(hostile), written);
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("select 1", 3), "```");
        assert_eq!(fence("'```'", 3), "````");
    }
}
