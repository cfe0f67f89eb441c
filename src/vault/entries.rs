//! The entries of a folder while a backup goes on: encoded, in one piece each, as a million of them must fit in memory.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use prost::Message as _;
use prost::encoding::decode_varint;

use super::message::Entry;

/// Entries by name, each name once.
#[derive(Default)]
pub(super) struct Entries(BTreeSet<Encoded>);

/// An encoded entry, which begins with its name.
struct Encoded(Box<[u8]>);

impl Entries {
    /// Adds an entry that has a name; false if one of this name is there, which then stays.
    pub(super) fn insert(&mut self, entry: &Entry) -> bool {
        self.0.insert(Encoded(entry.encode_to_vec().into()))
    }

    /// Whether there is an entry of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains(name.as_bytes())
    }

    /// All entries, sorted by the bytes of their names.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = Entry> {
        self.0.into_iter().map(|encoded| Entry::decode(encoded.0.as_ref()).unwrap_or_default())
    }
}

impl Encoded {
    /// The bytes of the name: behind a byte that says which field it is, and its length.
    fn name(&self) -> &[u8] {
        let mut rest = self.0.get(1..).unwrap_or_default();
        let length = decode_varint(&mut rest).ok().and_then(|length| usize::try_from(length).ok());
        length.and_then(|length| rest.get(..length)).unwrap_or_default()
    }
}

impl Borrow<[u8]> for Encoded {
    fn borrow(&self) -> &[u8] {
        self.name()
    }
}

impl Ord for Encoded {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Encoded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Encoded {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_back_sorted_and_each_name_once(names in prop::collection::vec("\\PC{1,200}", 0..40)) {
            let mut entries = Entries::default();
            let mut expected = std::collections::BTreeMap::new();
            for (size, name) in (0..).zip(names) {
                let entry = Entry { name: name.clone(), size, ..Entry::default() };
                prop_assert_eq!(entries.contains(&name), expected.contains_key(&name));
                prop_assert_eq!(entries.insert(&entry), !expected.contains_key(&name));
                expected.entry(name).or_insert(entry);
            }
            prop_assert!(entries.into_sorted().eq(expected.into_values()));
        }
    }
}
