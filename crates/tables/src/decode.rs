//! Payload → row: one pass over the JSON, which reads the members that are columns and skips the
//! rest.
//!
//! JSON can hold what no reader can: a number beyond all floats (`1e999`), half of a surrogate pair
//! (`"\ud800"`). In a member that is no column it is skipped like anything else. In one that is, it
//! ends the pass; then the payload is gone over once more, each member by itself, and only that
//! column is NULL.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use octolake_event::layout::Partition;
use octolake_event::{Envelope, EventType, Origin, Payload};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

pub use crate::leaf::Value;
use crate::leaf::{Leaf, Read};
use crate::plan::{Child, Plan};

/// Plans by event type, made when first needed.
#[derive(Debug, Default)]
pub struct Decoders {
    plans: HashMap<EventType, Arc<Plan>>,
}

impl Decoders {
    /// The plan of the deliveries whose event type was sent as `raw`.
    pub fn plan(&mut self, raw: &str) -> Arc<Plan> {
        let event_type = EventType::partition_of(raw);
        self.plans
            .entry(event_type)
            .or_insert_with_key(|event_type| Arc::new(Plan::new(event_type.clone())))
            .clone()
    }
}

/// One delivery, decoded: a value for each column of its event type's files.
#[derive(Debug)]
pub struct Row<'a> {
    /// The envelope that it came in.
    pub envelope: &'a Envelope<'a>,
    /// The payload's text, as it goes into the lake.
    pub payload: Payload<'a>,
    /// What [`Payload::hash`] says of it.
    pub payload_hash: i64,
    pub(crate) values: Vec<Option<Value<'a>>>,
    /// Columns that are NULL because of an unexpected type.
    pub(crate) issues: Vec<usize>,
}

/// A payload that is no JSON object. `octolake_event::framing` gives none such.
#[derive(Debug, thiserror::Error)]
#[error("the payload cannot be decoded: {0}")]
pub struct DecodeError(#[from] serde_json::Error);

impl<'a> Row<'a> {
    /// Decodes a delivery whose payload stands in its record.
    pub fn decode(plan: &Plan, envelope: &'a Envelope<'a>) -> Result<Self, DecodeError> {
        Self::read(plan, envelope, envelope.detail, envelope.payload)
    }

    /// Decodes a delivery whose detail is not known to be JSON; `None` where it isn't, or holds what no
    /// reader can in a member that is a column.
    pub fn decode_plain(plan: &Plan, envelope: &'a Envelope<'a>) -> Option<Self> {
        let mut row = Self::empty(plan, envelope, envelope.payload);
        row.read_members(plan, envelope.detail, Care::None).ok()?;
        Some(row)
    }

    /// Decodes a delivery whose payload was claim-checked: `body` is the whole of it.
    pub fn decode_large(
        plan: &Plan,
        envelope: &'a Envelope<'a>,
        body: &'a str,
    ) -> Result<Self, DecodeError> {
        if !body.trim_ascii_start().starts_with('{') {
            return Err(DecodeError(serde::de::Error::custom("it is no JSON object")));
        }
        Self::read(plan, envelope, body, Payload::whole(body))
    }

    fn read(
        plan: &Plan,
        envelope: &'a Envelope<'a>,
        json: &'a str,
        payload: Payload<'a>,
    ) -> Result<Self, DecodeError> {
        let mut row = Self::empty(plan, envelope, payload);
        if row.read_members(plan, json, Care::None).is_err() {
            row.values.fill(None);
            row.issues.clear();
            row.read_members(plan, json, Care::EachMember)?;
        }
        Ok(row)
    }

    /// A row of NULLs.
    fn empty(plan: &Plan, envelope: &'a Envelope<'a>, payload: Payload<'a>) -> Self {
        let values = vec![None; plan.schema.fields().len()];
        Self { envelope, payload, payload_hash: payload.hash(), values, issues: vec![] }
    }

    fn read_members(&mut self, plan: &Plan, json: &'a str, care: Care) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        Object { plan, node: 0, row: self, care }.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// Who brought it.
    pub fn origin(&self) -> Origin {
        self.envelope.origin
    }

    /// The partition that the row belongs to.
    pub fn partition(&self, plan: &Plan) -> Partition {
        Partition { event_type: plan.event_type.clone(), date: self.date() }
    }

    /// UTC date of arrival.
    pub fn date(&self) -> NaiveDate {
        self.envelope.meta.received_at.date_naive()
    }

    /// How many columns are NULL because of an unexpected type.
    pub fn issues(&self) -> usize {
        self.issues.len()
    }

    fn set(&mut self, column: usize, read: Read<'a>) {
        // A repeated member: the last one counts, as in every JSON reader.
        self.issues.retain(|issue| *issue != column);
        self.values[column] = match read {
            Read::Value(value) => Some(value),
            Read::Null => None,
            Read::Unexpected => {
                self.issues.push(column);
                None
            }
        };
    }
}

/// How a value is read that is a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// As it comes: what cannot be read ends the pass.
    None,
    /// Its text is taken first, which any JSON has: what cannot be read costs nothing beside it.
    EachMember,
}

/// Reads one object of a payload, at a node of the plan.
struct Object<'p, 'r, 'a> {
    plan: &'p Plan,
    node: usize,
    row: &'r mut Row<'a>,
    care: Care,
}

