//! Copying snapshots to another vault. Keys differ from vault to vault, so everything is read, called by its new address and
//! sealed anew; but only what the other vault lacks, and without reading contents that a snapshot in both shows to be there.
//!
//! A copy keeps the snapshot's id: that is how the next run knows that it is there.

mod trees;

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::error::{Error, ErrorKind};
use super::lean::{Leaning, Named};
use super::open::Vault;
use super::snapshot::{self, Snapshot};
use super::writer::{Writer, Written};
use crate::report::{Report, sentence};
use trees::{Base, Trees};

/// Bytes of new objects after which snapshots whose objects are all taken are written.
const GROUP_BYTES: u64 = 64 * 1024 * 1024;
/// Snapshots that are written together at most: each group makes a pack and an index file of its own.
const GROUP_SNAPSHOTS: usize = 64;

/// What a vault has and another has not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lacking {
    /// The snapshots that the other lacks, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Ids of snapshots that it had and somebody removed there on purpose: a copy does not bring them back unless it is asked
    /// for them by name.
    pub removed: Vec<String>,
}

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// Ids of the snapshots that the other vault has now, oldest first.
    pub snapshots: Vec<String>,
    /// How many could not be copied; each was told to the report.
    pub failed: u64,
    /// What was written.
    pub written: Written,
}

impl Vault {
    /// The snapshots of this vault that `other` has not; [`ErrorKind::Usage`] if both are the same vault.
    pub async fn lacking(&self, other: &Vault) -> Result<Lacking, Error> {
        let (mine, theirs) = (self.by_id().await?, other.by_id().await?);
        let removed = other.removed_names().await?;
        let removed: BTreeSet<&str> =
            removed.iter().filter_map(|name| snapshot::named(name)).map(|named| named.id).collect();
        if self.objects.id == other.objects.id {
            let what =
                format!("{} and {} are one vault, or one is a plain copy of the other", self.place(), other.place());
            return Err(Error::usage(what));
        }
        let mut lacking = Lacking::default();
        for (id, name) in mine.into_iter().filter(|(id, _)| !theirs.contains_key(id)) {
            if removed.contains(id.as_str()) {
                lacking.removed.push(id);
            } else {
                lacking.snapshots.push(self.snapshot(name).await?);
            }
        }
        lacking.snapshots.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lacking)
    }

    /// Copies these snapshots of this vault to `other`, with their ids, times and all that is known of them. A snapshot that
    /// cannot be read whole is not copied, told to `report`, and the others go on. Broken off at any point, it leaves `other`
    /// whole, and the next run finds most of what was written.
    pub async fn copy_to(&self, snapshots: Vec<Snapshot>, other: &Vault, report: &dyn Report) -> Result<Copied, Error> {
        let leaning = other.lean().await?;
        let (mine, theirs) = (self.by_id().await?, other.by_id().await?);
        let both: BTreeSet<String> = mine.keys().filter(|id| theirs.contains_key(*id)).cloned().collect();
        let writer = |leaning: &Leaning| Writer::new(other.objects.clone(), leaning.avoided().clone());
        let is_lasting = leaning.avoided().is_empty();
        let mut trees = Trees::new(self.objects.clone(), other.objects.clone(), writer(&leaning), is_lasting);
        let (names, removed) = ((mine, theirs), other.removed_names().await?);
        let mut run = Run { from: self, to: other, leaning, names, both, removed, report, copied: Copied::default() };
        let mut group = Vec::new();
        for snapshot in snapshots {
            match run.tree(&trees, &snapshot).await {
                Ok(root) => group.push(run.named(snapshot.copy(&other.objects.keys, root))),
                Err(error) if matches!(error.kind, ErrorKind::Damaged | ErrorKind::Missing) => {
                    run.copied.failed += 1;
                    report.item_failed(&snapshot.id, &sentence(&error));
                }
                Err(error) => return Err(error),
            }
            if group.len() >= GROUP_SNAPSHOTS || trees.writer.taken_bytes() >= GROUP_BYTES {
                run.write(&trees.writer, std::mem::take(&mut group)).await?;
                trees.writer = writer(&run.leaning);
            }
        }
        run.write(&trees.writer, group).await?;
        // The snapshots stand. Should merging fail, the next run tries again.
        run.copied.written.stored_bytes += other.objects.merge_index().await.unwrap_or(0);
        Ok(run.copied)
    }

    /// Names of all snapshots by id.
    async fn by_id(&self) -> Result<BTreeMap<String, String>, Error> {
        let names = self.snapshot_names().await?;
        Ok(names.into_iter().filter_map(|name| Some((snapshot::named(&name)?.id.to_owned(), name))).collect())
    }
}

