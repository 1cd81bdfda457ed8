//! A JSON writer for payloads: appends to one string, and copies ready-made parts as they are.
//! Text is escaped here, and nowhere else.

use chrono::{DateTime, SecondsFormat};

/// Writes the members of one object. Each member's name must be a plain word.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

/// The text of an object whose members `write` adds; `capacity` is a guess of its length in bytes.
pub(crate) fn document(capacity: usize, write: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::with_capacity(capacity);
    braces(&mut out, write);
    out
}

/// Seconds since the epoch as GitHub writes them: `2026-03-02T10:00:00Z`.
pub(crate) fn time(at: i64) -> String {
    DateTime::from_timestamp(at, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn braces(out: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object { out, empty: true });
    out.push('}');
}

fn quoted(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

impl Object<'_> {
    fn name(&mut self, name: &str) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A member whose value is `json`, which must be valid.
    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.push_str(json);
    }

    /// A text member.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quoted(self.out, text);
    }

    /// A text member, or null.
    pub(crate) fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    /// An integer member.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.raw(name, &number.to_string());
    }

    /// An integer member, or null.
    pub(crate) fn number_or_null(&mut self, name: &str, number: Option<u64>) {
        match number {
            Some(number) => self.number(name, number),
            None => self.null(name),
        }
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: &str, flag: bool) {
        self.raw(name, if flag { "true" } else { "false" });
    }

    /// A member that is null.
    pub(crate) fn null(&mut self, name: &str) {
        self.raw(name, "null");
    }

    /// A time member, from seconds since the epoch.
    pub(crate) fn time(&mut self, name: &str, at: i64) {
        self.text(name, &time(at));
    }

    /// A time member, or null.
    pub(crate) fn time_or_null(&mut self, name: &str, at: Option<i64>) {
        match at {
            Some(at) => self.time(name, at),
            None => self.null(name),
        }
    }

    /// An object member.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        braces(self.out, write);
    }

    /// A member that is an array of objects, one for each of `items`.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Object<'_>, T),
    ) {
        self.name(name);
        self.out.push('[');
        for (nth, item) in items.into_iter().enumerate() {
            if nth > 0 {
                self.out.push(',');
            }
            braces(self.out, |object| write(object, item));
        }
        self.out.push(']');
    }

    /// A member that is an array of texts.
    pub(crate) fn texts(&mut self, name: &str, texts: &[&str]) {
        self.name(name);
        self.out.push('[');
        for (nth, text) in texts.iter().enumerate() {
            if nth > 0 {
                self.out.push(',');
            }
            quoted(self.out, text);
        }
        self.out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_as_it_was_written() {
        let text = document(64, |o| {
            o.text("a", "x\"y\\z\n\u{0}é");
            o.objects("b", [1, 2], |o, n| o.number("n", n));
            o.object("c", |_| {});
            o.texts("d", &[",", "\t"]);
            o.time("e", 1_772_445_600);
            o.time_or_null("f", None);
        });
        assert_eq!(
            text,
            r#"{"a":"x\"y\\z\n\u0000é","b":[{"n":1},{"n":2}],"c":{},"d":[",","\t"],"e":"2026-03-02T10:00:00Z","f":null}"#
        );
    }
}
