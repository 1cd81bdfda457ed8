//! Gzip members: how a group is written, and how far a file can be trusted.

use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

/// Lines compress to an eighth at the lowest level already, and the writer must keep up.
const LEVEL: u32 = 1;

/// The lines, each with a line break, as one member.
pub(crate) fn member<'a>(lines: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    for line in lines {
        encoder.write_all(line.as_bytes())?;
        encoder.write_all(b"\n")?;
    }
    encoder.finish()
}

/// How many bytes at the beginning of `file` are whole members, checksums included.
///
/// What comes after was not synced: a write that a crash cut short.
pub(crate) fn whole_members(file: impl Read + Seek) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    reader.rewind()?;
    let mut whole = 0;
    while !reader.fill_buf()?.is_empty() {
        if io::copy(&mut GzDecoder::new(&mut reader), &mut io::sink()).is_err() {
            break;
        }
        whole = reader.stream_position()?;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_cut_is_found_wherever_it_is() {
        let first = member(["{\"a\":1}", "{}"].into_iter()).unwrap();
        let second = member(["{\"b\":2}"].into_iter()).unwrap();
        let both = [first.as_slice(), &second].concat();
        for cut in 0..=both.len() {
            let expected = match cut {
                cut if cut == both.len() => both.len(),
                cut if cut >= first.len() => first.len(),
                _ => 0,
            };
            let whole = whole_members(Cursor::new(&both[..cut])).unwrap();
            assert_eq!(whole, expected as u64, "cut at {cut}");
        }
    }

    #[test]
    fn zeros_and_damage_are_no_members() {
        let good = member(["{}"].into_iter()).unwrap();
        let mut zeros = good.clone();
        zeros.extend([0; 5000]);
        assert_eq!(whole_members(Cursor::new(zeros)).unwrap(), good.len() as u64);
        let mut damaged = good.clone();
        let checksum = good.len() - 8;
        damaged[checksum] ^= 1;
        assert_eq!(whole_members(Cursor::new(damaged)).unwrap(), 0);
    }
}
