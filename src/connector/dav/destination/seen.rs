//! What an item says, as far as it matters to one that is to be put there: who it is, whether it says the same, and
//! whether somebody would be told of it.

use sha2::{Digest, Sha256};

use crate::dav::ETag;
use crate::item;

/// What is known of an item that stands on the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub etag: Option<ETag>,
    /// `None` where it was not read, or could not be.
    pub seen: Option<Seen>,
}

impl Known {
    /// Whether it is known to say the same.
    pub fn says(&self, seen: &Seen) -> bool {
        self.seen.as_ref().is_some_and(|there| there.fingerprint == seen.fingerprint)
    }
}

/// What an item says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Same for items that say the same.
    pub fingerprint: [u8; 32],
    pub uid: Option<String>,
    /// Whether a server that schedules tells somebody when it comes, changes or goes.
    pub invites: bool,
    /// Whether it is a vCard of version 4.0.
    pub is_vcard4: bool,
}

impl Seen {
    /// Looks at an item.
    pub fn of(content: &[u8]) -> Self {
        Self {
            fingerprint: item::normal::fingerprint(content),
            uid: item::identity::of(content).map(|one| one.uid),
            invites: invites(content),
            is_vcard4: content.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_end() == b"VERSION:4.0"),
        }
    }
}

/// Whether a server that schedules would tell somebody of it: it has an organizer and attendees (RFC 6638 §3.2).
fn invites(content: &[u8]) -> bool {
    // A fold may lie within a name, too (RFC 5545 §3.1).
    let mut unfolded: Vec<u8> = Vec::with_capacity(content.len());
    for line in content.split(|byte| *byte == b'\n') {
        if let [b' ' | b'\t', rest @ ..] = line {
            unfolded.extend_from_slice(rest.trim_ascii_end());
        } else {
            unfolded.push(b'\n');
            unfolded.extend_from_slice(line.trim_ascii_end());
        }
    }
    let has = |name: &str| {
        unfolded.split(|byte| *byte == b'\n').any(|line| {
            let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(name.as_bytes()) && matches!(rest.first(), Some(b':' | b';'))
        })
    };
    has("ORGANIZER") && has("ATTENDEE")
}

/// First half of the SHA-256, in hexadecimal digits.
pub(super) fn short_digest(bytes: &[u8]) -> String {
    let half = Sha256::digest(bytes).iter().take(16).fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
    format!("{half:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organizer_with_attendees_invites_however_the_lines_are_folded() {
        assert!(invites(b"ORGANIZER;CN=A:mailto:a@x\r\nATTENDEE:mailto:b@x\r\n"));
        assert!(invites(b"ORGANIZ\r\n ER:mailto:a@x\nATTEN\n\tDEE:mailto:b@x\n"));
        assert!(!invites(b"ORGANIZER:mailto:a@x\r\nX-ATTENDEE:mailto:b@x\r\n"));
        assert!(!invites(b"ATTENDEE:mailto:b@x\r\nDESCRIPTION:x\r\n ORGANIZER:no\r\n"));
    }
}
