//! Carrying a plan out, in the order that keeps every snapshot whole wherever it stops.

use std::collections::HashSet;
use std::sync::Arc;

use super::copy;
use super::look::Look;
use super::plan::Plan;
use crate::vault::error::{Error, ErrorKind};
use crate::vault::hex::Id;
use crate::vault::index::{Draft, File};
use crate::vault::objects::Objects;
use crate::vault::open::Vault;
use crate::vault::{mark, message, pack};

pub(super) async fn execute(vault: &Vault, objects: &Arc<Objects>, look: &Look, plan: &Plan) -> Result<(), Error> {
    vault.remove_named(&plan.half_removed).await?;
    if !plan.tombstones.is_empty() {
        let snapshots = plan.tombstones.clone();
        mark::write(objects, &message::Mark { snapshots, ..message::Mark::default() }).await?;
    }
    let mut written = Vec::new();
    if !plan.copied.is_empty() {
        // In the index before anything is marked: who counts what is marked as absent must find it elsewhere.
        let packs = copy::copy(objects, look, plan).await?;
        written = packs.iter().map(|pack| pack.id).collect();
        objects.write_index(Draft::of(packs)).await?;
    }
    write_mark(objects, &plan.mark, &plan.mark_indexes).await?;
    if !plan.delete.is_empty() {
        must_last(objects, &written).await?;
        // Out of the index before they are gone: what the index does not name nobody leans on.
        let replaced = leave_out(objects, &plan.delete.iter().copied().collect()).await?;
        for id in plan.delete.iter().filter(|id| look.listed.contains_key(*id)) {
            delete(objects, &pack::name(id)).await?;
        }
        write_mark(objects, &plan.mark_again, &replaced).await?;
    }
    for name in &plan.delete_indexes {
        delete(objects, name).await?;
    }
    for name in &plan.delete_marks {
        delete(objects, &mark::path(name)).await?;
    }
    Ok(())
}

/// Stops before anything is deleted if another prune, without a grace period, took these packs for what a backup left that was
/// broken off: no index file told of them while they were written.
async fn must_last(objects: &Objects, packs: &[Id]) -> Result<(), Error> {
    let taken = || {
        let what = "another prune, without a grace period, deletes what this one has just written; nothing was deleted";
        Error::new(ErrorKind::Missing, what)
    };
    let marked = mark::packs(&mark::read_all(objects).await?);
    for id in packs {
        // Not marked, and there afterwards: whoever marks it from here on looks at the index again before it deletes.
        if marked.contains(id) || !objects.store.has(&pack::name(id)).await? {
            return Err(taken());
        }
    }
    Ok(())
}

async fn write_mark(objects: &Objects, packs: &[Id], indexes: &[String]) -> Result<(), Error> {
    if packs.is_empty() && indexes.is_empty() {
        return Ok(());
    }
    let packs = packs.iter().map(|id| id.to_vec()).collect();
    mark::write(objects, &message::Mark { packs, indexes: indexes.to_vec(), snapshots: Vec::new() }).await.map(drop)
}

/// Writes an index file that stands for all those which tell of these packs, without them, and for the small ones. Names of
/// those files.
async fn leave_out(objects: &Objects, packs: &HashSet<Id>) -> Result<Vec<String>, Error> {
    let tells = |file: &Arc<File>| file.packs().any(|pack| packs.contains(&pack.id));
    let mut files: Vec<Arc<File>> = objects.with_index(|index| index.files().to_vec());
    if files.iter().any(tells) {
        files.retain(|file| tells(file) || file.name.level == 0);
        let mut draft = Draft::merged(&files, packs);
        draft.replacing_only(&objects.index_files().await?.into_iter().map(|(name, _)| name.id).collect());
        objects.write_index(draft).await?;
    } else {
        files.clear();
    }
    Ok(files.iter().map(|file| file.name.path()).collect())
}

async fn delete(objects: &Objects, name: &str) -> Result<(), Error> {
    match objects.store.delete(name).await {
        // Another prune was quicker.
        Err(error) if error.kind == ErrorKind::Missing => Ok(()),
        deleted => deleted,
    }
}
