//! Ids as people and file names carry them: lower-case hexadecimal.

use std::fmt::Write as _;

/// A random id of a vault, pack, index file or snapshot.
pub(super) type Id = [u8; 16];

/// A new random id; 128 bits, so that ids from many machines do not meet.
pub(super) fn new_id() -> Id {
    rand::random()
}

/// Lower-case hexadecimal.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Exactly `N` bytes from lower-case hexadecimal; `None` for anything else, upper case included.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = decode_any(text)?;
    bytes.try_into().ok()
}

/// Bytes from lower-case hexadecimal.
pub(super) fn decode_any(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_and_nothing_else_does() {
        assert_eq!(encode(&[0, 0xab, 0x0f]), "00ab0f");
        assert_eq!(decode::<3>("00ab0f"), Some([0, 0xab, 0x0f]));
        assert_eq!(decode::<3>("00AB0F"), None);
        assert_eq!(decode::<3>("00ab0"), None);
        assert_eq!(decode::<2>("00ab0f"), None);
        assert_eq!(decode_any("zz"), None);
    }
}
