//! Gzip members: how a group is written, and how far a file can be trusted.
//!
//! A member's header carries its length, in a field of the kind that every reader skips:
//!
//! ```text
//! 1f 8b 08 04 00000000 xfl os   08 00   'O' 'L' 04 00   length of the member, 4 bytes, little-endian
//! ```
//!
//! So a write that was cut short can be told from a member that was whole and was damaged later:
//! the first was never answered, the second was. The deliveries behind a damaged one are found
//! again by the next header.

use std::io::{self, Read as _, Write as _};
use std::ops::Range;

use flate2::Compression;
use flate2::GzBuilder;
use flate2::bufread::GzDecoder;
use memchr::memmem::Finder;

/// Lines compress to an eighth at the lowest level already, and the writer must keep up.
const LEVEL: u32 = 1;
/// How every member begins, ours and those of versions without the length.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
/// The field: its name, the length of its value, and room for that.
const FIELD: [u8; 8] = [b'O', b'L', 4, 0, 0, 0, 0, 0];
/// Where the field begins: behind ten bytes of header and two that say how long the fields are.
const FIELD_AT: usize = 12;
const LENGTH_AT: Range<usize> = 16..20;

/// The lines, each with a line break, as one member.
pub(crate) fn member<'a>(lines: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().extra(FIELD).write(Vec::new(), Compression::new(LEVEL));
    for line in lines {
        encoder.write_all(line.as_bytes())?;
        encoder.write_all(b"\n")?;
    }
    let mut member = encoder.finish()?;
    let length = u32::try_from(member.len()).map_err(io::Error::other)?;
    if let Some(field) = member.get_mut(LENGTH_AT) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    Ok(member)
}

/// What a file of members turned out to hold. Positions are in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// Whole members, checksums included; neighbours are one range.
    pub(crate) whole: Vec<Range<usize>>,
    /// What was written whole, or may have been, and can't be read.
    pub(crate) damaged: Vec<Range<usize>>,
    /// Where a write was cut short, if one was: from there to the end, nothing was answered.
    pub(crate) torn: Option<usize>,
}

/// Looks at each member of a file.
pub(crate) fn content(file: &[u8]) -> Content {
    let (mut content, mut at) = (Content::default(), 0);
    while at < file.len() {
        if let Some(length) = whole_member(&file[at..]) {
            extend(&mut content.whole, at..at + length);
            at += length;
            continue;
        }
        let next = next_member(file, at + 1);
        if next.is_none() && is_torn(&file[at..]) {
            content.torn = Some(at);
            break;
        }
        let end = next.unwrap_or(file.len());
        content.damaged.push(at..end);
        at = end;
    }
    content
}

fn extend(ranges: &mut Vec<Range<usize>>, more: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end == more.start => last.end = more.end,
        _ => ranges.push(more),
    }
}

/// Length of the member at the beginning, if it is whole, its checksum included.
fn whole_member(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let mut decoder = GzDecoder::new(bytes);
    io::copy(&mut decoder, &mut io::sink()).ok()?;
    Some(bytes.len() - decoder.into_inner().len())
}

/// Where the next whole member begins, at `from` or behind it.
fn next_member(file: &[u8], from: usize) -> Option<usize> {
    let rest = file.get(from..)?;
    let candidates = Finder::new(&MAGIC).find_iter(rest).map(|at| from + at).collect::<Vec<_>>();
    candidates.into_iter().find(|at| whole_member(&file[*at..]).is_some())
}

/// Whether a write broke off here, so that its deliveries were never answered: the disk has given
/// room that was never filled, or the member ends before its own end.
///
/// What says itself that it is here in full is damaged, and not torn.
fn is_torn(bytes: &[u8]) -> bool {
    if bytes.iter().all(|byte| *byte == 0) || bytes.len() < LENGTH_AT.end {
        return true;
    }
    match length_field(bytes) {
        Some(length) => length > bytes.len(),
        None => bytes.starts_with(&MAGIC) && ends_too_early(bytes),
    }
}

