//! What damage costs: the folders and items of snapshots that cannot be read back.

use std::collections::HashSet;

use super::{Lost, bad::Bad};
use crate::report::sentence;
use crate::vault::address::{Address, BuildAddressHasher};
use crate::vault::node::{self, Node, NodeKind};
use crate::vault::open::Vault;
use crate::vault::snapshot::{self, Snapshot};
use crate::vault::walk::{self, Part};

/// Goes through snapshots, one after the other, and notes what of them is lost.
pub(super) struct Losses<'v> {
    vault: &'v Vault,
    bad: &'v Bad,
    /// Nodes of trees below which nothing is lost.
    clean: HashSet<Address, BuildAddressHasher>,
    pub(super) lost: Vec<Lost>,
}

enum Step {
    Enter {
        path: String,
        address: Address,
        below: Option<u32>,
    },
    /// All below this node was looked at; so much had been lost before.
    Leave {
        address: Address,
        lost: usize,
    },
}

impl<'v> Losses<'v> {
    pub(super) fn new(vault: &'v Vault, bad: &'v Bad) -> Self {
        Self { vault, bad, clean: HashSet::default(), lost: Vec::new() }
    }

    fn lost(&mut self, snapshot: &str, path: &str, why: String) {
        self.lost.push(Lost { snapshot: snapshot.to_owned(), path: path.to_owned(), why });
    }

    /// Notes that nothing of the snapshot of this name can be read.
    pub(super) fn whole(&mut self, name: &str, why: String) {
        let id = snapshot::named(name).map_or(name, |named| named.id);
        self.lost(id, "/", why);
    }

    /// Looks at everything in a snapshot.
    pub(super) async fn snapshot(&mut self, snapshot: &Snapshot) {
        let root = match self.vault.root(snapshot).await {
            Ok(root) => root,
            Err(error) => return self.lost(&snapshot.id, "/", sentence(&error)),
        };
        let mut steps = Vec::new();
        steps.extend(tree_of("/", &root));
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave { address, lost } if lost == self.lost.len() => {
                    self.clean.insert(address);
                }
                Step::Leave { .. } => {}
                Step::Enter { address, .. } if self.clean.contains(&address) => {}
                Step::Enter { path, address, below } => self.enter(snapshot, &path, (address, below), &mut steps).await,
            }
        }
    }

    async fn enter(
        &mut self,
        snapshot: &Snapshot,
        path: &str,
        (address, below): (Address, Option<u32>),
        steps: &mut Vec<Step>,
    ) {
        steps.push(Step::Leave { address, lost: self.lost.len() });
        match walk::part(&self.vault.objects, &address, below).await {
            Err(error) => {
                self.lost(&snapshot.id, path, format!("a part of this folder cannot be read: {}", sentence(&error)));
            }
            Ok(Part::Branches(level, branches)) => {
                let below = Some(level);
                let trees = branches.into_iter().rev();
                steps.extend(trees.map(|(_, address)| Step::Enter { path: path.to_owned(), address, below }));
            }
            Ok(Part::Nodes(nodes)) => {
                for node in nodes {
                    let path = node::join(path, &node.name);
                    if matches!(node.kind, NodeKind::Folder { .. }) {
                        steps.extend(tree_of(&path, &node));
                    } else if let Some(why) = node.references().iter().find_map(|address| self.why_lost(address)) {
                        self.lost(&snapshot.id, &path, why);
                    }
                }
            }
        }
    }

    fn why_lost(&self, address: &Address) -> Option<String> {
        self.vault.objects.with_index(|index| self.bad.why_lost(index, address))
    }
}

fn tree_of(path: &str, folder: &Node) -> Option<Step> {
    let tree = folder.references().first().filter(|_| path.len() <= node::LONGEST_PATH)?;
    Some(Step::Enter { path: path.to_owned(), address: *tree, below: None })
}
