//! LZ4 frames: written so that the same bytes are the same frame with every version of this program, and read with a bound.

mod block;

use std::hash::Hasher as _;
use std::io::Read as _;

use lz4_flex::frame::FrameDecoder;
use twox_hash::XxHash32;

/// The largest blocks of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// Of 64 KiB.
    Kib64,
    /// Of 4 MiB, as the host has them.
    Mib4,
}

impl Blocks {
    fn bytes(self) -> usize {
        match self {
            Blocks::Kib64 => 64 << 10,
            Blocks::Mib4 => 4 << 20,
        }
    }

    /// A frame's head (LZ4 Frame Format 1.6): magic; version 1, independent blocks, a checksum of the content; their size; and a
    /// checksum of these two bytes.
    fn head(self) -> [u8; 7] {
        match self {
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
    let mut checksum = XxHash32::with_seed(0);
    checksum.write(plain);
    frame.extend_from_slice(&checksum.finish_32().to_le_bytes());
    frame
}

/// The content of one frame, if it is whole and at most `most` bytes.
pub(super) fn expand(frame: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut rest = frame;
    let mut plain = Vec::new();
    // One byte more than allowed: so that a content of just the allowed length is read up to its checksum.
    let limit = u64::try_from(most).ok()?.checked_add(1)?;
    FrameDecoder::new(&mut rest).take(limit).read_to_end(&mut plain).ok()?;
    (plain.len() <= most && rest.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_compressed_is_expanded(words in prop::collection::vec(0..40_u8, 0..6000), wide in any::<bool>()) {
            // Few different words: matches of all lengths and distances.
            let plain: Vec<u8> = words.iter().flat_map(|word| vec![*word; usize::from(*word) % 9 + 1]).collect();
            let plain = if wide { plain.repeat(9) } else { plain };
            for blocks in [Blocks::Kib64, Blocks::Mib4] {
                let expanded = expand(&compress(&plain, blocks), plain.len());
                prop_assert_eq!(expanded.as_deref(), Some(plain.as_slice()));
            }
        }
    }

    #[test]
    fn an_empty_frame_is_the_hosts() {
        let frame = compress(b"", Blocks::Mib4);
        assert_eq!(frame, [0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9, 0, 0, 0, 0, 0x05, 0x5d, 0xcc, 0x02]);
    }

    #[test]
    fn large_contents_have_several_blocks() {
        let noise: Vec<u8> = (0..200_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let plain = [noise.clone(), vec![7; 100_000], noise].concat();
        for blocks in [Blocks::Kib64, Blocks::Mib4] {
            let frame = compress(&plain, blocks);
            assert!(frame.len() < plain.len() - 90_000, "{}", frame.len());
            assert_eq!(expand(&frame, plain.len()).as_deref(), Some(plain.as_slice()));
        }
    }

    #[test]
    fn a_frame_that_holds_more_than_allowed_is_cut_or_goes_on_is_refused() {
        let frame = compress(&vec![0; 1 << 20], Blocks::Mib4);
        assert!(frame.len() < 5_000);
        assert_eq!(expand(&frame, 1 << 20).map(|plain| plain.len()), Some(1 << 20));
        assert_eq!(expand(&frame, (1 << 20) - 1), None);
        assert_eq!(expand(&frame[..frame.len() - 1], 1 << 20), None);
        assert_eq!(expand(&[&frame[..], b"x"].concat(), 1 << 20), None);
        assert_eq!(expand(b"no frame", 100), None);
        assert_eq!(expand(b"", 0), Some(Vec::new()), "no bytes are no content");
    }
}
