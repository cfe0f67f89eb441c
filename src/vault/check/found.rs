//! What is damaged or missing as far as one look shows.

use std::collections::HashSet;

use super::bad::Bad;
use super::look::Look;
use super::losses::Losses;
use super::packs::PacksRead;
use super::{CheckSummary, Problem};
use crate::report::sentence;
use crate::vault::address::{Address, BuildAddressHasher};
use crate::vault::error::Error;
use crate::vault::hex::Id;
use crate::vault::index::{Index, PackContents};
use crate::vault::objects::Objects;
use crate::vault::pack;
use crate::vault::reach::{Todo, reach};
use crate::vault::walk::Part;

/// What one look found.
pub(super) struct Found {
    /// The packs that matter.
    packs: Vec<PackContents>,
    /// Of these the ones that are not there, though no mark names them.
    missing: Vec<Id>,
    bad: Bad,
    /// Whether a node, or an object that a node refers to, cannot be read.
    is_lossy: bool,
    is_snapshot_gone: bool,
}

impl Found {
    /// Goes through the trees of all snapshots, each node once; whose they are is of no interest as long as all are whole.
    pub(super) async fn of(look: &Look, is_only_some: bool) -> Result<Found, Error> {
        let objects = &look.vault.objects;
        let mut packs = objects.with_index(Index::contents);
        let mut bad = Bad::default();
        for pack in &packs {
            match look.packs.get(&pack.id) {
                None => drop(bad.packs.insert(pack.id)),
                Some(size) => bad.beyond(pack, *size),
            }
        }
        let mut reached = Reached {
            objects,
            bad: &bad,
            seen: HashSet::default(),
            needed: is_only_some.then(HashSet::new),
            is_lossy: false,
        };
        let roots = look.snapshots.iter().filter_map(|(_, snapshot)| Some(snapshot.as_ref().ok()?.root));
        let mut todo = Vec::new();
        for root in roots {
            reached.come(root, None, &mut todo);
        }
        reach(objects, todo, |_, part, further| {
            reached.node(part, further);
            Ok(())
        })
        .await?;
        let Reached { needed, is_lossy, .. } = reached;
        if let Some(needed) = needed {
            packs.retain(|pack| needed.contains(&pack.id));
        }
        let is_missing = |id: &Id| bad.packs.contains(id) && !look.marked.contains(id);
        let missing = packs.iter().map(|pack| pack.id).filter(is_missing).collect();
        Ok(Found { packs, missing, bad, is_lossy, is_snapshot_gone: look.is_any_snapshot_gone() })
    }

    /// Whether another process may have moved or removed what was not there.
    pub(super) fn is_anything_missing(&self) -> bool {
        self.is_lossy || self.is_snapshot_gone || !self.missing.is_empty()
    }

    /// The packs that are there.
    pub(super) fn there(&self, look: &Look) -> Vec<PackContents> {
        self.packs.iter().filter(|pack| look.packs.contains_key(&pack.id)).cloned().collect()
    }

    /// Adds all this to a summary, and what it costs.
    pub(super) async fn tell(mut self, look: &Look, read: PacksRead, summary: &mut CheckSummary) {
        let mut problem = |file: String, why: String| summary.problems.push(Problem { file, why });
        for (file, error) in &look.bad_indexes {
            problem(file.clone(), sentence(error));
        }
        for pack in &self.packs {
            if let Some(size) = look.packs.get(&pack.id).filter(|size| **size != pack.size) {
                problem(pack::name(&pack.id), format!("it has {size} bytes instead of {}", pack.size));
            }
        }
        let PacksRead { packs, bytes, problems, bad } = read;
        self.bad.extend(&bad);
        summary.problems.extend(problems);
        (summary.read_packs, summary.read_bytes) = (packs, bytes);
        summary.packs = self.packs.len() as u64;
        let indexed: HashSet<Id> = look.vault.objects.with_index(Index::packs).iter().map(|pack| pack.id).collect();
        summary.unused_packs = look.packs.keys().filter(|id| !indexed.contains(*id)).count() as u64;
        let mut losses = Losses::new(&look.vault, &self.bad);
        let is_lossy = self.is_lossy || !bad.is_empty();
        for (name, snapshot) in &look.snapshots {
            match snapshot {
                Err(error) => {
                    summary.problems.push(Problem { file: format!("snapshots/{name}"), why: sentence(error) });
                    losses.whole(name, sentence(error));
                }
                Ok(snapshot) if is_lossy => losses.snapshot(snapshot).await,
                Ok(_) => {}
            }
            summary.snapshots += 1;
        }
        summary.lost = losses.lost;
        if summary.lost.is_empty() {
            // Nobody needs them: pruning deleted them, and who merged index files at the same time did not know.
            summary.absent_packs = self.missing.len() as u64;
        } else {
            let name = |id| Problem { file: pack::name(id), why: "it is not there".to_owned() };
            summary.problems.extend(self.missing.iter().map(name));
        }
    }
}

/// Nodes of trees that were reached.
struct Reached<'a> {
    objects: &'a Objects,
    bad: &'a Bad,
    seen: HashSet<Address, BuildAddressHasher>,
    /// Packs in which something lies that was reached, where that is asked for.
    needed: Option<HashSet<Id>>,
    is_lossy: bool,
}

impl Reached<'_> {
    fn come(&mut self, address: Address, below: Option<u32>, further: &mut Vec<Todo<()>>) {
        if self.seen.insert(address) {
            self.need(&address);
            further.push(Todo { context: (), address, below });
        }
    }

    fn node(&mut self, part: Result<Part, Error>, further: &mut Vec<Todo<()>>) {
        let Ok(part) = part else {
            self.is_lossy = true;
            return;
        };
        let (trees, contents) = part.below();
        for (address, below) in trees {
            self.come(address, below, further);
        }
        for address in contents {
            self.need(&address);
            self.is_lossy |= self.objects.with_index(|index| self.bad.why_lost(index, &address)).is_some();
        }
    }

    fn need(&mut self, address: &Address) {
        if let Some(needed) = &mut self.needed {
            self.objects.with_index(|index| needed.extend(index.places(address).iter().map(|at| at.pack)));
        }
    }
}
