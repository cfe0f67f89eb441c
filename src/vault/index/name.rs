//! What an index file is called: `index/L-ID`, its level and its id.

use crate::vault::hex::{self, Id};

/// Highest level; one hexadecimal digit in the name.
pub(in crate::vault) const HIGHEST: u8 = 15;

/// The name of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::vault) struct Name {
    /// 0 for what a small backup writes, one more for what is merged from files of a level.
    pub(in crate::vault) level: u8,
    pub(in crate::vault) id: Id,
}

impl Name {
    /// A name that nobody else has.
    pub(in crate::vault) fn new(level: u8) -> Self {
        Self { level: level.min(HIGHEST), id: hex::new_id() }
    }

    /// The name from what stands below `index/`.
    pub(in crate::vault) fn parse(name: &str) -> Option<Self> {
        let (level, id) = name.split_once('-')?;
        let is_digit = level.len() == 1 && !level.contains(|digit: char| digit.is_ascii_uppercase());
        let level = u8::from_str_radix(level, 16).ok().filter(|_| is_digit)?;
        Some(Self { level, id: hex::decode(id)? })
    }

    /// Where the file lies in the vault.
    pub(in crate::vault) fn path(&self) -> String {
        format!("index/{:x}-{}", self.level, hex::encode(&self.id))
    }

    /// What its parts are bound to: its level and its id.
    pub(in crate::vault) fn bytes(&self) -> [u8; 17] {
        let mut bytes = [self.level; 17];
        for (to, from) in bytes.iter_mut().skip(1).zip(self.id) {
            *to = from;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_and_others_are_none() {
        let name = Name { level: 11, id: [7; 16] };
        assert_eq!(Name::parse(name.path().strip_prefix("index/").unwrap()), Some(name));
        for other in ["07070707070707070707070707070707", "B-07070707070707070707070707070707", "1-07#1", "+-07", ""] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }
}
