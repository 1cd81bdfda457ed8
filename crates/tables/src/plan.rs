//! What to read out of the payloads of one event type, compiled once from [`crate::columns`].

use std::collections::HashMap;

use arrow_schema::SchemaRef;
use octolake_event::EventType;

use crate::columns::{self, Kind};
use crate::schema;

/// What a member of an object is good for.
#[derive(Debug, Default)]
pub(crate) struct Child {
    pub(crate) key: String,
    /// The column that is read from the member's own value.
    pub(crate) leaf: Option<(usize, Kind)>,
    /// Where to go on if the value is an object.
    pub(crate) node: Option<usize>,
}

/// One object of a payload: the members that matter.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) children: Vec<Child>,
}

/// The decoding plan of one event type: a tree of the members to read, and where each one goes.
#[derive(Debug)]
pub struct Plan {
    /// The partition that this is the plan of.
    pub event_type: EventType,
    /// The schema of its files.
    pub schema: SchemaRef,
    pub(crate) nodes: Vec<Node>,
    /// Columns to take `occurred_at` from, in order of preference.
    pub(crate) occurred: Vec<usize>,
    index: HashMap<String, usize>,
}

impl Plan {
    /// The plan for the deliveries of one partition.
    pub fn new(event_type: EventType) -> Self {
        let schema = schema::file_schema(&event_type);
        let index =
            schema.fields().iter().enumerate().map(|(i, f)| (f.name().clone(), i)).collect();
        let mut plan =
            Self { event_type, schema, nodes: vec![Node::default()], occurred: vec![], index };
        for (column, path, kind) in columns::COMMON {
            plan.add(column, path, *kind);
        }
        if let Some(event) = columns::event(plan.event_type.as_str()) {
            for entity in event.entities {
                for (column, path, kind) in entity.columns() {
                    plan.add(&column, &path, kind);
                }
            }
            plan.occurred = event.occurred.iter().filter_map(|c| plan.column(c)).collect();
        }
        plan
    }

    /// The position of a column in the schema.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    fn add(&mut self, column: &str, path: &str, kind: Kind) {
        let Some(column) = self.column(column) else { return };
        let mut node = 0;
        let (parents, leaf) = path.rsplit_once('.').unwrap_or(("", path));
        for key in parents.split('.').filter(|key| !key.is_empty()) {
            let child = self.child(node, key);
            node = match self.nodes[node].children[child].node {
                Some(next) => next,
                None => {
                    self.nodes.push(Node::default());
                    let next = self.nodes.len() - 1;
                    self.nodes[node].children[child].node = Some(next);
                    next
                }
            };
        }
        let child = self.child(node, leaf);
        self.nodes[node].children[child].leaf = Some((column, kind));
    }

    fn child(&mut self, node: usize, key: &str) -> usize {
        let children = &mut self.nodes[node].children;
        children.iter().position(|child| child.key == key).unwrap_or_else(|| {
            children.push(Child { key: key.to_owned(), ..Child::default() });
            children.len() - 1
        })
    }
}
