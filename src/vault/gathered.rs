//! Extended attributes during a backup: they come beside their folders and files, before or after them, and belong into entries.

use std::collections::BTreeMap;

use super::details::{LARGEST_XATTR, MOST_XATTRS, Xattr};
use super::message::Entry;

/// The attributes that have come so far, by path.
#[derive(Default)]
pub(super) struct Gathered(BTreeMap<Box<str>, Vec<Xattr>>);

impl Gathered {
    /// Takes one in, in place of an earlier one of the same name; false where it is too large to be kept.
    pub(super) fn add(&mut self, path: &str, xattr: Xattr) -> bool {
        if xattr.value.len() > LARGEST_XATTR {
            return false;
        }
        let known = self.0.entry(path.into()).or_default();
        known.retain(|other| other.name != xattr.name);
        let bytes: usize = known.iter().chain([&xattr]).map(|xattr| xattr.name.len() + xattr.value.len()).sum();
        let fits = bytes <= MOST_XATTRS;
        if fits {
            known.push(xattr);
        }
        fits
    }

    /// Puts those of `path` into its entry, sorted by name.
    pub(super) fn give(&mut self, path: &str, entry: &mut Entry) {
        let Some(xattrs) = self.0.remove(path) else { return };
        entry.xattrs.retain(|kept| xattrs.iter().all(|xattr| xattr.name != kept.name));
        entry.xattrs.extend(xattrs.iter().map(Xattr::to_message));
        entry.xattrs.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xattr(name: &str, length: usize) -> Xattr {
        Xattr { name: name.into(), kind: 0, value: vec![7; length].into() }
    }

    #[test]
    fn attributes_are_sorted_replaced_by_name_and_bounded() {
        let mut gathered = Gathered::default();
        for (name, length) in [("user.b", 5), ("user.a", 0), ("user.b", 6)] {
            assert!(gathered.add("/x", xattr(name, length)));
        }
        assert!(!gathered.add("/x", xattr("user.c", LARGEST_XATTR + 1)));
        let mut entry = Entry { xattrs: vec![xattr("user.a", 9).to_message()], ..Entry::default() };
        gathered.give("/x", &mut entry);
        let found: Vec<_> = entry.xattrs.iter().map(|xattr| (xattr.name.as_str(), xattr.value.len())).collect();
        assert_eq!(found, [("user.a", 0), ("user.b", 6)]);
        assert!(gathered.is_empty());
        let fitting = (0..100).filter(|number| gathered.add("/y", xattr(&number.to_string(), LARGEST_XATTR))).count();
        assert_eq!(fitting, 15);
    }
}
