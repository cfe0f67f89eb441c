//! What a backup leans on while packs may be pruned beside it: a look at the marks when it begins, one before it writes its
//! snapshot, and one after. What it leans on and is marked meanwhile is stored again. Why that is enough stands in
//! docs/vault-format.md, section 9; it needs no clock.

use std::collections::HashSet;
use std::sync::Arc;

use super::address::{Address, BuildAddressHasher};
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::objects::Objects;
use super::seal::Kind;
use super::snapshot::Snapshot;
use super::walk;
use super::writer::Writer;
use super::{mark, message};

/// On which packs a backup leans: on all but these.
pub(super) struct Leaning {
    /// Packs that are gone or marked: what lies only in them counts as absent.
    avoided: HashSet<Id>,
}

/// Where a snapshot has its name from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// It was made up just now: nobody else writes it.
    Now,
    /// It is a copy's: another process may write it at the same time.
    Before,
}

impl Leaning {
    /// Begins to lean on what the index tells of, which must be loaded.
    pub(super) async fn begin(objects: &Objects) -> Result<Self, Error> {
        let mut avoided = mark::packs(&mark::read_all(objects).await?);
        avoided.extend(objects.packs_gone(&avoided).await?);
        Ok(Self { avoided })
    }

    /// Packs on which nothing may lean.
    pub(super) fn avoided(&self) -> &HashSet<Id> {
        &self.avoided
    }

    /// Writes a snapshot whose trees and contents are stored, and makes sure before and after that all of it lasts; returns how
    /// many bytes that took. `is_looked_up` as for [`Leaning::settle`], which also says what fails. [`ErrorKind::Exists`] if the
    /// name is [`Named::Before`] and another process was quicker, or a list was too old to show it.
    pub(super) async fn publish(
        &mut self,
        objects: &Arc<Objects>,
        snapshot: &Snapshot,
        named: Named,
        is_looked_up: bool,
    ) -> Result<u64, Error> {
        let sealed = snapshot.seal(&objects.keys);
        let mut stored = sealed.len() as u64 + self.settle(objects, snapshot.root, is_looked_up).await?;
        match named {
            Named::Now => objects.store.put(&snapshot.path(), sealed).await?,
            Named::Before => objects.store.put_new(&snapshot.path(), sealed).await?,
        }
        stored += self.settle_last(objects, snapshot).await?;
        Ok(stored)
    }

    async fn settle_last(&mut self, objects: &Arc<Objects>, snapshot: &Snapshot) -> Result<u64, Error> {
        // Once more: whatever is marked from here on is deleted only after another look, which finds this snapshot.
        match self.settle(objects, snapshot.root, true).await {
            Err(error) if matches!(error.kind, ErrorKind::Missing | ErrorKind::Damaged) => {
                Err(take_back(objects, snapshot, error).await)
            }
            settled => settled,
        }
    }

    /// Makes sure that everything below `root` lies in packs that are there and not marked, by storing again what does not.
    /// Returns how many bytes that took. `is_looked_up` says that every object below it was found in the index since
    /// [`Leaning::begin`], outside the packs that are avoided; else all of it is looked up now. [`ErrorKind::Missing`] if
    /// something was deleted that nothing holds any more.
    async fn settle(&mut self, objects: &Arc<Objects>, root: Address, is_looked_up: bool) -> Result<u64, Error> {
        let mut stored = 0;
        let mut is_looked_up = is_looked_up;
        loop {
            let leaned = objects.with_index(|index| index.told().clone());
            // Marks first: a mark goes only after the packs that it names, so what is not marked and is there afterwards was
            // never marked before.
            let mut bad = mark::packs(&mark::read_all(objects).await?);
            objects.refresh_index().await?;
            bad.extend(objects.packs_gone(&self.avoided).await?);
            bad.retain(|id| !self.avoided.contains(id));
            let leans_on_bad = !bad.is_disjoint(&leaned);
            self.avoided.extend(bad);
            if is_looked_up && !leans_on_bad {
                return Ok(stored);
            }
            stored += self.store_again(objects, root).await?;
            is_looked_up = true;
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
            let (trees, contents) = walk::part(objects, &address, below).await.map_err(removed)?.below();
            todo.extend(trees);
            for address in contents {
                keep(objects, &writer, Kind::Data, address).await?;
            }
        }
        Ok(writer.finish().await?.stored_bytes)
    }
}

async fn keep(objects: &Arc<Objects>, writer: &Writer, kind: Kind, address: Address) -> Result<(), Error> {
    if writer.has(&address) {
        return Ok(());
    }
    let content = objects.object(kind, &address).await.map_err(removed)?;
    writer.add(kind, address, &content).await
}

/// Takes back a snapshot that is not whole and that nobody was told of; why the backup failed. Who may not delete says in a mark
/// that it is to go: the next prune deletes it.
async fn take_back(objects: &Objects, snapshot: &Snapshot, error: Error) -> Error {
    match objects.store.delete(&snapshot.path()).await {
        Ok(()) => return error,
        Err(refused) if refused.kind == ErrorKind::Missing => return error,
        Err(_) => {}
    }
    let removed = message::Mark { snapshots: vec![snapshot.name.clone()], ..message::Mark::default() };
    if mark::write(objects, &removed).await.is_ok() {
        return error;
    }
    let what =
        format!("this backup failed, and its snapshot {}, which is not whole, cannot be taken back", snapshot.id);
    Error::new(error.kind, what).because(error)
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
