//! Who an item is: its UID, which stays when its file gets another name (RFC 5545 §3.8.4.7, RFC 6350 §6.7.6).

use super::component::Component;
use super::kind::Kind;
use super::text::unescape;

/// The identity of an item that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The UID of the first component that has one.
    pub uid: String,
    /// Further UIDs in the same item, which by RFC 4791 §4.1 should not be there.
    pub others: Vec<String>,
    /// Whether the item itself is there, not only single occurrences of a series (RFC 5545 §3.8.4.4).
    pub master: bool,
    /// How many single occurrences of the series are changed.
    pub overrides: usize,
}

/// The identity of the item; none if it has no UID.
#[must_use]
pub fn of(item: &[u8]) -> Option<Identity> {
    let whole = Component::whole(item);
    let mut uids: Vec<String> = Vec::new();
    let (mut masters, mut overrides) = (0, 0);
    for component in whole.subjects().filter(|each| Kind::of_component(&each.name) != Kind::Unknown) {
        if component.line("RECURRENCE-ID").is_some() {
            overrides += 1;
        } else {
            masters += 1;
        }
        let uid =
            component.line("UID").map(|line| String::from_utf8_lossy(&unescape(line.value.trim_ascii())).into_owned());
        if let Some(uid) = uid.filter(|uid| !uid.is_empty() && !uids.contains(uid)) {
            uids.push(uid);
        }
    }
    let others = uids.split_off(uids.len().min(1));
    uids.pop().map(|uid| Identity { uid, others, master: masters > 0, overrides })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_one_identity_with_its_overrides() {
        let series = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\\,b@x\nBEGIN:VALARM\nUID:alarm\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nuid:a\\,b@x\nRECURRENCE-ID:20260101\nEND:VEVENT\nEND:VCALENDAR";
        let identity = Identity { uid: "a,b@x".into(), others: vec![], master: true, overrides: 1 };
        assert_eq!(of(series), Some(identity));
    }

    #[test]
    fn an_override_may_stand_alone_and_a_file_may_hold_two_items() {
        let alone =
            of(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260101\nEND:VEVENT").expect("an identity");
        assert!(!alone.master);
        let two = of(b"BEGIN:VCARD\nUID:1\nEND:VCARD\nBEGIN:VCARD\nUID:2\nEND:VCARD").expect("an identity");
        assert_eq!((two.uid.as_str(), two.others.as_slice()), ("1", &["2".to_string()][..]));
    }

    #[test]
    fn without_a_uid_there_is_no_identity() {
        for item in ["", "BEGIN:VCARD\nFN:x\nUID:\nEND:VCARD", "BEGIN:VCALENDAR\nUID:1\nEND:VCALENDAR", "UID:1"] {
            assert_eq!(of(item.as_bytes()), None, "{item}");
        }
    }
}
