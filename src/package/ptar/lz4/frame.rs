//! Reading LZ4 frames (LZ4 Frame Format 1.6) with a bound.
//!
//! `lz4_flex` reads the blocks in them. Its own reader of frames makes room for the largest block that a head allows, 8 MiB for a
//! record of fifty bytes, and an archive has any number of these.

use lz4_flex::block::{decompress_into, decompress_into_with_dict};
use twox_hash::XxHash32;

use super::super::format::Bytes;
use super::IS_STORED;

/// First bytes of a frame.
const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// How far back linked blocks may reach, in bytes.
const WINDOW: usize = 64 << 10;
/// No byte of a block stands for more bytes of content: it is one of a length's, which counts to 255.
const MOST_PER_BYTE: usize = 255;

/// The content of one frame, if it is whole and at most `most` bytes. No bytes are no content, as hosts have it.
pub fn expand(frame: &[u8], most: usize) -> Option<Vec<u8>> {
    if frame.is_empty() {
        return Some(Vec::new());
    }
    let mut input = Bytes(frame);
    let head = Head::read(&mut input)?;
    let mut plain = Vec::new();
    loop {
        let word = input.u32()?;
        if word == 0 {
            break;
        }
        let length = usize::try_from(word & !IS_STORED).ok().filter(|length| *length <= head.block_bytes)?;
        let block = input.slice(length)?;
        let before = plain.len();
        if head.blocks_have_checksums && input.u32()? != checksum(block) {
            return None;
        }
        if word & IS_STORED == 0 {
            head.expand_block(block, &mut plain, most)?;
        } else {
            plain.extend_from_slice(block);
        }
        // Nobody writes an empty block, and a million of them would take time for nothing.
        if plain.len() > most || plain.len() == before {
            return None;
        }
    }
    let is_right = !head.has_checksum || input.u32()? == checksum(&plain);
    let is_long = head.content_bytes.is_none_or(|length| length == plain.len());
    (is_right && is_long && input.0.is_empty()).then_some(plain)
}

/// What the head of a frame says.
struct Head {
    is_linked: bool,
    blocks_have_checksums: bool,
    has_checksum: bool,
    block_bytes: usize,
    content_bytes: Option<usize>,
}

impl Head {
    fn read(input: &mut Bytes) -> Option<Head> {
        if input.take()? != MAGIC {
            return None;
        }
        let mut described = input.clone();
        let [flags, size] = input.take()?;
        // Version 1; nothing in the reserved bits; no dictionary, which nobody could have.
        if flags & 0b1100_0011 != 0b0100_0000 || size & 0b1000_1111 != 0 || size >> 4 < 4 {
            return None;
        }
        let content_bytes = if flags & 0b1000 == 0 { None } else { Some(input.offset()?) };
        let described = described.slice(described.0.len() - input.0.len())?;
        let [_, expected, ..] = checksum(described).to_le_bytes();
        if input.u8()? != expected {
            return None;
        }
        Some(Head {
            is_linked: flags & 0b10_0000 == 0,
            blocks_have_checksums: flags & 0b1_0000 != 0,
            has_checksum: flags & 0b100 != 0,
            // 4 is 64 KiB, and each further step four times as much.
            block_bytes: (64 << 10) << (2 * (usize::from(size >> 4) - 4)),
            content_bytes,
        })
    }

    fn expand_block(&self, block: &[u8], plain: &mut Vec<u8>, most: usize) -> Option<()> {
        let before = plain.len();
        let room = most.checked_sub(before)?.min(self.block_bytes).min(block.len() * MOST_PER_BYTE);
        plain.resize(before + room, 0);
        let (before_it, out) = plain.split_at_mut(before);
        let length = if self.is_linked {
            decompress_into_with_dict(block, out, before_it.get(before.saturating_sub(WINDOW)..)?)
        } else {
            decompress_into(block, out)
        };
        plain.truncate(before + length.ok()?);
        Some(())
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    XxHash32::oneshot(0, bytes)
}
