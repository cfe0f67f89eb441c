//! Checking a vault: what is damaged or missing, and what that costs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::address::{Address, BuildAddressHasher};
use super::error::Error;
use super::hex::Id;
use super::index::{At, Index, PackContents};
use super::keyring;
use super::node::{self, Node, NodeKind};
use super::objects::Objects;
use super::open::Vault;
use super::pack;
use super::snapshot::{self, Snapshot};
use super::verify::read_pack;
use super::walk::{self, Part};
use crate::report::{Report, Tally, sentence};

/// Packs that are read and checked at the same time.
pub(super) const PACKS_AT_ONCE: usize = 2;

/// How deep a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDepth {
    /// All that is needed to find things: key, index files, snapshots, trees; contents are looked up, not read.
    Structure,
    /// Every byte of every pack as well.
    ReadData,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckSummary {
    /// Snapshots that are there.
    pub snapshots: u64,
    /// Packs that the index names.
    pub packs: u64,
    /// Packs that no index file names: of a backup that goes on, or was broken off.
    pub unused_packs: u64,
    /// Bytes of packs that were read.
    pub read_bytes: u64,
    /// What is wrong with files of the vault.
    pub problems: Vec<Problem>,
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
        let mut check = Check::new(self.afresh(), report);
        // Before the index: what a running backup writes meanwhile must not look missing.
        let names = check.vault.snapshot_names().await?;
        for (file, error) in check.vault.objects.load_index_anew().await? {
            check.problem(file, sentence(&error));
        }
        check.keys().await?;
        match self.watch().await {
            Ok(problems) => check.summary.problems.extend(problems),
            // What this machine remembers is no part of the vault.
            Err(error) => report.note(&sentence(&error)),
        }
        check.packs(depth).await?;
        for name in names {
            check.snapshot(name).await;
        }
        check.missing_packs();
        Ok(check.summary)
    }

    /// The same vault without anything that was read before.
    pub(super) fn afresh(&self) -> Vault {
        let Objects { id, store, keys, local, .. } = self.objects.as_ref();
        Vault { objects: Arc::new(Objects::new(*id, store.without_cache(), keys.clone(), local.clone())) }
    }
}

/// What of these snapshots cannot be read back, going by the index as this vault knows it.
pub(super) async fn losses(vault: &Vault, names: &[String], report: &dyn Report) -> Vec<Lost> {
    let mut check = Check::new(vault.clone(), report);
    for name in names {
        check.snapshot(name.clone()).await;
    }
    check.summary.lost
}

/// What of all snapshots but those that are being removed cannot be read back for sure, without reading contents.
pub(super) async fn not_whole(vault: &Vault) -> Result<Vec<Lost>, Error> {
    let report = Tally::default();
    let mut check = Check::new(vault.afresh(), &report);
    let (names, removed) = (vault.snapshot_names().await?, vault.removed_names().await?);
    check.vault.objects.load_index_anew().await?;
    check.packs(CheckDepth::Structure).await?;
    for name in names.into_iter().filter(|name| !removed.contains(name)) {
        check.snapshot(name).await;
    }
    Ok(check.summary.lost)
}

/// A check under way.
struct Check<'r> {
    vault: Vault,
    report: &'r dyn Report,
    bad: Bad,
    /// Packs that the index names and that are not there.
    missing: Vec<Id>,
    /// Nodes of trees below which nothing is lost.
    clean: HashSet<Address, BuildAddressHasher>,
    summary: CheckSummary,
}

/// What cannot be read.
#[derive(Default)]
struct Bad {
    packs: HashSet<Id>,
    /// By pack, and number in it.
    blocks: HashSet<(Id, u32)>,
    /// By pack.
    objects: HashSet<(Id, Address)>,
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

impl<'r> Check<'r> {
    fn new(vault: Vault, report: &'r dyn Report) -> Self {
        let (bad, clean, summary) = (Bad::default(), HashSet::default(), CheckSummary::default());
        Self { vault, report, bad, missing: Vec::new(), clean, summary }
    }

    fn problem(&mut self, file: String, why: String) {
        self.summary.problems.push(Problem { file, why });
    }

    fn lost(&mut self, snapshot: &str, path: &str, why: String) {
        self.report.item_failed(&format!("{snapshot}:{path}"), &why);
        self.summary.lost.push(Lost { snapshot: snapshot.to_owned(), path: path.to_owned(), why });
    }

    async fn keys(&mut self) -> Result<(), Error> {
        let Objects { id, store, keys, .. } = self.vault.objects.as_ref();
        let slots = keyring::damaged_slots(store, id, keys).await?;
        let config = keyring::config_problem(store, keys).await?;
        let config = config.map(|(file, error)| (file, sentence(&error)));
        self.summary.problems.extend(config.into_iter().chain(slots).map(|(file, why)| Problem { file, why }));
        Ok(())
    }