fn length_field(bytes: &[u8]) -> Option<usize> {
    let has_field = bytes.get(FIELD_AT..)?.starts_with(&FIELD[..4]);
    let length = bytes.get(LENGTH_AT)?.try_into().ok().map(u32::from_le_bytes)?;
    (has_field && bytes.starts_with(&MAGIC)).then_some(length as usize)
}

fn ends_too_early(bytes: &[u8]) -> bool {
    let mut decoder = GzDecoder::new(bytes);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::UnexpectedEof,
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::MultiGzDecoder;
    use flate2::write::GzEncoder;

    use super::*;

    /// Lines that don't compress to nothing.
    fn lines(from: u32) -> Vec<String> {
        (from..from + 20).map(|n| format!("{{\"a\":\"{:x}\"}}", u64::from(n).pow(5))).collect()
    }

    fn member_of(from: u32) -> Vec<u8> {
        member(lines(from).iter().map(String::as_str)).unwrap()
    }

    fn three() -> (Vec<u8>, [usize; 3]) {
        let members = [member_of(1), member_of(1000), member_of(2000)];
        let first = members[0].len();
        let ends = [first, first + members[1].len(), members.iter().map(Vec::len).sum()];
        (members.concat(), ends)
    }

    #[test]
    fn a_member_is_plain_gzip_and_says_how_long_it_is() {
        let member = member(["{\"a\":1}", "{}"].into_iter()).unwrap();
        let mut text = String::new();
        MultiGzDecoder::new(member.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\"a\":1}\n{}\n");
        assert_eq!(member[..4], [0x1f, 0x8b, 8, 4]);
        assert_eq!(member[10..16], [8, 0, b'O', b'L', 4, 0]);
        assert_eq!(member[16..20], (member.len() as u32).to_le_bytes());
    }

    #[test]
    fn a_cut_is_found_wherever_it_is() {
        let (file, ends) = three();
        for cut in 0..=file.len() {
            let whole = ends.into_iter().rev().find(|end| *end <= cut).unwrap_or(0);
            let expected = Content {
                whole: (whole > 0).then_some(0..whole).into_iter().collect(),
                damaged: vec![],
                torn: (whole < cut).then_some(whole),
            };
            assert_eq!(content(&file[..cut]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn no_flipped_bit_takes_another_member_with_it_or_passes_for_a_cut() {
        let (file, [first, second, third]) = three();
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << (at % 8);
            let content = content(&flipped);
            assert_eq!(content.torn, None, "byte {at}");
            let whole: Vec<_> = content.whole.iter().cloned().flatten().collect();
            for member in [0..first, first..second, second..third] {
                if member.contains(&at) {
                    let is_whole = whole.contains(&member.start);
                    let damaged = content.damaged.iter().any(|range| range.contains(&at));
                    assert!(is_whole || damaged, "byte {at}: {content:?}");
                } else {
                    assert!(member.clone().all(|byte| whole.contains(&byte)), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn room_that_was_never_filled_is_a_cut_and_rubbish_is_damage() {
        let good = member_of(1);
        let behind = |tail: &[u8]| content(&[good.as_slice(), tail].concat());
        assert_eq!(behind(&[0; 5000]).torn, Some(good.len()));
        let (from, rubbish) = (good.len(), behind(&[7; 5000]).damaged);
        assert_eq!(rubbish, std::slice::from_ref(&(from..from + 5000)));
        // The length was written, and behind it the disk filled nothing: it may have been answered.
        let mut hollow = member_of(2);
        hollow[40..].fill(0);
        let expected = from..from + hollow.len();
        assert_eq!(behind(&hollow).damaged, std::slice::from_ref(&expected));
    }

    #[test]
    fn members_of_versions_without_the_length_are_read_too() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for line in lines(1) {
            encoder.write_all(line.as_bytes()).unwrap();
        }
        let old = encoder.finish().unwrap();
        let both = [old.as_slice(), &old].concat();
        assert_eq!(content(&both).whole, vec![0..both.len()]);
        assert_eq!(content(&both[..both.len() - 30]).torn, Some(old.len()));
        let mut flipped = both.clone();
        flipped[old.len() - 6] ^= 1;
        assert_eq!(content(&flipped).whole, vec![old.len()..both.len()]);
        assert_eq!(content(&flipped).damaged, vec![0..old.len()]);
    }
}
