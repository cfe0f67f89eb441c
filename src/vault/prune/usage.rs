//! Which objects snapshots need, and beside which others each should lie.

use std::collections::{HashMap, hash_map};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::vault::address::{Address, BuildAddressHasher};
use crate::vault::error::{Error, ErrorKind};
use crate::vault::node::{self, Node, NodeKind};
use crate::vault::objects::{AT_ONCE, Objects};
use crate::vault::snapshot::Snapshot;
use crate::vault::walk::{self, Part};

/// Nodes that are asked for together; their order is kept.
const BATCH: usize = 256;

/// Where an object belongs when it is written anew: what lies in one folder together, the versions of one item, or of one
/// node of a tree, side by side and oldest first. So they compress well, and a folder is read from few blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Order {
    folder: u32,
    name: u32,
    /// Number of the first snapshot that has it.
    snapshot: u32,
}

/// Every object that a snapshot needs.
pub(super) type Usage = HashMap<Address, Order, BuildAddressHasher>;

/// Goes through all of these snapshots, oldest first. Any node that cannot be read is an error: what it needs is not known.
pub(super) async fn usage(objects: &Arc<Objects>, snapshots: &[Snapshot]) -> Result<Usage, Error> {
    let mut usage = Usage::default();
    for (number, snapshot) in (0..).zip(snapshots) {
        let taken = take(objects, &mut usage, snapshot, number).await;
        taken.map_err(|error| match error.kind {
            ErrorKind::Damaged | ErrorKind::Missing => {
                let what = format!("snapshot {} cannot be read whole, so nobody knows what it needs", snapshot.id);
                Error::new(ErrorKind::Damaged, what).because(error)
            }
            _ => error,
        })?;
    }
    Ok(usage)
}

/// A node of a tree that is still to be read.
struct Todo {
    path: Arc<str>,
    address: Address,
    below: Option<u32>,
}

/// Going through one snapshot.
struct Taking<'u> {
    usage: &'u mut Usage,
    todo: Vec<Todo>,
    snapshot: u32,
}

async fn take(objects: &Objects, usage: &mut Usage, snapshot: &Snapshot, number: u32) -> Result<(), Error> {
    let mut taking = Taking { usage, todo: Vec::new(), snapshot: number };
    taking.come(&"".into(), snapshot.root, None);
    while !taking.todo.is_empty() {
        let batch = taking.todo.split_off(taking.todo.len().saturating_sub(BATCH));
        let read = batch.into_iter().map(|next| async move {
            let part = walk::part(objects, &next.address, next.below).await;
            (next, part)
        });
        for (next, part) in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
            taking.node(&next, part?)?;
        }
    }
    Ok(())
}

impl Taking<'_> {
    fn come(&mut self, path: &Arc<str>, address: Address, below: Option<u32>) {
        if let hash_map::Entry::Vacant(new) = self.usage.entry(address) {
            new.insert(Order::default());
            self.todo.push(Todo { path: path.clone(), address, below });
        }
    }

    fn node(&mut self, node: &Todo, part: Part) -> Result<(), Error> {
        let (level, last) = match part {
            Part::Branches(level, branches) => {
                let last = branches.last().map(|(last, _)| last.clone());
                for (_, address) in branches {
                    self.come(&node.path, address, Some(level));
                }
                (level, last)
            }
            Part::Nodes(nodes) => {
                for entry in &nodes {
                    self.entry(&node.path, entry)?;
                }
                (0, nodes.into_iter().next_back().map(|entry| entry.name))
            }
        };
        let name = hash(&(level, last.unwrap_or_default()));
        self.usage.insert(node.address, Order { folder: hash(&*node.path), name, snapshot: self.snapshot });
        Ok(())
    }

    fn entry(&mut self, folder: &str, entry: &Node) -> Result<(), Error> {
        match entry.kind {
            NodeKind::Folder { .. } => {
                let path = node::join(folder, &entry.name).into();
                for address in entry.references() {
                    self.come(&path, *address, None);
                }
            }
            NodeKind::File { .. } => {
                let order = Order { folder: hash(folder), name: hash(&*entry.name), snapshot: self.snapshot };
                for address in entry.references() {
                    self.usage.entry(*address).or_insert(order);
                }
            }
            NodeKind::Other => {
                let what = "a snapshot holds things that this version of davault does not know; prune with a newer one";
                return Err(Error::usage(what));
            }
        }
        Ok(())
    }
}

/// Not a keyed hash: it orders what is sealed afterwards, and is the same in every run.
fn hash(what: &(impl Hash + ?Sized)) -> u32 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
