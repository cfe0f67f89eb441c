//! LZ4 frames: written so that the same bytes are the same frame with every version of this program, and read with a bound.

mod block;
mod frame;

use twox_hash::XxHash32;

pub(super) use frame::expand;

/// The largest blocks of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    /// Of 64 KiB; nothing of ours is written so, but samples of others are.
    #[cfg(test)]
    Kib64,
    /// Of 4 MiB, as the host has them.
    Mib4,
}

impl Blocks {
    fn bytes(self) -> usize {
        match self {
            #[cfg(test)]
            Blocks::Kib64 => 64 << 10,
            Blocks::Mib4 => 4 << 20,
        }
    }

    /// A frame's head (LZ4 Frame Format 1.6): magic; version 1, independent blocks, a checksum of the content; their size; and a
    /// checksum of these two bytes.
    fn head(self) -> [u8; 7] {
        match self {
            #[cfg(test)]
            Blocks::Kib64 => [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7],
            Blocks::Mib4 => [0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9],
        }
    }
}

/// Set in a block's length if it is stored as it is.
const IS_STORED: u32 = 1 << 31;

/// One frame.
pub(super) fn compress(plain: &[u8], blocks: Blocks) -> Vec<u8> {
    let mut frame = blocks.head().to_vec();
    for content in plain.chunks(blocks.bytes()) {
        let packed = block::compress(content);
        let (flag, stored) = if packed.len() < content.len() { (0, packed.as_slice()) } else { (IS_STORED, content) };
        let length = u32::try_from(stored.len()).expect("a block has 4 MiB at most");
        frame.extend_from_slice(&(length | flag).to_le_bytes());
        frame.extend_from_slice(stored);
    }
    frame.extend_from_slice(&0_u32.to_le_bytes());
    frame.extend_from_slice(&XxHash32::oneshot(0, plain).to_le_bytes());
    frame
}

#[cfg(test)]
mod tests;
