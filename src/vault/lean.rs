//! What a backup leans on while packs may be pruned beside it: a look at the marks when it begins, one before it writes its
//! snapshot, and one after. What it leans on and is marked meanwhile is stored again. Why that is enough stands in
//! docs/vault-format.md, section 9; it needs no clock.

use std::collections::HashSet;
use std::sync::Arc;

use super::address::{Address, BuildAddressHasher};
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::Index;
use super::mark;
use super::node::NodeKind;
use super::objects::Objects;
use super::seal::Kind;
use super::snapshot::Snapshot;
use super::walk::{self, Part};
use super::writer::Writer;

/// Which packs a backup leans on, and which it does not.
pub(super) struct Leaning {
    /// Packs that are gone or marked: what lies only in them counts as absent.
    avoided: HashSet<Id>,
    /// Packs that the index told of at any time since the backup began.
    known: HashSet<Id>,
}

impl Leaning {
    /// Begins to lean on what the index tells of, which must be loaded, but for the packs that are `gone`.
    pub(super) async fn begin(objects: &Objects, gone: HashSet<Id>) -> Result<Self, Error> {
        let mut avoided = mark::packs(&mark::read_all(objects).await?);
        avoided.extend(gone);
        Ok(Self { avoided, known: known(objects) })
    }

    /// Packs on which nothing may lean.
    pub(super) fn avoided(&self) -> &HashSet<Id> {
        &self.avoided
    }

    /// Writes a snapshot whose trees and contents are stored, and makes sure before and after that all of it lasts; returns how
    /// many bytes that took. `is_looked_up` as for [`Leaning::settle`], which also says what fails.
    pub(super) async fn publish(
        &mut self,
        objects: &Arc<Objects>,
        snapshot: &Snapshot,
        is_looked_up: bool,
    ) -> Result<u64, Error> {
        let sealed = snapshot.seal(&objects.keys);
        let mut stored = sealed.len() as u64 + self.settle(objects, snapshot.root, is_looked_up).await?;
        let name = format!("snapshots/{}", snapshot.name);
        objects.store.put(&name, sealed).await?;
        // Once more: whatever is marked from here on is deleted only after another look, which finds this snapshot.
        match self.settle(objects, snapshot.root, true).await {
            Ok(again) => stored += again,
            Err(error) => {
                if error.kind == ErrorKind::Missing {
                    // It is not whole, and nobody was told of it; who may not delete leaves it for `rm`.
                    let _ = objects.store.delete(&name).await;
                }
                return Err(error);
            }
        }
        Ok(stored)
    }

    /// Makes sure that everything below `root` lies in packs that are there and not marked, by storing again what does not.
    /// Returns how many bytes that took. `is_looked_through` where not every object below it was looked up since
    /// [`Leaning::begin`]. [`ErrorKind::Missing`] if something was deleted that nothing holds any more.
    async fn settle(&mut self, objects: &Arc<Objects>, root: Address, is_looked_up: bool) -> Result<u64, Error> {
        let mut stored = 0;
        let mut is_sure = is_looked_up || self.avoided.is_empty();
        loop {
            self.known.extend(known(objects));
            // Marks before the index: a pack leaves the index before it is deleted, and its mark stays longer than it.
            let marked = mark::packs(&mark::read_all(objects).await?);
            objects.refresh_index().await?;
            let there = known(objects);
            let bad = marked.into_iter().chain(self.known.difference(&there).copied());
            let bad: Vec<Id> = bad.filter(|id| !self.avoided.contains(id)).collect();
            let leans_on_bad = bad.iter().any(|id| self.known.contains(id));
            self.avoided.extend(bad);
            if is_sure && !leans_on_bad {
                return Ok(stored);
            }
            stored += self.store_again(objects, root).await?;
            is_sure = true;
        }
    }

    async fn store_again(&self, objects: &Arc<Objects>, root: Address) -> Result<u64, Error> {
        let writer = Writer::new(objects.clone(), self.avoided.clone());
        let mut seen: HashSet<Address, BuildAddressHasher> = HashSet::default();
        let mut todo = vec![(root, None)];
        while let Some((address, below)) = todo.pop() {
            if !seen.insert(address) {
                continue;
            }
            keep(objects, &writer, Kind::Tree, address).await?;
            match walk::part(objects, &address, below).await.map_err(removed)? {
                Part::Branches(level, branches) => {
                    todo.extend(branches.into_iter().map(|(_, address)| (address, Some(level))));
                }
                Part::Nodes(nodes) => {
                    for node in nodes {
                        match node.kind {
                            NodeKind::Folder { .. } => {
                                todo.extend(node.references().iter().map(|address| (*address, None)));
                            }
                            _ => {
                                for address in node.references() {
                                    keep(objects, &writer, Kind::Data, *address).await?;
                                }
                            }
                        }
                    }
                }
            }
        }
        Ok(writer.finish().await?.stored_bytes)
    }
}

async fn keep(objects: &Objects, writer: &Writer, kind: Kind, address: Address) -> Result<(), Error> {
    if writer.has(&address) {
        return Ok(());
    }
    let content = objects.object(kind, &address).await.map_err(removed)?;
    writer.add(kind, address, &content).await
}

fn removed(error: Error) -> Error {
    match error.kind {
        ErrorKind::Missing => {
            let what = "what this backup leans on was pruned while it went on; back up again";
            Error::new(ErrorKind::Missing, what).because(error)
        }
        _ => error,
    }
}

fn known(objects: &Objects) -> HashSet<Id> {
    objects.with_index(|index: &Index| index.packs().into_iter().map(|pack| pack.id).collect())
}
