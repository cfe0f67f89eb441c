use std::io::Write as _;

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
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

#[test]
fn a_frame_with_an_empty_block_is_refused() {
    let frame = compress(b"", Blocks::Mib4);
    let (head, end) = frame.split_at(7);
    for block in [&[0, 0, 0, 0x80][..], &[1, 0, 0, 0, 0]] {
        assert_eq!(expand(&[head, block, end].concat(), 100), None, "{block:?}");
    }
}

#[test]
fn frames_of_all_kinds_that_others_write_are_read() {
    let plain: Vec<u8> = (0..80_000_u32).flat_map(|at| (at / 7 % 5000).to_le_bytes()).collect();
    for bits in 0..16 {
        let is = |bit: u32| bits & bit != 0;
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            let info = FrameInfo::new()
                .block_size(size)
                .block_mode(if is(1) { BlockMode::Linked } else { BlockMode::Independent })
                .block_checksums(is(2))
                .content_checksum(is(4))
                .content_size(is(8).then_some(plain.len() as u64));
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&plain).unwrap();
            let frame = encoder.finish().unwrap();
            assert_eq!(expand(&frame, plain.len()).as_deref(), Some(plain.as_slice()), "{bits} {size:?}");
            assert_eq!(expand(&frame, plain.len() - 1), None);
            for at in 0..15 {
                let mut flipped = frame.clone();
                flipped[at] ^= 1;
                assert_ne!(expand(&flipped, plain.len()).as_deref(), Some(plain.as_slice()), "{bits} {size:?} {at}");
            }
        }
    }
}

#[test]
fn a_small_frame_is_not_given_the_room_of_a_large_one() {
    // A record takes microseconds; any number of buffers of 4 MiB would take minutes.
    let frame = compress(b"a record", Blocks::Mib4);
    let began = std::time::Instant::now();
    for _ in 0..20_000 {
        assert!(expand(&frame, 16 << 20).is_some_and(|plain| plain.capacity() < 100_000));
    }
    assert!(began.elapsed() < std::time::Duration::from_mins(1));
}
