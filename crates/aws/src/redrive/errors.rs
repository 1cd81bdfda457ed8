//! What Firehose left under `raw-errors/`: each object is a list of records with why they failed and,
//! in base64, what they were.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use object_store::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use super::letters::{envelope, gzip};
use super::{Left, Redrive, Redriven, name_of};
use crate::error::AwsError;
use crate::queue::{Held, Message, Queue};

/// The most bytes of one object, compressed or not: Firehose's largest is 128 MiB.
const LARGEST: u64 = 256 << 20;
/// What a gzip member begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Notices that are looked at in one go.
const NOTICES: usize = 1000;

#[derive(Debug, Deserialize)]
struct Failed<'a> {
    #[serde(rename = "rawData", borrow)]
    data: Cow<'a, str>,
}

impl Redrive<'_> {
    pub(super) async fn errors(
        &self,
        notices: Option<&Queue>,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
        let objects = self.bucket.errors().await?;
        redriven.found = objects.len() as u64;
        if self.dry_run {
            return Ok(());
        }
        for object in &objects {
            match self.object(object).await? {
                Ok((key, events)) => {
                    redriven.events += events;
                    redriven.into.push(key);
                }
                Err(why) => {
                    redriven.left.push(Left { what: object.location.to_string(), why });
                }
            }
        }
        match notices {
            Some(queue) => self.clear(queue, redriven).await,
            None => Ok(()),
        }
    }

    /// Puts one object's records into `raw/`, and then removes it; why not, where it cannot be read.
    async fn object(&self, object: &ObjectMeta) -> Result<Result<(String, u64), String>, AwsError> {
        if object.size > LARGEST {
            return Ok(Err(format!("it has {} bytes, more than {LARGEST}", object.size)));
        }
        let found = self.bucket.read(&object.location).await?;
        let (lines, events) = match unpacked(&found).and_then(|text| records(&text)) {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        let name = name_of("errors", &lines);
        let key = self.bucket.put_raw(self.now(), &name, gzip(&lines)).await?;
        tracing::info!(key, from = %object.location, "put back");
        self.bucket.remove(&object.location).await?;
        Ok(Ok((key, events)))
    }

    /// Deletes the notices of objects that are gone; the others are given back, and keep the alarm on.
    async fn clear(&self, queue: &Queue, redriven: &mut Redriven) -> Result<(), AwsError> {
        redriven.held = queue.held;
        let left = self.bucket.errors().await?;
        let left: BTreeSet<String> = left.iter().map(|it| it.location.to_string()).collect();
        let mut held = Held::new(self.stack.client, queue, self.hold);
        while held.take(NOTICES, usize::MAX).await? {}
        let is_gone =
            |message: &Message| key_of(&message.body).is_some_and(|it| !left.contains(&it));
        held.delete(is_gone).await?;
        held.give_back().await
    }
}

/// The key that a notice of S3's is about.
fn key_of(notice: &str) -> Option<String> {
    let notice: Value = serde_json::from_str(notice).ok()?;
    Some(notice.pointer("/detail/object/key")?.as_str()?.to_owned())
}

/// The text of an object, which may be compressed.
fn unpacked(object: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !object.starts_with(GZIP) {
        return Ok(object.into());
    }
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(object).take(LARGEST + 1).read_to_end(&mut text);
    read.map_err(|error| format!("it is no gzip: {error}"))?;
    match text.len() as u64 > LARGEST {
        true => Err(format!("it has more than {LARGEST} bytes when it is unpacked")),
        false => Ok(text.into()),
    }
}

/// What the records were, a line each, and their number. All of them or none: an object is removed
/// as a whole.
fn records(text: &[u8]) -> Result<(Vec<u8>, u64), String> {
    let (mut lines, mut count) = (Vec::new(), 0);
    for (at, failed) in
        serde_json::Deserializer::from_slice(text).into_iter::<Failed<'_>>().enumerate()
    {
        let nth = at + 1;
        let failed =
            failed.map_err(|error| format!("record {nth} is none of Firehose's: {error}"))?;
        let data = STANDARD.decode(failed.data.as_bytes());
        let data = data.map_err(|error| format!("record {nth}: rawData is no base64: {error}"))?;
        let data = data.trim_ascii();
        let event = str::from_utf8(data).map_err(|error| error.to_string());
        event
            .and_then(|it| envelope(it).map(drop))
            .map_err(|why| format!("record {nth}: {why}"))?;
        lines.extend_from_slice(data);
        lines.push(b'\n');
        count += 1;
    }
    match count {
        0 => Err("it has no record".to_owned()),
        count => Ok((lines, count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"source":"github.com","detail-type":"push","detail":{"ref":"é"}}"#;

    fn failed(data: &str) -> String {
        let data = STANDARD.encode(data);
        format!(r#"{{"attemptsMade":4,"errorCode":"S3.AccessDenied","rawData":"{data}"}}"#)
    }

    #[test]
    fn records_are_read_on_lines_and_without_any() {
        let expected = format!("{EVENT}\n{EVENT}\n");
        for between in ["\n", "", "\r\n\n"] {
            let text = [failed(&format!("{EVENT}\n")), failed(EVENT)].join(between);
            assert_eq!(records(text.as_bytes()).unwrap(), (expected.clone().into_bytes(), 2));
        }
    }

    #[test]
    fn one_record_that_is_none_keeps_its_object() {
        for (text, why) in [
            (String::new(), "it has no record"),
            ("no JSON".into(), "record 1 is none of Firehose's: expected ident at line 1 column 2"),
            (
                failed(EVENT) + r#"{"rawData":"%"}"#,
                "record 2: rawData is no base64: Invalid symbol 37, offset 0.",
            ),
            (
                failed("text"),
                "record 1: it is no event of EventBridge: expected ident at line 1 column 2",
            ),
            (
                failed(EVENT) + r#"{"rawData":"#,
                "record 2 is none of Firehose's: EOF while parsing a value at line 1 column 160",
            ),
        ] {
            assert_eq!(records(text.as_bytes()).unwrap_err(), why);
        }
    }

    #[test]
    fn an_object_may_be_compressed_and_no_bomb() {
        assert_eq!(unpacked(b"text").unwrap(), b"text".as_slice());
        assert_eq!(unpacked(&gzip(b"text")).unwrap(), b"text".as_slice());
        assert!(unpacked(&gzip(b"text")[..12]).unwrap_err().starts_with("it is no gzip: "));
        let bomb = gzip(&vec![b' '; usize::try_from(LARGEST).unwrap() + 1]);
        assert_eq!(
            unpacked(&bomb).unwrap_err(),
            "it has more than 268435456 bytes when it is unpacked"
        );
    }

    #[test]
    fn a_notice_names_its_object() {
        let notice = r#"{"source":"aws.s3","detail":{"object":{"key":"raw-errors/x","size":1}}}"#;
        assert_eq!(key_of(notice).as_deref(), Some("raw-errors/x"));
        assert_eq!(key_of(r#"{"detail":{"object":{}}}"#), None);
        assert_eq!(key_of("text"), None);
    }
}
