//! The same item under another UID: the one place where bytes are changed.

use sha2::{Digest, Sha256};

use crate::item::identity;

/// The item with a new UID, made from all its bytes so that a second copy of the same is the same. `None` if it has no UID,
/// or several. Only the lines with the UID change; they keep their parameters and line ends.
pub(super) fn with_new_uid(content: &[u8]) -> Option<Vec<u8>> {
    let identity = identity::of(content).filter(|identity| identity.others.is_empty())?;
    let new = format!("{}@davault-copy", short_digest(content));
    let mut copy = Vec::with_capacity(content.len() + 64);
    let mut lines = content.split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let mut whole = line.to_vec();
        while let Some(folded) = lines.next_if(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            whole.extend_from_slice(folded);
        }
        match is_uid(&whole, &identity.uid) {
            Some(head) => {
                copy.extend_from_slice(&head);
                copy.extend_from_slice(new.as_bytes());
                copy.extend_from_slice(if whole.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
            }
            None => copy.extend_from_slice(&whole),
        }
    }
    let changed = identity::of(&copy).is_some_and(|identity| identity.uid == new && identity.others.is_empty());
    changed.then_some(copy)
}

/// First half of the SHA-256, in hexadecimal digits.
pub(super) fn short_digest(bytes: &[u8]) -> String {
    let half = Sha256::digest(bytes).iter().take(16).fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
    format!("{half:032x}")
}

/// What stands before the value, if this is a line with that UID.
fn is_uid(folded: &[u8], uid: &str) -> Option<Vec<u8>> {
    let name = folded.get(..3)?;
    if !name.eq_ignore_ascii_case(b"UID") || !matches!(folded.get(3), Some(b':' | b';')) {
        return None;
    }
    let text = String::from_utf8(folded.to_vec()).ok()?;
    let line = text.replace("\r\n ", "").replace("\r\n\t", "").replace("\n ", "").replace("\n\t", "");
    let (head, value) = line.split_once(':')?;
    let value = value.trim().replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\");
    (value == uid).then(|| format!("{head}:").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_with_the_uid_changes_and_nothing_else() {
        let content = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n b\r\nSUMMARY:x\r\n y\r\nBEGIN:VALARM\r\nUID:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID;X=1:ab\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let copy = String::from_utf8(with_new_uid(content).unwrap()).unwrap();
        let uid = identity::of(copy.as_bytes()).unwrap().uid;
        assert!(uid.ends_with("@davault-copy"));
        let expected = String::from_utf8_lossy(content).replace("UID:a\r\n b", &format!("UID:{uid}"));
        assert_eq!(copy, expected.replace("UID;X=1:ab", &format!("UID;X=1:{uid}")));
        assert_eq!(with_new_uid(content), with_new_uid(content));
    }

    #[test]
    fn without_a_single_uid_there_is_no_copy() {
        assert_eq!(with_new_uid(b"BEGIN:VCARD\nFN:x\nEND:VCARD\n"), None);
        let two = b"BEGIN:VCARD\nUID:1\nEND:VCARD\nBEGIN:VCARD\nUID:2\nEND:VCARD\n";
        assert_eq!(with_new_uid(two), None);
    }
}
