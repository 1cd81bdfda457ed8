//! Raw objects as their producers write them: the same records, one after the other, in any of the
//! forms that a lake takes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// How records stand in a raw object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One on each line.
    Lines,
    /// With nothing between them.
    Concatenated,
    /// Lines, packed as one.
    Gzip,
    /// Lines, packed a few at a time, as `serve` does.
    Members,
}

impl Framing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lines, Self::Concatenated, Self::Gzip, Self::Members];

    /// The object that holds these records, each of which ends a line.
    pub fn object(self, records: &[String]) -> Vec<u8> {
        let unbroken = |record: &String| record.trim_end().to_owned();
        match self {
            Self::Lines => records.concat().into(),
            Self::Concatenated => records.iter().map(unbroken).collect::<String>().into(),
            Self::Gzip => packed(&records.concat()),
            Self::Members => records.chunks(3).flat_map(|some| packed(&some.concat())).collect(),
        }
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}
