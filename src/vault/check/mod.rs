//! Checking a vault: what is damaged or missing, and what that costs.
//!
//! A check goes on beside backups and prunes: what looks missing is looked for once more before it is called damage, and what
//! a mark says is deleted is none.

mod bad;
mod look;
mod losses;
mod packs;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::address::{Address, BuildAddressHasher};
use super::error::Error;
use super::hex::Id;
use super::index::{Index, PackContents};
use super::keyring;
use super::node::{Node, NodeKind};
use super::objects::Objects;
use super::open::Vault;
use super::pack;
use super::reach::{Todo, reach};
use super::snapshot::Snapshot;
use super::walk::Part;
use crate::report::{Report, sentence};
use bad::Bad;
use look::Look;
use losses::Losses;
use packs::PacksRead;

pub(super) use packs::PACKS_AT_ONCE;

/// How often a check looks at what is there while something seems to be missing and other processes change the vault.
const MOST_LOOKS: usize = 4;

/// How deep a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDepth {
    /// All that is needed to find things: key, index files, snapshots, trees; contents are looked up, not read.
    Structure,
    /// Every byte of every pack as well.
    ReadData,
    /// Besides the structure every byte of packs drawn at random: at least one, and at least so many percent of the bytes.
    ReadSome(u8),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckSummary {
    /// Snapshots that were checked.
    pub snapshots: u64,
    /// Packs that the index names, or that the snapshots need if only some were checked.
    pub packs: u64,
    /// Packs that no index file names: of a backup that goes on, or was broken off.
    pub unused_packs: u64,
    /// Packs that were read.
    pub read_packs: u64,
    /// Bytes of packs that were read.
    pub read_bytes: u64,
    /// What is wrong with files of the vault.
    pub problems: Vec<Problem>,
    /// How many of the problems are that the vault is not as this machine last saw it.
    pub unexpected: usize,
    /// What these problems cost.
    pub lost: Vec<Lost>,
}

/// A file of the vault that is damaged or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file in the vault.
    pub file: String,
    /// What is wrong with it, one sentence.
    pub why: String,
}

/// A folder or item of a snapshot that cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Id of the snapshot.
    pub snapshot: String,
    /// Path in it; `/` where nothing of it can be read.
    pub path: String,
    /// Why, one sentence.
    pub why: String,
}

impl CheckSummary {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.lost.is_empty()
    }
}

impl Vault {
    /// Looks for damage; trusts nothing that was read before. Damage is what it finds, not an error: `Err` means that it could
    /// not look. What is lost is also told to `report` as failed items, `SNAPSHOT:PATH`.
    pub async fn check(&self, depth: CheckDepth, report: &dyn Report) -> Result<CheckSummary, Error> {
        self.check_all_or(None, depth, report).await
    }

    /// As [`Vault::check`], of these snapshots and the packs that they need alone.
    pub async fn check_snapshots(
        &self,
        snapshots: &[Snapshot],
        depth: CheckDepth,
        report: &dyn Report,
    ) -> Result<CheckSummary, Error> {
        let names = snapshots.iter().map(|snapshot| snapshot.name.clone()).collect();
        self.check_all_or(Some(names), depth, report).await
    }

    async fn check_all_or(
        &self,
        only: Option<BTreeSet<String>>,
        depth: CheckDepth,
        report: &dyn Report,
    ) -> Result<CheckSummary, Error> {
        let mut summary = CheckSummary::default();
        self.check_keys(&mut summary).await?;
        match self.watch().await {
            Ok(problems) => {
                summary.unexpected = problems.len();
                summary.problems.extend(problems);
            }
            // What this machine remembers is no part of the vault.
            Err(error) => report.note(&sentence(&error)),
        }
        let mut look = Look::take(self, only.as_ref()).await?;
        let mut found = Found::of(&look, only.is_some()).await?;
        let to_read = packs::chosen(found.there(&look), depth);
        let read = packs::read(&look.vault, to_read, report).await;
        for _ in 1..MOST_LOOKS {
            if !found.is_anything_missing() {
                break;
            }
            let again = Look::take(self, only.as_ref()).await?;
            let is_as_before = again.is_as(&look);
            look = again;
            if is_as_before {
                break;
            }
            found = Found::of(&look, only.is_some()).await?;
        }
        found.tell(&look, read, &mut summary).await;
        for lost in &summary.lost {
            report.item_failed(&format!("{}:{}", lost.snapshot, lost.path), &lost.why);
        }
        Ok(summary)
    }

    async fn check_keys(&self, summary: &mut CheckSummary) -> Result<(), Error> {
        let Objects { id, store, keys, .. } = self.objects.as_ref();
        let store = store.without_cache();
        let slots = keyring::damaged_slots(&store, id, keys).await?;
        let config = keyring::config_problem(&store, keys).await?;
        let config = config.map(|(file, error)| (file, sentence(&error)));
        summary.problems.extend(config.into_iter().chain(slots).map(|(file, why)| Problem { file, why }));
        Ok(())
    }

