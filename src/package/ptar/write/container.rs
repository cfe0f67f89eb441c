//! The parts of an archive, put together.

use super::super::format::{MAGIC, PART_MAGIC, TRAILER, V1_0, V1_1, kind, record};
use super::super::hash::{self, LENGTH};
use super::super::msgpack::{Encoder, Width};
use super::pack::Pack;
use super::{Stamp, Style};

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;
/// The longest range that the host reads at once has fewer bits than this: 4 MiB and one chunk of at most 8 MiB.
const RANGE_BITS: u32 = 24;

/// The whole file.
pub(super) fn write(pack: &Pack, style: Style, stamp: &Stamp) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&V1_0.to_le_bytes());
    let mut trailer = Vec::with_capacity(TRAILER);
    let configuration = configuration(style, stamp);
    put_part(&mut out, &mut trailer, (kind::CONFIGURATION, V1_0), &configuration, hash::plain);
    let packfile_at = out.len();
    put_part(&mut out, &mut trailer, (kind::PACKFILE, V1_0), &pack.payload(), |bytes| pack.hasher.mac(bytes));
    let version = if style.has_parent { V1_1 } else { V1_0 };
    let state = pack.stored(&state(pack, version, stamp));
    put_part(&mut out, &mut trailer, (kind::STATE, version), &state, |bytes| pack.hasher.mac(bytes));
    let chunks_end = packfile_at + super::super::format::PART_HEAD + pack.chunks_end;
    let wanted = chunks_end + overread(pack.chunks_end);
    // The trailer is behind the gap, and read over as well.
    if wanted > out.len() + TRAILER {
        out.resize(wanted - TRAILER, 0);
    }
    out.extend_from_slice(&trailer);
    out
}

/// How many bytes the host may read beyond a stored range: where the file ends before, it loses the file without a word.
fn overread(range: usize) -> usize {
    let bits = (usize::BITS - range.leading_zeros()).min(RANGE_BITS);
    (1 << (bits / 2)) - 1
}

fn put_part(
    out: &mut Vec<u8>,
    trailer: &mut Vec<u8>,
    (kind, version): (u32, u32),
    payload: &[u8],
    hash: impl Fn(&[u8]) -> [u8; LENGTH],
) {
    let mut part = Vec::with_capacity(payload.len() + 64);
    part.extend_from_slice(PART_MAGIC);
    part.extend_from_slice(&kind.to_le_bytes());
    part.extend_from_slice(&version.to_le_bytes());
    part.extend_from_slice(payload);
    part.extend_from_slice(&hash(&part));
    trailer.extend_from_slice(&(out.len() as u64).to_le_bytes());
    trailer.extend_from_slice(&(part.len() as u64).to_le_bytes());
    out.extend_from_slice(&part);
}

fn configuration(style: Style, stamp: &Stamp) -> Vec<u8> {
    let mut record = Encoder::new(if style.is_full { Width::Fixed } else { Width::Shortest });
    if !style.is_full {
        record.map(2 + usize::from(style.compression.is_some())).text("RepositoryID").binary(&stamp.repository);
        record.text("Hashing").map(1).text("Algorithm").text("BLAKE3");
        if style.compression.is_some() {
            record.text("Compression").map(1).text("Algorithm").text("LZ4");
        }
        return record.finish();
    }
    record.map(7).text("Timestamp").time(stamp.seconds).text("RepositoryID").binary(&stamp.repository);
    record.text("Packfile").map(3).text("MinSize").u64(0).text("AvgSize").u64(0).text("MaxSize").u64(u64::MAX);
    record.text("Chunking").map(4).text("Algorithm").text("fastcdc-v1.0.0");
    record.text("MinSize").u32(512 * 1024).text("NormalSize").u32(1024 * 1024).text("MaxSize").u32(8 * 1024 * 1024);
    record.text("Hashing").map(2).text("Algorithm").text("BLAKE3").text("Bits").u32(256);
    record.text("Compression");
    if style.compression.is_some() {
        record.map(6).text("Algorithm").text("LZ4").text("Level").u32(131_072);
        for size in ["WindowSize", "ChunkSize", "BlockSize"] {
            record.text(size).small(-1);
        }
        record.text("EnableCRC").bool(false);
    } else {
        record.nil();
    }
    record.text("Encryption").nil();
    record.finish()
}

fn state(pack: &Pack, version: u32, stamp: &Stamp) -> Vec<u8> {
    let nanoseconds = u64::from(stamp.seconds) * NANOS;
    let mut state = if version == V1_1 { vec![0; LENGTH] } else { Vec::new() };
    for ((kind, mac), (offset, length)) in &pack.places {
        let kind = u8::try_from(*kind).expect("all kinds of blobs are below 256");
        state.extend_from_slice(&[record::LOCATION, 85, 0, 0, 0, kind]);
        state.extend_from_slice(&V1_0.to_le_bytes());
        state.extend_from_slice(mac);
        state.extend_from_slice(&stamp.packfile);
        state.extend_from_slice(&offset.to_le_bytes());
        state.extend_from_slice(&length.to_le_bytes());
        state.extend_from_slice(&0_u32.to_le_bytes());
    }
    state.extend_from_slice(&[record::PACKFILE, 72, 0, 0, 0]);
    state.extend_from_slice(&stamp.packfile);
    state.extend_from_slice(&stamp.state);
    state.extend_from_slice(&nanoseconds.to_le_bytes());
    state.push(record::METADATA);
    state.extend_from_slice(&version.to_le_bytes());
    state.extend_from_slice(&nanoseconds.to_le_bytes());
    state.extend_from_slice(&stamp.repository);
    state
}
