//! Texts that people really could type, and that a careless reader trips over. They appear as
//! titles, branch names, labels and descriptions, wherever GitHub's users choose the text.

use crate::dice::Dice;

/// Texts that break out of JSON, lines, paths, SQL, HTML or a spreadsheet, or that look like
/// something they are not.
pub(crate) static TEXTS: [&str; 14] = [
    "Say \"hello\", and a \\ backslash",
    "two\nlines\r\nand a\ttab",
    "}{\"version\":\"0\",\"id\":\"00000000-0000-0000-0000-000000000000\",\"detail-type\":\"push\",\"detail\":{}}",
    "\n{\"version\":\"0\",\"id\":\"",
    "../../etc/passwd",
    "event_type=push/date=2026-01-01/part.parquet",
    "'; drop table events; --",
    "<script>alert('xss')</script>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd()",
    "\u{202e}gnp.exe\u{202c} from right to left",
    "zero\u{200b}width\u{feff} and a nul \u{0} inside",
    "emoji 👩‍👩‍👧‍👦 and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "null",
];

/// Labels of pull requests and issues; GitHub lets them hold commas and spaces.
pub(crate) static LABELS: [&str; 8] = [
    "bug",
    "dependencies",
    "good first issue",
    "needs review, urgently",
    "=HYPERLINK(\"http://example.test\")",
    "'; drop table labels; --",
    "<b>bold</b>",
    "πρώτο 🚀",
];

const SUBJECTS: [&str; 8] = [
    "the parser",
    "retries",
    "login",
    "the cache",
    "metrics",
    "the build",
    "pagination",
    "error texts",
];
const VERBS: [&str; 6] = ["Fix", "Speed up", "Rewrite", "Document", "Test", "Simplify"];

/// A title: mostly an ordinary one, hostile one time in ten, and sometimes far too long.
pub(crate) fn title(dice: &mut Dice) -> String {
    if dice.chance(100) {
        return (*dice.pick(&TEXTS)).to_owned();
    }
    if dice.chance(10) {
        return "A very long title, ça continue — ".repeat(120);
    }
    format!("{} {}", dice.pick(&VERBS), dice.pick(&SUBJECTS))
}

/// A branch name after `prefix`: mostly ordinary, hostile one time in fifteen.
pub(crate) fn branch(dice: &mut Dice, prefix: &str) -> String {
    if dice.chance(65) {
        return format!("{prefix}/{}", dice.pick(&TEXTS));
    }
    let subject = dice.pick(&SUBJECTS).replace(' ', "-");
    format!("{prefix}/{subject}-{}", dice.below(100_000))
}
