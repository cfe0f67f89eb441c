//! Reading a pack from its first byte, without the index: for checking it, and for making the index anew from packs alone.

use super::hex::Id;
use super::pack::{END, MAGIC};
use super::seal::{Keys, Kind};

/// Largest pack that is read whole, in bytes: the target, and one block of the largest size above it.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes in front of each sealed record: its length (4, little endian) and its kind (1).
const FRAME: usize = 5;

/// A record of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// A compressed block.
    Block {
        kind: Kind,
        /// Where its sealed bytes begin in the pack.
        at: u64,
        compressed: Vec<u8>,
    },
    /// Something that cannot be opened; why. Reading goes on behind it where its length makes sense.
    Bad(&'static str),
}

/// Reads all of a pack, whatever its bytes are; a pack that does not end as it should gives a [`Record::Bad`].
pub(super) fn records(keys: &Keys, id: &Id, bytes: &[u8]) -> Vec<Record> {
    let Some(mut rest) = bytes.strip_prefix(&MAGIC) else {
        return vec![Record::Bad("it does not begin as a pack does")];
    };
    let mut records = Vec::new();
    for number in 0..=u32::MAX {
        let at = (bytes.len() - rest.len() + FRAME) as u64;
        let Some((kind, sealed, behind)) = frame(rest) else {
            records.push(Record::Bad("it is cut short"));
            break;
        };
        rest = behind;
        let opened = keys.open_record(id, number, kind, sealed);
        if kind == END {
            if opened.as_deref() != Some(&number.to_le_bytes()) || !rest.is_empty() {
                records.push(Record::Bad("its end is not where it was written"));
            }
            break;
        }
        records.push(match (opened, Kind::from_byte(kind)) {
            (Some(compressed), Some(kind)) => Record::Block { kind, at, compressed },
            _ => Record::Bad("a block in it does not open"),
        });
    }
    records
}

fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (sealed, behind) = rest.split_at_checked(length)?;
    Some((*kind, sealed, behind))
}
