//! Which paths may cross the plugin interface.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Longest path that is taken, in bytes; Linux's own limit.
const LONGEST: usize = 4096;

/// Says why `path` is none that a snapshot may hold; `Ok` for an absolute path of plain names, and for `/`.
pub(super) fn check(path: &str) -> Result<(), &'static str> {
    let Some(names) = path.strip_prefix('/') else {
        return Err("is not absolute");
    };
    if path.len() > LONGEST {
        return Err("is longer than 4096 bytes");
    }
    if path.contains('\0') {
        return Err("holds a NUL");
    }
    if names.is_empty() {
        return Ok(());
    }
    match names.split('/').find(|name| matches!(*name, "" | "." | "..")) {
        Some("") => Err("has an empty name in it"),
        Some("..") => Err("leads out of its folder"),
        Some(_) => Err("has a name that is only a dot"),
        None => Ok(()),
    }
}

/// The last name of `path`; empty for `/`.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A path, or any other text of a stranger, as it may be shown: without control characters, and not endless.
pub(super) fn shown(text: &str) -> String {
    const SHOWN: usize = 500;
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Which paths came by already, in 16 bytes each.
pub(super) struct Seen {
    paths: HashSet<u128>,
    keys: (RandomState, RandomState),
}

impl Seen {
    pub(super) fn new() -> Self {
        Seen { paths: HashSet::new(), keys: (RandomState::new(), RandomState::new()) }
    }

    /// Takes `path` in; false where it was there already. Two keyed hashes of 64 bits never meet by chance.
    pub(super) fn insert(&mut self, path: &str) -> bool {
        let number = self.number(path);
        self.paths.insert(number)
    }

    /// Takes `path` out; false where it was not there.
    pub(super) fn remove(&mut self, path: &str) -> bool {
        let number = self.number(path);
        self.paths.remove(&number)
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.paths.contains(&self.number(path))
    }

    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    fn number(&self, path: &str) -> u128 {
        u128::from(self.keys.0.hash_one(path)) << 64 | u128::from(self.keys.1.hash_one(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_paths_of_plain_names_pass() {
        assert_eq!(check("/"), Ok(()));
        assert_eq!(check("/calendars/work/a b.ics"), Ok(()));
        assert_eq!(check("/...hidden"), Ok(()));
        assert_eq!(check("calendars"), Err("is not absolute"));
        assert_eq!(check(""), Err("is not absolute"));
        assert_eq!(check("/a/../b"), Err("leads out of its folder"));
        assert_eq!(check("/.."), Err("leads out of its folder"));
        assert_eq!(check("/a//b"), Err("has an empty name in it"));
        assert_eq!(check("/a/"), Err("has an empty name in it"));
        assert_eq!(check("/./a"), Err("has a name that is only a dot"));
        assert_eq!(check("/a\0"), Err("holds a NUL"));
        assert_eq!(check(&format!("/{}", "a".repeat(4096))), Err("is longer than 4096 bytes"));
    }

    #[test]
    fn a_strangers_text_is_shown_without_control_characters_and_cut() {
        assert_eq!(shown("no\x1b[31m\nentry"), "no [31m entry");
        assert_eq!(shown(&"a".repeat(600)).chars().count(), 501);
    }

    #[test]
    fn a_path_is_seen_until_it_is_taken_out() {
        let mut seen = Seen::new();
        assert!(seen.insert("/a"));
        assert!(!seen.insert("/a"));
        assert!(seen.contains("/a") && seen.len() == 1);
        assert!(seen.remove("/a"));
        assert!(!seen.remove("/a"));
    }
}