impl<'a> DeserializeSeed<'a> for Object<'_, '_, 'a> {
    /// Whether the value was an object (or null, which is an absent one).
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Object<'_, '_, 'a> {
    fn read_child<A: MapAccess<'a>>(&mut self, child: &Child, map: &mut A) -> Result<(), A::Error> {
        if let Some((column, kind)) = child.leaf {
            let read = match self.care {
                Care::None => map.next_value_seed(Leaf(kind))?,
                Care::EachMember => read_alone(Leaf(kind), map)?.unwrap_or(Read::Unexpected),
            };
            self.row.set(column, read);
        } else if let Some(node) = child.node {
            let object = Object { plan: self.plan, node, row: self.row, care: self.care };
            let is_object = match self.care {
                Care::None => map.next_value_seed(object)?,
                Care::EachMember => read_alone(object, map)?.unwrap_or(false),
            };
            if !is_object {
                note_lost_columns(self.plan, node, self.row);
            }
        }
        Ok(())
    }
}

/// Reads a member's value out of its own text; `None` where it cannot be read.
fn read_alone<'a, S: DeserializeSeed<'a>, A: MapAccess<'a>>(
    seed: S,
    map: &mut A,
) -> Result<Option<S::Value>, A::Error> {
    let text: &RawValue = map.next_value()?;
    Ok(seed.deserialize(&mut serde_json::Deserializer::from_str(text.get())).ok())
}

/// An object was something else: its columns have nothing to be read from.
fn note_lost_columns(plan: &Plan, node: usize, row: &mut Row<'_>) {
    for child in &plan.nodes[node].children {
        if let Some((column, _)) = child.leaf {
            row.set(column, Read::Unexpected);
        }
        if let Some(node) = child.node {
            note_lost_columns(plan, node, row);
        }
    }
}

impl<'a> Visitor<'a> for Object<'_, '_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let children = &self.plan.nodes[self.node].children;
        while let Some(found) = map.next_key_seed(Key(children))? {
            match found {
                Some(child) => self.read_child(child, &mut map)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<bool, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }
}

/// Finds a member's key among those that matter, without copying it.
///
/// As bytes, because a key with half of a surrogate pair is no text, and none that matters.
struct Key<'p>(&'p [Child]);

impl<'a, 'p> DeserializeSeed<'a> for Key<'p> {
    type Value = Option<&'p Child>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'p> Visitor<'_> for Key<'p> {
    type Value = Option<&'p Child>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|child| child.key.as_bytes() == key))
    }
}
