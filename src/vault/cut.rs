//! How contents become objects: small ones whole, larger ones cut by content, so that a change moves only the cuts near it.

use bytes::{Bytes, BytesMut};
use fastcdc::v2020::FastCDC;

use super::address::Address;

/// Largest content that is one object, in bytes; larger ones are cut by content.
const WHOLE: usize = 512 * 1024;
/// Least, average and most bytes of the parts of a larger content (`FastCDC` 2020).
const PARTS: (usize, usize, usize) = (128 * 1024, 512 * 1024, 2 * 1024 * 1024);
/// Most parts of one content, so that a node of a tree stays small: 32 GB of it.
pub(super) const MOST_PARTS: usize = 64 * 1024;
/// Bytes above which a content has more parts than that wherever it is cut: 128 GiB.
pub const LARGEST_CONTENT: u64 = MOST_PARTS as u64 * PARTS.2 as u64;

/// A content on its way into the vault, piece by piece; no more of it is in memory than the part that is not cut yet.
#[derive(Debug, Default)]
pub struct Growing {
    rest: BytesMut,
    size: u64,
    pub(super) parts: Vec<Address>,
}

impl Growing {
    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes a piece in; the parts that are complete by now. They are those that [`cut`] would make of the whole.
    pub(super) fn add(&mut self, piece: &[u8]) -> Vec<Bytes> {
        self.rest.extend_from_slice(piece);
        self.size += piece.len() as u64;
        let mut parts = Vec::new();
        // Where a cut is depends on no more than the longest part.
        while self.rest.len() >= PARTS.2 {
            let Some(length) = lengths(&self.rest).next() else { break };
            parts.push(self.rest.split_to(length).freeze());
        }
        parts
    }

    /// The last parts.
    pub(super) fn end(&mut self) -> Vec<Bytes> {
        let rest = std::mem::take(&mut self.rest).freeze();
        match (self.parts.is_empty(), rest.is_empty()) {
            (_, true) => Vec::new(),
            (true, false) => cut(&rest),
            (false, false) => cut_always(&rest),
        }
    }
}

/// The parts of a content that is not empty; one where it is small.
pub(super) fn cut(content: &Bytes) -> Vec<Bytes> {
    if content.len() <= WHOLE { vec![content.clone()] } else { cut_always(content) }
}

fn cut_always(content: &Bytes) -> Vec<Bytes> {
    let mut rest = content.clone();
    lengths(content).map(|length| rest.split_to(length.min(rest.len()))).collect()
}

fn lengths(content: &[u8]) -> impl Iterator<Item = usize> {
    let (least, average, most) = PARTS;
    FastCDC::new(content, least, average, most).map(|part| part.length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_that_comes_in_pieces_is_cut_as_a_whole_one_is() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        let content: Bytes = (0..9_000_000).map(|_| next()).collect::<Vec<u8>>().into();
        for length in [0, 1, WHOLE, WHOLE + 1, PARTS.2 - 1, PARTS.2, PARTS.2 + 1, content.len()] {
            let whole = content.slice(..length);
            let expected = if whole.is_empty() { Vec::new() } else { cut(&whole) };
            for piece in [100_000, 1 << 20, 5_000_000] {
                let mut growing = Growing::default();
                let mut parts = Vec::new();
                for piece in whole.chunks(piece) {
                    let more = growing.add(piece);
                    growing.parts.extend(more.iter().map(|_| Address([0; 20])));
                    parts.extend(more);
                }
                parts.extend(growing.end());
                assert_eq!(
                    parts.iter().map(Bytes::len).collect::<Vec<_>>(),
                    expected.iter().map(Bytes::len).collect::<Vec<_>>()
                );
                assert_eq!(parts.concat(), whole, "{length} bytes by {piece}");
                assert_eq!(growing.size(), length as u64);
            }
        }
    }
}
