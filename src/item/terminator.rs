//! Line ends.

use std::borrow::Cow;

/// The item with CRLF at the end of each line, as both formats want it (RFC 5545 §3.1, RFC 6350 §3.2), and nothing else changed.
///
/// XML turns CRLF into LF (XML 1.0 §2.11), so `calendar-data` within a multistatus loses its CRs.
#[must_use]
pub fn to_crlf(item: &[u8]) -> Cow<'_, [u8]> {
    let before = |at: usize| at.checked_sub(1).and_then(|at| item.get(at));
    let bare = |(at, byte): &(usize, &u8)| **byte == b'\n' && before(*at) != Some(&b'\r');
    let missing = item.iter().enumerate().filter(bare).count();
    if missing == 0 {
        return Cow::Borrowed(item);
    }
    let mut whole = Vec::with_capacity(item.len() + missing);
    for (at, byte) in item.iter().enumerate() {
        if bare(&(at, byte)) {
            whole.push(b'\r');
        }
        whole.push(*byte);
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_without_cr_gets_one_and_the_rest_stays() {
        assert_eq!(to_crlf(b"\na\nb\r\nc\rd\n\n"), &b"\r\na\r\nb\r\nc\rd\r\n\r\n"[..]);
        assert!(matches!(to_crlf(b"a\r\nb"), Cow::Borrowed(b"a\r\nb")));
    }
}
