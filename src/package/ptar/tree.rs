//! The search trees of an archive, read by their pointers: texts and the MACs that stand under them.

use std::collections::BTreeSet;

use super::blobs::Blobs;
use super::hash::Mac;
use super::msgpack::Value;
use crate::package::error::Error;

/// Most bytes of one node; with hundreds of keys it has some ten thousand.
const LARGEST_NODE: usize = 4 << 20;
/// Most keys of a tree: files and folders of a package.
const MOST_KEYS: usize = 20_000;
/// Longest key in bytes: what systems take as a path.
const LONGEST_KEY: usize = 4096;
/// Most levels of a tree.
const DEEPEST: usize = 16;

/// Keys and values of a tree, in its order. `kinds` are those of its root record and of its nodes.
pub(super) fn read(blobs: &Blobs, kinds: (u32, u32), root: &Mac) -> Result<Vec<(String, Mac)>, Error> {
    let record = blobs.read(&(kinds.0, *root), LARGEST_NODE)?;
    let record = Value::read(&record).ok_or_else(damaged)?;
    let order = record.get("Order").and_then(Value::number::<u32>).ok_or_else(damaged)?;
    let first = record.get("Root").and_then(Value::bytes).ok_or_else(damaged)?;
    if order < 3 {
        return Err(damaged());
    }
    let mut walk = Walk { blobs, kind: kinds.1, seen: BTreeSet::new(), found: Vec::new(), next: Next::First };
    walk.node(&first, DEEPEST)?;
    if walk.next == Next::None { Ok(walk.found) } else { Err(damaged()) }
}

struct Walk<'a, 'b> {
    blobs: &'a Blobs<'b>,
    kind: u32,
    /// A node that came up twice would make a small tree endless.
    seen: BTreeSet<Mac>,
    found: Vec<(String, Mac)>,
    /// Which leaf comes next.
    next: Next,
}

/// The leaf that comes next, as the one before it says.
#[derive(PartialEq)]
enum Next {
    /// The first leaf, which nobody names.
    First,
    Leaf(Mac),
    None,
}

impl Walk<'_, '_> {
    fn node(&mut self, mac: &Mac, depth: usize) -> Result<(), Error> {
        let depth = depth.checked_sub(1).ok_or_else(damaged)?;
        if !self.seen.insert(*mac) {
            return Err(damaged());
        }
        let node = Value::read(&self.blobs.read(&(self.kind, *mac), LARGEST_NODE)?).ok_or_else(damaged)?;
        let list = |key: &str| node.get(key).map_or(Some(<&[Value]>::default()), Value::list).ok_or_else(damaged);
        let (keys, pointers, values) = (list("keys")?, list("pointers")?, list("values")?);
        if !pointers.is_empty() {
            if pointers.len() != keys.len() + 1 || !values.is_empty() {
                return Err(damaged());
            }
            for pointer in pointers {
                self.node(&pointer.bytes().ok_or_else(damaged)?, depth)?;
            }
            return Ok(());
        }
        if keys.len() != values.len() || (self.next != Next::First && self.next != Next::Leaf(*mac)) {
            return Err(damaged());
        }
        for (key, value) in keys.iter().zip(values) {
            let key = key.text().filter(|key| key.len() <= LONGEST_KEY).ok_or_else(damaged)?.to_owned();
            self.found.push((key, value.bytes().ok_or_else(damaged)?));
            if self.found.len() > MOST_KEYS {
                return Err(Error::refused(format!("it holds more than {MOST_KEYS} files and folders")));
            }
        }
        self.next = match node.get("next") {
            Some(next) => Next::Leaf(next.bytes().ok_or_else(damaged)?),
            None => Next::None,
        };
        Ok(())
    }
}

fn damaged() -> Error {
    Error::damaged("a list of what is in it is damaged")
}
