//! Extended attributes during a backup: they come beside their folders and files, before or after them, and belong into entries.

use std::collections::BTreeMap;

use prost::encoding::encoded_len_varint;

use super::details::{LARGEST_XATTR, MOST_NAMES, MOST_XATTRS, Xattr};
use super::message::Entry;

/// Most bytes of memory that the attributes of one backup may take, as [`cost`] counts them: about three million small ones.
const MOST_MEMORY: usize = 1 << 30;
/// Memory of an attribute besides its name and value, and of a path besides its text, in bytes, about.
const EACH: usize = 128;

/// The attributes that have come so far, by path.
#[derive(Default)]
pub(super) struct Gathered {
    by_path: BTreeMap<Box<str>, OfPath>,
    memory: usize,
}

/// The attributes of one path, sorted by name.
#[derive(Default)]
struct OfPath {
    xattrs: Vec<Xattr>,
    /// What they take in the entry.
    encoded: usize,
}

impl Gathered {
    /// Takes one in, in place of an earlier one of the same name; false where it is too large to be kept.
    pub(super) fn add(&mut self, path: &str, xattr: Xattr) -> bool {
        if xattr.value.len() > LARGEST_XATTR {
            return false;
        }
        let known = self.by_path.get(path);
        let replaced = known.and_then(|known| known.place(&xattr.name).ok().and_then(|place| known.xattrs.get(place)));
        let memory = (self.memory + cost(&xattr)).saturating_sub(replaced.map_or(0, cost));
        let memory = if known.is_none() { memory + path.len() + EACH } else { memory };
        if memory > MOST_MEMORY || known.is_some_and(|known| !known.has_room(&xattr, replaced)) {
            return false;
        }
        self.memory = memory;
        // One attribute is what most have; room for four would be taken else.
        let one = || OfPath { xattrs: Vec::with_capacity(1), encoded: 0 };
        self.by_path.entry(path.into()).or_insert_with(one).put(xattr);
        true
    }

    /// Takes in one of an earlier snapshot, unless one of the same name is there; false where it is too large to be kept.
    pub(super) fn keep(&mut self, path: &str, xattr: Xattr) -> bool {
        let is_there = self.by_path.get(path).is_some_and(|known| known.place(&xattr.name).is_ok());
        is_there || self.add(path, xattr)
    }

    /// Puts those of `path` into its entry, sorted by name. Of those that are there already the last by name go where there is
    /// no room for all.
    pub(super) fn give(&mut self, path: &str, entry: &mut Entry) {
        let Some(mut known) = self.by_path.remove(path) else { return };
        for kept in std::mem::take(&mut entry.xattrs).into_iter().map(Xattr::from_message) {
            if known.place(&kept.name).is_err() && known.has_room(&kept, None) {
                known.put(kept);
            }
        }
        entry.xattrs = known.xattrs.iter().map(Xattr::to_message).collect();
    }

    /// Whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }
}

impl OfPath {
    /// Where the one of this name is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.xattrs.binary_search_by(|known| known.name.as_str().cmp(name))
    }

    /// Whether one fits in, where `replaced` goes for it.
    fn has_room(&self, xattr: &Xattr, replaced: Option<&Xattr>) -> bool {
        let bytes = (self.encoded + encoded(xattr)).saturating_sub(replaced.map_or(0, encoded));
        self.xattrs.len() < MOST_NAMES + usize::from(replaced.is_some()) && bytes <= MOST_XATTRS
    }

    fn put(&mut self, xattr: Xattr) {
        self.encoded += encoded(&xattr);
        match self.place(&xattr.name) {
            Ok(place) => {
                let replaced = self.xattrs.get_mut(place).map(|there| std::mem::replace(there, xattr));
                self.encoded -= replaced.as_ref().map_or(0, encoded);
            }
            Err(place) => self.xattrs.insert(place, xattr),
        }
    }
}

/// What one takes in an entry, in bytes.
fn encoded(xattr: &Xattr) -> usize {
    let field = |length: usize| 1 + encoded_len_varint(length as u64) + length;
    let number = if xattr.kind == 0 { 0 } else { 1 + encoded_len_varint(xattr.kind.into()) };
    // The field of the entry has a number of two bytes. Empty ones are not written, and count all the same.
    1 + field(field(xattr.name.len()) + field(xattr.value.len()) + number)
}

fn cost(xattr: &Xattr) -> usize {
    xattr.name.len() + xattr.value.len() + EACH
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    fn xattr(name: &str, length: usize) -> Xattr {
        Xattr { name: name.into(), kind: 0, value: vec![7; length].into() }
    }

    fn given(gathered: &mut Gathered, path: &str, kept: &[Xattr]) -> Entry {
        let mut entry = Entry { xattrs: kept.iter().map(Xattr::to_message).collect(), ..Entry::default() };
        gathered.give(path, &mut entry);
        entry
    }

    fn lengths(entry: &Entry) -> Vec<(&str, usize)> {
        entry.xattrs.iter().map(|xattr| (xattr.name.as_str(), xattr.value.len())).collect()
    }

    #[test]
    fn attributes_are_sorted_replaced_by_name_and_bounded() {
        let mut gathered = Gathered::default();
        for (name, length) in [("user.b", 5), ("user.a", 0), ("user.b", 6)] {
            assert!(gathered.add("/x", xattr(name, length)));
        }
        assert!(!gathered.add("/x", xattr("user.c", LARGEST_XATTR + 1)));
        assert!(gathered.keep("/x", xattr("user.b", 1)) && gathered.keep("/x", xattr("user.d", 2)));
        let entry = given(&mut gathered, "/x", &[xattr("user.a", 9), xattr("user.c", 3)]);
        assert_eq!(lengths(&entry), [("user.a", 0), ("user.b", 6), ("user.c", 3), ("user.d", 2)]);
        assert!(gathered.is_empty());
        let fitting = (0..100).filter(|number| gathered.add("/y", xattr(&number.to_string(), LARGEST_XATTR))).count();
        assert_eq!(fitting, 15);
    }

    #[test]
    fn an_entry_is_bounded_by_what_its_attributes_take_in_it_and_by_their_number() {
        let mut gathered = Gathered::default();
        let empty = (0..=MOST_NAMES).filter(|number| gathered.add("/x", xattr(&number.to_string(), 0))).count();
        assert_eq!(empty, MOST_NAMES);
        assert!(gathered.add("/x", xattr("0", 1)), "in its own place");
        assert!(given(&mut gathered, "/x", &[]).encoded_len() <= MOST_XATTRS);

        // Those of today stay, and of yesterday's those that fit.
        for number in 0..10 {
            assert!(gathered.add("/y", xattr(&number.to_string(), LARGEST_XATTR)));
        }
        let kept: Vec<_> = (5..40).map(|number| xattr(&number.to_string(), LARGEST_XATTR)).collect();
        let entry = given(&mut gathered, "/y", &kept);
        assert!(entry.encoded_len() <= MOST_XATTRS && entry.xattrs.len() == 15, "{}", entry.xattrs.len());
    }

    #[test]
    fn all_attributes_of_a_backup_together_are_bounded() {
        let mut gathered = Gathered { memory: MOST_MEMORY - 2 * EACH - 8, ..Gathered::default() };
        assert!(!gathered.add("/x", xattr("user.a", 1)));
        assert!(gathered.add("/x", xattr("user.a", 0)));
        assert!(gathered.add("/x", xattr("user.a", 0)), "in its own place");
        assert!(!gathered.add("/x", xattr("user.b", 0)));
    }
}
