//! What an item says, as far as it matters to one that is to be put there: who it is, whether it says the same, and
//! whether somebody would be told of it.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::dav::ETag;
use crate::item;
use crate::item::people::People;

/// What is known of an item that stands on the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub etag: Option<ETag>,
    /// `None` where it was not read, or could not be.
    pub seen: Option<Seen>,
}

impl Known {
    /// Whether it is known to say the same, but for what davault itself did to its guests.
    pub fn says(&self, seen: &Seen) -> bool {
        self.seen.as_ref().is_some_and(|there| there.original == seen.original)
    }

    /// Whether it is known to say exactly the same.
    pub fn says_exactly(&self, seen: &Seen) -> bool {
        self.seen.as_ref().is_some_and(|there| there.fingerprint == seen.fingerprint)
    }
}

/// What an item says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Same for items that say the same.
    pub fingerprint: [u8; 32],
    /// The same, of the item before a restore did something to its guests.
    pub original: [u8; 32],
    pub uid: Option<String>,
    /// Its calendar users, where a server that schedules may tell some of them when it comes, changes or goes.
    pub people: Option<Arc<People>>,
    /// Whether it is a vCard of version 4.0.
    pub is_vcard4: bool,
}

impl Seen {
    /// Looks at an item.
    pub fn of(content: &[u8]) -> Self {
        let fingerprint = item::normal::fingerprint(content);
        let original = match item::guests::original(content) {
            Cow::Borrowed(_) => fingerprint,
            Cow::Owned(original) => item::normal::fingerprint(&original),
        };
        Self {
            fingerprint,
            original,
            uid: item::identity::of(content).map(|one| one.uid),
            people: Some(item::people::of(content)).filter(People::may_be_told).map(Arc::new),
            is_vcard4: content.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_end() == b"VERSION:4.0"),
        }
    }
}

/// First half of the SHA-256, in hexadecimal digits.
pub(super) fn short_digest(bytes: &[u8]) -> String {
    let half = Sha256::digest(bytes).iter().take(16).fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
    format!("{half:032x}")
}
