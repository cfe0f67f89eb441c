//! The tree of a folder: its entries by name, in nodes cut where a keyed hash of a name says so. An insertion moves no cut
//! but its own, so that a folder in which one thing changed shares all nodes but the few above that thing.

use prost::Message as _;

use super::address::Address;
use super::error::Error;
use super::message::{Branch, Entry, Tree};
use super::node;
use super::seal::{Keys, Kind};

/// Fewest entries or branches of a node that is not its level's last.
const FEWEST: usize = 6;
/// One name in so many ends a node; with [`FEWEST`] and [`MOST`], nodes have about 20 entries.
const ONE_IN: u32 = 16;
/// Entries or branches with which a node ends whatever the hash says. One changed event of 10,000 writes three nodes anew,
/// of about 50 bytes an entry: 40 keep that below 8 KB at worst, for 0.6 % more in all than nodes twice as large.
const MOST: usize = 40;
/// Bytes after which a node ends whatever the hash says.
const TARGET_BYTES: usize = 32 * 1024;
/// Most bytes of a node: the target, and one entry with 64 Ki parts of content and long names.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Most levels; the smallest nodes give 6^16 entries.
const MOST_LEVELS: u32 = 16;

/// A node, as an object to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) address: Address,
    pub(super) bytes: Vec<u8>,
}

/// Builds the tree of one folder from its entries, which come sorted by name.
pub(super) struct Builder<'k> {
    keys: &'k Keys,
    leaf: Vec<Entry>,
    leaf_bytes: usize,
    /// Open nodes above the leaves, lowest first.
    levels: Vec<Vec<Branch>>,
    made: Vec<Made>,
}

impl<'k> Builder<'k> {
    pub(super) fn new(keys: &'k Keys) -> Self {
        Self { keys, leaf: Vec::new(), leaf_bytes: 0, levels: Vec::new(), made: Vec::new() }
    }

    /// Adds the next entry; an error where it is too large for any node.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Error> {
        self.leaf_bytes += entry.encoded_len();
        let ends = self.ends(0, &entry.name, self.leaf.len() + 1, self.leaf_bytes);
        self.leaf.push(entry);
        if ends { self.close_leaf() } else { Ok(()) }
    }

    /// The nodes that are complete so far; each is handed out once.
    pub(super) fn take(&mut self) -> Vec<Made> {
        std::mem::take(&mut self.made)
    }

    /// The address of the whole tree, and the nodes not handed out before.
    pub(super) fn finish(mut self) -> Result<(Address, Vec<Made>), Error> {
        if !self.leaf.is_empty() || self.levels.is_empty() {
            self.close_leaf()?;
        }
        let mut level = 0;
        loop {
            let branches = self.levels.get_mut(level).map(std::mem::take).unwrap_or_default();
            let is_top = level + 1 >= self.levels.len();
            match branches.as_slice() {
                [only] if is_top => {
                    let address = Address::from_slice(&only.address).expect("a branch is made from an address");
                    return Ok((address, self.made));
                }
                [] => {}
                _ => self.close_level(level, branches)?,
            }
            level += 1;
        }
    }

    fn close_leaf(&mut self) -> Result<(), Error> {
        let entries = std::mem::take(&mut self.leaf);
        self.leaf_bytes = 0;
        let last = entries.last().map(|entry| entry.name.clone()).unwrap_or_default();
        self.close(&last, &Tree { level: 0, entries, branches: Vec::new() })
    }

    fn close_level(&mut self, level: usize, branches: Vec<Branch>) -> Result<(), Error> {
        let last = branches.last().map(|branch| branch.last.clone()).unwrap_or_default();
        let height = u32::try_from(level + 1).expect("levels are few");
        self.close(&last, &Tree { level: height, entries: Vec::new(), branches })
    }

    fn close(&mut self, last: &str, tree: &Tree) -> Result<(), Error> {
        let bytes = tree.encode_to_vec();
        if bytes.len() > MOST_BYTES {
            // Nobody could read it again.
            return Err(Error::usage(
                "what is to be kept of one file or folder takes more than 4 MiB without its content",
            ));
        }
        let address = self.keys.address(Kind::Tree, &bytes);
        self.made.push(Made { address, bytes });
        let level = usize::try_from(tree.level).expect("levels are few");
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(branches) = self.levels.get_mut(level) else { return Ok(()) };
        branches.push(Branch { last: last.to_owned(), address: address.0.to_vec() });
        let (count, size) = (branches.len(), branches.iter().map(Branch::encoded_len).sum());
        if self.ends(tree.level + 1, last, count, size) {
            let branches = self.levels.get_mut(level).map(std::mem::take).unwrap_or_default();
            return self.close_level(level, branches);
        }
        Ok(())
    }

    fn ends(&self, level: u32, name: &str, count: usize, bytes: usize) -> bool {
        // Two at least, or a level of long names would be as long as the one below it.
        let by_size = bytes >= TARGET_BYTES && (count >= 2 || level == 0);
        by_size || count >= MOST || (count >= FEWEST && self.keys.cut(level, name).is_multiple_of(ONE_IN))
    }
}

/// A node from its bytes; `None` unless it keeps to the format: names sorted, addresses whole.
pub(super) fn read(bytes: &[u8]) -> Option<Tree> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let tree = Tree::decode(bytes).ok()?;
    let sorted = if tree.level == 0 {
        let names = tree.entries.iter().map(|entry| entry.name.as_str());
        tree.branches.is_empty() && names.clone().all(node::is_name) && names.is_sorted_by(|a, b| a < b)
    } else {
        let whole = tree.branches.iter().all(|branch| Address::from_slice(&branch.address).is_some());
        let lasts = tree.branches.iter().map(|branch| branch.last.as_str());
        tree.entries.is_empty() && whole && !tree.branches.is_empty() && lasts.is_sorted_by(|a, b| a < b)
    };
    (sorted && tree.level < MOST_LEVELS).then_some(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::error::ErrorKind;

    fn of_user(length: usize) -> Result<(Address, Vec<Made>), Error> {
        let keys = Keys::new([1; 16], &crate::vault::seal::new_master());
        let mut builder = Builder::new(&keys);
        builder.push(Entry { name: "a".into(), user: Some("x".repeat(length)), ..Entry::default() })?;
        builder.finish()
    }

    #[test]
    fn a_node_that_no_reader_would_take_is_not_made() {
        let (_, made) = of_user(MOST_BYTES - 1000).expect("it fits");
        assert!(made.iter().all(|node| read(&node.bytes).is_some()));
        assert_eq!(of_user(MOST_BYTES).expect_err("it is too large").kind, ErrorKind::Usage);
    }
}
