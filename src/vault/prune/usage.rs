//! Which objects snapshots need, and beside which others each should lie.

use std::collections::{HashMap, hash_map};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::vault::address::{Address, BuildAddressHasher};
use crate::vault::error::{Error, ErrorKind};
use crate::vault::node::{self, Node, NodeKind};
use crate::vault::objects::Objects;
use crate::vault::reach::{Todo, reach};
use crate::vault::snapshot::Snapshot;
use crate::vault::walk::Part;

/// Where an object belongs when it is written anew: what lies in one folder together, the versions of one item, or of one
/// node of a tree, side by side and oldest first. So they compress well, and a folder is read from few blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::vault) struct Order {
    folder: u32,
    name: u32,
    /// Number of the first snapshot that has it.
    snapshot: u32,
}

/// Every object that a snapshot needs.
pub(in crate::vault) type Usage = HashMap<Address, Order, BuildAddressHasher>;

/// Goes through all of these snapshots, oldest first. Any node that cannot be read is an error: what it needs is not known.
pub(in crate::vault) async fn usage(objects: &Arc<Objects>, snapshots: &[Snapshot]) -> Result<Usage, Error> {
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

/// Going through one snapshot.
struct Taking<'u> {
    usage: &'u mut Usage,
    snapshot: u32,
}

/// A node whose folder is at this path.
type Next = Todo<Arc<str>>;

async fn take(objects: &Arc<Objects>, usage: &mut Usage, snapshot: &Snapshot, number: u32) -> Result<(), Error> {
    let mut taking = Taking { usage, snapshot: number };
    let mut top = Vec::new();
    taking.come(&"".into(), snapshot.root, None, &mut top);
    reach(objects, top, |node, part, further| taking.node(&node, part?, further)).await
}

impl Taking<'_> {
    fn come(&mut self, path: &Arc<str>, address: Address, below: Option<u32>, further: &mut Vec<Next>) {
        if let hash_map::Entry::Vacant(new) = self.usage.entry(address) {
            new.insert(Order::default());
            further.push(Todo { context: path.clone(), address, below });
        }
    }

    fn node(&mut self, node: &Next, part: Part, further: &mut Vec<Next>) -> Result<(), Error> {
        let (level, last) = match part {
            Part::Branches(level, branches) => {
                let last = branches.last().map(|(last, _)| last.clone());
                for (_, address) in branches {
                    self.come(&node.context, address, Some(level), further);
                }
                (level, last)
            }
            Part::Nodes(nodes) => {
                for entry in &nodes {
                    self.entry(&node.context, entry, further)?;
                }
                (0, nodes.into_iter().next_back().map(|entry| entry.name))
            }
        };
        let name = hash(&(level, last.unwrap_or_default()));
        self.usage.insert(node.address, Order { folder: hash(&*node.context), name, snapshot: self.snapshot });
        Ok(())
    }

    fn entry(&mut self, folder: &str, entry: &Node, further: &mut Vec<Next>) -> Result<(), Error> {
        match entry.kind {
            NodeKind::Folder { .. } => {
                let path = node::join(folder, &entry.name).into();
                for address in entry.references() {
                    self.come(&path, *address, None, further);
                }
            }
            NodeKind::File { .. } => {
                let order = Order { folder: hash(folder), name: hash(&*entry.name), snapshot: self.snapshot };
                for address in entry.references() {
                    self.usage.entry(*address).or_insert(order);
                }
            }
            NodeKind::Link | NodeKind::Special(_) => {}
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
