//! Reading one value into a column of a given kind, whatever the value turns out to be.
//!
//! A value of another type than expected is consumed and reported, never an error: the rest of the
//! payload is still worth reading.

use std::borrow::Cow;
use std::fmt;

use octolake_event::timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::columns::Kind;

/// A column's value in one row. Times are in microseconds since the epoch, UTC.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A number or a time, by the column's kind.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A list of texts.
    Labels(Vec<Cow<'a, str>>),
}

/// What reading a value gave.
#[derive(Debug, PartialEq)]
pub(crate) enum Read<'a> {
    Null,
    Value(Value<'a>),
    /// A value that the column cannot hold.
    Unexpected,
}

/// Reads any JSON value as one of `kind`.
#[derive(Clone, Copy)]
pub(crate) struct Leaf(pub(crate) Kind);

impl<'de> DeserializeSeed<'de> for Leaf {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Leaf {
    fn text<'de>(self, text: Cow<'de, str>) -> Read<'de> {
        match self.0 {
            Kind::Text => Read::Value(Value::Text(text)),
            Kind::Timestamp => timestamp::micros_of_text(&text).map_or(Read::Unexpected, integer),
            _ => Read::Unexpected,
        }
    }
}

fn integer<'de>(number: i64) -> Read<'de> {
    Read::Value(Value::Integer(number))
}

impl<'de> Visitor<'de> for Leaf {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Read<'de>, E> {
        Ok(Read::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read<'de>, E> {
        Ok(match self.0 {
            Kind::Boolean => Read::Value(Value::Boolean(value)),
            _ => Read::Unexpected,
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read<'de>, E> {
        Ok(match self.0 {
            Kind::Integer => integer(value),
            Kind::Timestamp => {
                timestamp::micros_of_seconds(value).map_or(Read::Unexpected, integer)
            }
            _ => Read::Unexpected,
        })
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Read<'de>, E> {
        i64::try_from(value).map_or(Ok(Read::Unexpected), |value| self.visit_i64(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Read<'de>, E> {
        Ok(Read::Unexpected)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Read<'de>, E> {
        Ok(self.text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Read<'de>, E> {
        Ok(self.text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Read<'de>, A::Error> {
        match self.0 {
            Kind::Labels => read_labels(seq),
            Kind::EarliestStart => earliest_start(seq),
            kind => {
                let mut count = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(if kind == Kind::Count { integer(count) } else { Read::Unexpected })
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Read::Unexpected)
    }
}

fn read_labels<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Read<'de>, A::Error> {
    let (mut labels, mut whole) = (Vec::new(), true);
    while let Some(label) = seq.next_element_seed(TextOrMember("name"))? {
        match label {
            Read::Value(Value::Text(text)) => labels.push(text),
            _ => whole = false,
        }
    }
    Ok(if whole { Read::Value(Value::Labels(labels)) } else { Read::Unexpected })
}

fn earliest_start<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Read<'de>, A::Error> {
    let (mut earliest, mut whole) = (None::<i64>, true);
    while let Some(step) = seq.next_element_seed(TextOrMember("started_at"))? {
        match step {
            Read::Value(Value::Text(text)) => match timestamp::micros_of_text(&text) {
                Some(at) => earliest = Some(earliest.map_or(at, |e| e.min(at))),
                None => whole = false,
            },
            Read::Null => {}
            _ => whole = false,
        }
    }
    Ok(match earliest {
        _ if !whole => Read::Unexpected,
        Some(at) => integer(at),
        None => Read::Null,
    })
}

/// A text, or the text under a member of an object.
#[derive(Clone, Copy)]
struct TextOrMember(&'static str);

impl<'de> DeserializeSeed<'de> for TextOrMember {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextOrMember {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text or an object with `{}`", self.0)
    }

    fn visit_unit<E>(self) -> Result<Read<'de>, E> {
        Ok(Read::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Read<'de>, E> {
        Ok(Read::Unexpected)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Read<'de>, E> {
        Ok(Read::Unexpected)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Read<'de>, E> {
        Ok(Read::Unexpected)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Read<'de>, E> {
        Ok(Read::Unexpected)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Read<'de>, E> {
        Ok(Read::Value(Value::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Read<'de>, E> {
        Ok(Read::Value(Value::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Read<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Read::Unexpected)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read<'de>, A::Error> {
        let mut read = Read::Null;
        while let Some(is_wanted) = map.next_key_seed(KeyIs(self.0))? {
            if is_wanted {
                read = map.next_value_seed(Leaf(Kind::Text))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(read)
    }
}

/// Whether a member's key is this one; as bytes, because not every key is a text.
struct KeyIs(&'static str);

impl<'de> DeserializeSeed<'de> for KeyIs {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KeyIs {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<bool, E> {
        Ok(key == self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, json: &str) -> Read<'_> {
        Leaf(kind).deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn times_are_texts_or_seconds() {
        for json in ["\"1970-01-01T00:01:00Z\"", "60"] {
            assert_eq!(read(Kind::Timestamp, json), integer(60_000_000));
        }
        for json in ["\"soon\"", "1.5", "true", "[]", "{}", "9223372036854775807"] {
            assert_eq!(read(Kind::Timestamp, json), Read::Unexpected, "{json}");
        }
        assert_eq!(read(Kind::Timestamp, "null"), Read::Null);
    }

    #[test]
    fn labels_are_texts_or_named_objects() {
        let expected = Read::Value(Value::Labels(vec!["a,b".into(), "\"".into()]));
        assert_eq!(read(Kind::Labels, r#"["a,b","\""]"#), expected);
        assert_eq!(read(Kind::Labels, r#"[{"id":1,"name":"a,b"},{"name":"\""}]"#), expected);
        assert_eq!(read(Kind::Labels, "[]"), Read::Value(Value::Labels(vec![])));
        assert_eq!(read(Kind::Labels, "[1]"), Read::Unexpected);
        assert_eq!(read(Kind::Labels, "\"a\""), Read::Unexpected);
    }

    #[test]
    fn the_earliest_step_starts_the_job() {
        let steps = r#"[{"started_at":null},{"started_at":"1970-01-01T00:00:09Z","n":[{}]},{"started_at":"1970-01-01T00:00:02Z"}]"#;
        assert_eq!(read(Kind::EarliestStart, steps), integer(2_000_000));
        assert_eq!(read(Kind::EarliestStart, "[{\"name\":1}]"), Read::Null);
        assert_eq!(read(Kind::EarliestStart, "[{\"started_at\":1}]"), Read::Unexpected);
    }

    #[test]
    fn a_number_too_large_is_unexpected() {
        assert_eq!(read(Kind::Integer, "9223372036854775808"), Read::Unexpected);
        assert_eq!(read(Kind::Integer, "-1"), integer(-1));
        assert_eq!(read(Kind::Count, "[1,[2],{}]"), integer(3));
        assert_eq!(read(Kind::Text, "7"), Read::Unexpected);
    }
}
