//! `json_extract_scalar(json, path)`: the text of a scalar inside a JSON text, as Trino has it.
//! NULL where there is nothing at the path, or an object or array, or `null`.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JsonExtractScalar {
    signature: Signature,
}

impl JsonExtractScalar {
    pub(super) fn new() -> Self {
        Self { signature: Signature::new(TypeSignature::Any(2), Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for JsonExtractScalar {
    fn name(&self) -> &str {
        "json_extract_scalar"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [json, ColumnarValue::Scalar(path)] = arguments.args.as_slice() else {
            return exec_err!("json_extract_scalar takes a JSON text and a constant path");
        };
        let Some(path) = path.try_as_str().flatten().map(str::to_owned) else {
            return exec_err!("the path of json_extract_scalar must be a text such as '$.a.b[0]'");
        };
        let Some(steps) = parse_path(&path) else {
            return exec_err!("`{path}` is no JSON path: write it like '$.a.b[0]' or '$[\"a.b\"]'");
        };
        let json = json.to_array(arguments.number_rows)?;
        let json = cast(&json, &DataType::Utf8)?;
        let texts: StringArray =
            as_string_array(&json)?.iter().map(|json| scalar_at(json?, &steps)).collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// `$.a.b[0]["c d"]` as steps; `None` where it is no path.
fn parse_path(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = vec![];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, remaining) = after.split_at(end);
            (!name.is_empty()).then_some(())?;
            steps.push(Step::Member(name.to_owned()));
            rest = remaining;
        } else {
            let after = rest.strip_prefix('[')?;
            let (step, remaining) = match after.strip_prefix('"') {
                Some(quoted) => {
                    let (name, remaining) = quoted.split_once("\"]")?;
                    (Step::Member(name.to_owned()), remaining)
                }
                None => {
                    let (number, remaining) = after.split_once(']')?;
                    (Step::Element(number.parse().ok()?), remaining)
                }
            };
            steps.push(step);
            rest = remaining;
        }
    }
    Some(steps)
}

fn scalar_at(json: &str, steps: &[Step]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = Find(steps).deserialize(&mut reader).ok()??.get();
    match found.as_bytes().first()? {
        b'{' | b'[' | b'n' => None,
        b'"' => serde_json::from_str(found).ok(),
        _ => Some(found.to_owned()),
    }
}

/// Reads a value as far as the steps lead, and skips all else.
struct Find<'s>(&'s [Step]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        reader: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(reader).map(Some);
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.0.split_first() {
                Some((Step::Member(name), rest)) if *name == key && found.is_none() => {
                    found = map.next_value_seed(Find(rest))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let (wanted, rest) = match self.0.split_first() {
            Some((Step::Element(place), rest)) => (Some(*place), rest),
            _ => (None, self.0),
        };
        let (mut found, mut place) = (None, 0);
        loop {
            if wanted == Some(place) {
                match seq.next_element_seed(Find(rest))? {
                    Some(value) => found = value,
                    None => return Ok(found),
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            place += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_scalars() {
        let json = r#"{"a":{"b":[10,"x",{"c":null}],"d e":true},"n":1.50,"s":"q\"\u00e9","x.y":7}"#;
        for (path, text) in [
            ("$.a.b[0]", Some("10")),
            ("$.a.b[1]", Some("x")),
            ("$.a[\"d e\"]", Some("true")),
            ("$.n", Some("1.50")),
            ("$.s", Some("q\"é")),
            ("$[\"x.y\"]", Some("7")),
            ("$.a", None),
            ("$.a.b", None),
            ("$.a.b[2].c", None),
            ("$.a.b[9]", None),
            ("$.n.deeper", None),
            ("$.nothing", None),
        ] {
            let steps = parse_path(path).unwrap();
            assert_eq!(scalar_at(json, &steps).as_deref(), text, "{path}");
        }
        assert_eq!(scalar_at("no json", &[Step::Member("a".into())]), None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a", "$a", "$.", "$..a", "$[x]", "$[-1]", "$[\"a\""] {
            assert_eq!(parse_path(path), None, "{path}");
        }
    }
}
