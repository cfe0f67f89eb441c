//! A copy of an item that can stand beside the original: the same but for its UID.

use sha2::{Digest, Sha256};

use super::kind::Kind;
use super::lines::{Line, logical_lines, unfold};
use super::normal::fingerprint;

/// The item under a new UID; none if it has no UID. Everything else keeps its bytes.
///
/// The new UID follows from the old one and from what the item says, so that a second copy of the same is the same.
#[must_use]
pub fn with_new_uid(item: &[u8]) -> Option<Vec<u8>> {
    let print = fingerprint(item);
    let mut copy = Vec::with_capacity(item.len() + 64);
    let mut open: Vec<Kind> = Vec::new();
    let mut changed = false;
    for raw in logical_lines(item) {
        let line = unfold(raw).into_iter().next().unwrap_or_default();
        let parsed = Line::parse(&line);
        match parsed.filter(|line| line.is("BEGIN") || line.is("END") || line.is("UID")) {
            Some(line) if line.is("BEGIN") => {
                open.push(Kind::of_component(&String::from_utf8_lossy(line.value.trim_ascii()).to_ascii_uppercase()));
            }
            Some(line) if line.is("END") => _ = open.pop(),
            Some(line) if open.last().is_some_and(|kind| *kind != Kind::Unknown) => {
                let end = raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
                copy.extend_from_slice(format!("UID:{}", new_uid(line.value, &print)).as_bytes());
                copy.extend_from_slice(raw.get(end..).unwrap_or_default());
                changed = true;
                continue;
            }
            _ => {}
        }
        copy.extend_from_slice(raw);
    }
    changed.then_some(copy)
}

/// A UUID (RFC 9562 §5.8) made from both.
fn new_uid(old: &[u8], print: &[u8; 32]) -> String {
    let hash = Sha256::new().chain_update(b"davault copy\n").chain_update(print).chain_update(old).finalize();
    let number = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    let mut uid = format!("{number:032x}");
    for at in [20, 16, 12, 8] {
        uid.insert(at, '-');
    }
    uid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{difference, identity};

    #[test]
    fn a_copy_differs_in_its_uid_alone_and_is_the_same_each_time() {
        let item = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID;X=1:a\r\n b\r\nSUMMARY:c\r\n d\r\nBEGIN:VALARM\r\nUID:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:ab\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let copy = with_new_uid(item).expect("it has a UID");
        assert_eq!(with_new_uid(item).as_ref(), Some(&copy));
        let (old, new) = (identity::of(item).expect("one"), identity::of(&copy).expect("one"));
        assert_eq!((new.others.len(), new.uid.len()), (0, 36));
        assert_ne!(old.uid, new.uid);
        assert_eq!(difference::names(item, &copy), ["VEVENT"]);
        let back = String::from_utf8(copy).expect("text").replace(&new.uid, "ab");
        assert_eq!(back.as_bytes(), String::from_utf8_lossy(item).replace(";X=1:a\r\n b", ":ab").as_bytes());
    }

    #[test]
    fn without_a_uid_there_is_no_copy() {
        assert_eq!(with_new_uid(b"BEGIN:VCALENDAR\nUID:1\nEND:VCALENDAR"), None);
        assert_eq!(with_new_uid(b"\n\n "), None);
    }
}
