//! The text of properties and its escapes (RFC 5545 §3.3.11, RFC 6350 §3.4).

/// Text without its escapes; a backslash before any other character stays as it is.
pub fn unescape(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = match (byte, bytes.peek()) {
            (b'\\', Some(b'n' | b'N')) => Some(b'\n'),
            (b'\\', Some(next @ (b'\\' | b',' | b';'))) => Some(*next),
            _ => None,
        };
        if escaped.is_some() {
            bytes.next();
        }
        text.push(escaped.unwrap_or(byte));
    }
    text
}

/// Text with its escapes.
pub fn escape(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len() + 8);
    for byte in text {
        match byte {
            b'\n' => value.extend_from_slice(b"\\n"),
            b'\\' | b',' | b';' => value.extend_from_slice(&[b'\\', *byte]),
            _ => value.push(*byte),
        }
    }
    value
}

/// The parts of a value between separators that are not escaped.
pub fn split(value: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut escaped = false;
    value
        .split(|byte| {
            let here = *byte == separator && !escaped;
            escaped = *byte == b'\\' && !escaped;
            here
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_come_off_and_go_on_again() {
        assert_eq!(unescape(br"a\, b\; c\\ d\ne\Nf\x\"), b"a, b; c\\ d\ne\nf\\x\\");
        assert_eq!(escape(b"a, b; c\\ d\ne"), br"a\, b\; c\\ d\ne");
    }

    #[test]
    fn only_separators_that_are_not_escaped_separate() {
        assert_eq!(split(br"a\,b,c\\,d", b','), [&br"a\,b"[..], br"c\\", b"d"]);
    }
}