/// One call of [`Vault::copy_to`].
struct Run<'a> {
    from: &'a Vault,
    to: &'a Vault,
    leaning: Leaning,
    /// Names of the snapshots that each vault has, by id.
    names: (BTreeMap<String, String>, BTreeMap<String, String>),
    /// Snapshots that both have.
    both: BTreeSet<String>,
    /// Names of snapshots that were removed from the other vault.
    removed: BTreeSet<String>,
    report: &'a dyn Report,
    copied: Copied,
}

impl Run<'_> {
    /// Writes all that a snapshot refers to; the root's address in the other vault.
    async fn tree(&mut self, trees: &Trees, snapshot: &Snapshot) -> Result<Address, Error> {
        let base = self.base(snapshot).await;
        trees.copy(snapshot.root, base, self.report).await
    }

    /// The snapshot under a name that nobody removed: whatever has the name of a removed one is deleted by the next prune.
    fn named(&self, mut snapshot: Snapshot) -> Snapshot {
        while self.removed.contains(&snapshot.name) {
            snapshot = snapshot.a_millisecond_later(&self.to.objects.keys);
        }
        snapshot
    }

    async fn publish(&mut self, snapshot: &Snapshot) -> Result<u64, Error> {
        // Where nothing is about to go, what a snapshot of the other vault leans on is there: it was found after the marks
        // and the packs were looked at.
        let is_looked_up = self.leaning.avoided().is_empty();
        self.leaning.publish(&self.to.objects, snapshot, Named::Before, is_looked_up).await
    }

    /// The roots of a snapshot that both vaults have, as much like this one as can be told from names: the last one before it
    /// of the same source. None is no failure: everything is read then.
    async fn base(&self, snapshot: &Snapshot) -> Option<Base> {
        let shared = self.both.iter().filter_map(|id| Some((id, self.names.0.get(id)?)));
        let mut shared: Vec<(&String, &String)> = shared.collect();
        shared.sort_by(|a, b| a.1.cmp(b.1));
        let tag = snapshot::named(&snapshot.name).map(|name| name.tag);
        let is_same = |name: &str| snapshot::named(name).map(|name| name.tag) == tag;
        let mut before = shared.iter().rev().filter(|(_, name)| **name < snapshot.name);
        let nearest = before.clone().find(|(_, name)| is_same(name)).or_else(|| before.next());
        let (id, name) = nearest.or_else(|| shared.first())?;
        let from = self.from.snapshot((*name).clone()).await.ok()?;
        let to = self.to.snapshot(self.names.1.get(*id)?.clone()).await.ok()?;
        Some(Base { from: from.root, to: to.root })
    }

    /// Writes what is not written yet, then these snapshots.
    async fn write(&mut self, writer: &Writer, group: Vec<Snapshot>) -> Result<(), Error> {
        let written = writer.finish().await?;
        self.copied.written.add(written);
        for snapshot in group {
            match self.publish(&snapshot).await {
                Ok(stored_bytes) => self.copied.written.stored_bytes += stored_bytes,
                // It is somebody else's to say that it is there.
                Err(error) if error.kind == ErrorKind::Exists => continue,
                Err(error) => return Err(error),
            }
            self.names.1.insert(snapshot.id.clone(), snapshot.name);
            self.both.insert(snapshot.id.clone());
            self.copied.snapshots.push(snapshot.id);
        }
        Ok(())
    }
}