    async fn packs(&mut self, depth: CheckDepth) -> Result<(), Error> {
        let listed = self.vault.objects.store.list("packs").await?;
        let mut there: HashMap<Id, u64> =
            listed.iter().filter_map(|file| Some((pack::id(&file.name)?, file.size))).collect();
        let packs = self.vault.objects.with_index(Index::contents);
        self.summary.packs = packs.len() as u64;
        self.report.expect(packs.len() as u64);
        let mut to_read = Vec::new();
        for pack in packs {
            match there.remove(&pack.id) {
                None => {
                    self.missing.push(pack.id);
                    self.bad.packs.insert(pack.id);
                }
                Some(size) => {
                    if size != pack.size {
                        self.problem(pack::name(&pack.id), format!("it has {size} bytes instead of {}", pack.size));
                        self.beyond(&pack, size);
                    }
                    to_read.push(pack);
                }
            }
        }
        self.summary.unused_packs = there.len() as u64;
        if depth == CheckDepth::ReadData {
            self.read_packs(to_read).await;
        }
        Ok(())
    }

    /// Packs that are not there are damage if anything is lost. Else nobody needs them: pruning deleted them, and who merged
    /// index files at the same time did not know; the next prune takes them out of the index.
    fn missing_packs(&mut self) {
        let mut missing: Vec<String> = self.missing.iter().map(pack::name).collect();
        missing.sort_unstable();
        match missing.len() as u64 {
            0 => {}
            _ if !self.summary.lost.is_empty() => {
                for name in missing {
                    self.problem(name, "it is not there".to_owned());
                }
            }
            count => {
                let what =
                    "that the index tells of and that no snapshot needs are not there; `prune` clears the index up";
                self.report.note(&format!("packs {what}: {count}"));
            }
        }
    }

    /// Notes the blocks of a pack that do not lie within its first `size` bytes.
    fn beyond(&mut self, pack: &PackContents, size: u64) {
        let blocks = (0..).zip(&pack.blocks);
        let beyond = blocks.filter(|(_, contents)| contents.block.at + u64::from(contents.block.sealed) > size);
        self.bad.blocks.extend(beyond.map(|(number, _)| (pack.id, number)));
    }

    async fn read_packs(&mut self, packs: Vec<PackContents>) {
        let objects = self.vault.objects.clone();
        let read = packs.into_iter().map(|pack| {
            let objects = objects.clone();
            async move { (pack.id, pack.size, read_pack(objects, pack).await) }
        });
        let mut read = stream::iter(read).buffer_unordered(PACKS_AT_ONCE);
        while let Some((id, size, result)) = read.next().await {
            let name = pack::name(&id);
            match result {
                Ok(found) => {
                    self.summary.read_bytes += size;
                    self.summary.problems.extend(found.why.into_iter().map(|why| Problem { file: name.clone(), why }));
                    self.bad.blocks.extend(found.blocks.into_iter().map(|number| (id, number)));
                    self.bad.objects.extend(found.objects.into_iter().map(|address| (id, address)));
                }
                Err(error) => {
                    self.summary.problems.push(Problem { file: name.clone(), why: sentence(&error) });
                    self.bad.packs.insert(id);
                }
            }
            self.report.item_done(&name, size);
        }
    }

    async fn snapshot(&mut self, name: String) {
        self.summary.snapshots += 1;
        match self.vault.snapshot(name.clone()).await {
            Ok(snapshot) => self.tree(&snapshot).await,
            Err(error) => {
                let why = sentence(&error);
                self.problem(format!("snapshots/{name}"), why.clone());
                let id = snapshot::named(&name).map_or(name.as_str(), |named| named.id);
                self.lost(id, "/", why);
            }
        }
    }

    async fn tree(&mut self, snapshot: &Snapshot) {
        let root = match self.vault.root(snapshot).await {
            Ok(root) => root,
            Err(error) => return self.lost(&snapshot.id, "/", sentence(&error)),
        };
        let mut steps = Vec::new();
        steps.extend(tree_of("/", &root));
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave { address, lost } if lost == self.summary.lost.len() => {
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
        steps.push(Step::Leave { address, lost: self.summary.lost.len() });
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

    /// Why an object cannot be read; `None` if it can.
    fn why_lost(&self, address: &Address) -> Option<String> {
        let places = self.vault.objects.with_index(|index| index.places(address));
        let is_bad = |at: &At| {
            let Bad { packs, blocks, objects } = &self.bad;
            packs.contains(&at.pack) || blocks.contains(&(at.pack, at.number)) || objects.contains(&(at.pack, *address))
        };
        match places.first() {
            None => Some(format!("object {address} is in no index file")),
            Some(first) if places.iter().all(is_bad) => {
                Some(format!("{} is damaged or missing", pack::name(&first.pack)))
            }
            Some(_) => None,
        }
    }
}

fn tree_of(path: &str, folder: &Node) -> Option<Step> {
    let tree = folder.references().first().filter(|_| path.len() <= node::LONGEST_PATH)?;
    Some(Step::Enter { path: path.to_owned(), address: *tree, below: None })
}