    /// The same vault without anything that was read before.
    pub(super) fn afresh(&self) -> Vault {
        let Objects { id, store, keys, local, .. } = self.objects.as_ref();
        Vault { objects: Arc::new(Objects::new(*id, store.without_cache(), keys.clone(), local.clone())) }
    }
}

/// What of these snapshots cannot be read back, going by the index as this vault knows it.
pub(super) async fn losses(vault: &Vault, names: &[String], report: &dyn Report) -> Vec<Lost> {
    let bad = Bad::default();
    let mut losses = Losses::new(vault, &bad);
    for name in names {
        match vault.snapshot(name.clone()).await {
            Ok(snapshot) => losses.snapshot(&snapshot).await,
            Err(error) => losses.whole(name, sentence(&error)),
        }
    }
    for lost in &losses.lost {
        report.item_failed(&format!("{}:{}", lost.snapshot, lost.path), &lost.why);
    }
    losses.lost
}

/// What one look found.
struct Found {
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
    async fn of(look: &Look, is_only_some: bool) -> Result<Found, Error> {
        let objects = look.vault.objects.as_ref();
        let mut packs = objects.with_index(Index::contents);
        let mut bad = Bad::default();
        for pack in &packs {
            match look.packs.get(&pack.id) {
                None => drop(bad.packs.insert(pack.id)),
                Some(size) => bad.beyond(pack, *size),
            }
        }
        let mut reached =
            Reached { objects, bad: &bad, seen: HashSet::default(), needed: HashSet::new(), is_lossy: false };
        let roots = look.snapshots.iter().filter_map(|(_, snapshot)| Some(snapshot.as_ref().ok()?.root));
        let mut todo = Vec::new();
        for root in roots {
            reached.come(root, None, &mut todo);
        }
        reach(objects, todo, |node, part, further| {
            reached.node(&node, part, further);
            Ok(())
        })
        .await?;
        let Reached { needed, is_lossy, .. } = reached;
        if is_only_some {
            packs.retain(|pack| needed.contains(&pack.id));
        }
        let is_missing = |id: &Id| bad.packs.contains(id) && !look.marked.contains(id);
        let missing = packs.iter().map(|pack| pack.id).filter(is_missing).collect();
        Ok(Found { packs, missing, bad, is_lossy, is_snapshot_gone: look.is_any_snapshot_gone() })
    }

    /// Whether another process may have moved or removed what was not there.
    fn is_anything_missing(&self) -> bool {
        self.is_lossy || self.is_snapshot_gone || !self.missing.is_empty()
    }

    /// The packs that are there.
    fn there(&self, look: &Look) -> Vec<PackContents> {
        self.packs.iter().filter(|pack| look.packs.contains_key(&pack.id)).cloned().collect()
    }

    /// Adds all this to a summary, and what it costs.
    async fn tell(mut self, look: &Look, read: PacksRead, summary: &mut CheckSummary) {
        let mut problem = |file: String, why: String| summary.problems.push(Problem { file, why });
        for (file, error) in &look.bad_indexes {
            problem(file.clone(), sentence(error));
        }
        for id in &self.missing {
            problem(pack::name(id), "it is not there".to_owned());
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
    }
}

/// Nodes of trees that were reached.
struct Reached<'a> {
    objects: &'a Objects,
    bad: &'a Bad,
    seen: HashSet<Address, BuildAddressHasher>,
    /// Packs in which something lies that was reached.
    needed: HashSet<Id>,
    is_lossy: bool,
}

impl Reached<'_> {
    fn come(&mut self, address: Address, below: Option<u32>, further: &mut Vec<Todo<()>>) {
        if self.seen.insert(address) {
            self.need(&address);
            further.push(Todo { context: (), address, below });
        }
    }

    fn node(&mut self, _: &Todo<()>, part: Result<Part, Error>, further: &mut Vec<Todo<()>>) {
        match part {
            Err(_) => self.is_lossy = true,
            Ok(Part::Branches(level, branches)) => {
                for (_, address) in branches {
                    self.come(address, Some(level), further);
                }
            }
            Ok(Part::Nodes(nodes)) => {
                for node in &nodes {
                    self.entry(node, further);
                }
            }
        }
    }

    fn entry(&mut self, node: &Node, further: &mut Vec<Todo<()>>) {
        let is_folder = matches!(node.kind, NodeKind::Folder { .. });
        for address in node.references() {
            if is_folder {
                self.come(*address, None, further);
            } else {
                self.need(address);
                self.is_lossy |= self.objects.with_index(|index| self.bad.why_lost(index, address)).is_some();
            }
        }
    }

    fn need(&mut self, address: &Address) {
        self.objects.with_index(|index| self.needed.extend(index.places(address).iter().map(|at| at.pack)));
    }
}
