//! Repairing a vault: an index that says exactly what can be read, made from the packs alone; and what that leaves gone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::address::{Address, BuildAddressHasher};
use super::block::Block;
use super::check::{self, Lost, PACKS_AT_ONCE, Problem};
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::{self, BlockContents, Draft, HIGHEST, Index, PackContents};
use super::objects::Objects;
use super::open::Vault;
use super::pack;
use super::scan::{self, Record};
use super::seal::{Keys, Kind};
use super::snapshot::{self, Snapshot};
use super::verify::open_at;
use crate::report::{Report, sentence};

/// Later backups that are looked at for an item that is gone.
const MOST_LATER: usize = 64;

type Addresses = HashSet<Address, BuildAddressHasher>;

/// What a repair did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairSummary {
    /// Packs that were read.
    pub packs: u64,
    /// Whether the index was not what the packs are, and is made anew.
    pub rebuilt: bool,
    /// Objects that can be read and that the index did not know.
    pub found_objects: u64,
    /// Objects that the index knew and that cannot be read; the next backup stores again what the source still has.
    pub dropped_objects: u64,
    /// What of the index and the packs cannot be read.
    pub unreadable: Vec<Problem>,
    /// What cannot be read back for that.
    pub gone: Vec<Gone>,
}

/// A folder or item of a snapshot that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Which, and why.
    pub lost: Lost,
    /// Id of the first later snapshot of the same source that has something whole at this path.
    pub later: Option<String>,
}

impl Vault {
    /// Reads every pack, and writes an index of all that is readable, in place of those that are there; nothing is deleted.
    /// With `dry_run` nothing is written either. `Err` means that it could not look, and nothing was changed.
    pub async fn repair(&self, dry_run: bool, report: &dyn Report) -> Result<RepairSummary, Error> {
        let vault = self.afresh();
        let objects = &vault.objects;
        let names = vault.snapshot_names().await?;
        let files = objects.index_files().await?;
        let bad = objects.load_index_anew().await?;
        let mut summary = RepairSummary::default();
        let problem = |(file, error): (String, Error)| Problem { file, why: sentence(&error) };
        summary.unreadable.extend(bad.into_iter().map(problem));
        let is_damaged = !summary.unreadable.is_empty();
        let said: HashMap<Id, PackContents> =
            objects.with_index(Index::contents).into_iter().map(|pack| (pack.id, pack)).collect();
        let found = read_packs(objects, &said, &mut summary, report).await?;
        let is_as_said = found.len() == said.len() && found.iter().all(|pack| said.get(&pack.id) == Some(pack));
        if is_damaged || !is_as_said {
            let (before, now) = (addresses(said.values()), addresses(&found));
            summary.rebuilt = true;
            summary.found_objects = now.difference(&before).count() as u64;
            summary.dropped_objects = before.difference(&now).count() as u64;
            let mut draft = Draft::of(found);
            draft.replacing(files.iter().map(|(name, _)| name.id));
            // Above all that it stands for, so that readers meet it first and do not stumble over what is damaged.
            let above = files.iter().map(|(name, _)| name.level.saturating_add(1)).max().unwrap_or(0);
            let level = draft.level().max(above).min(HIGHEST);
            if dry_run {
                objects.take_in_index(level, draft);
            } else {
                objects.write_index_at(level, draft).await?;
            }
        }
        let lost = check::losses(&vault, &names, report).await;
        summary.gone = with_later(&vault, &names, lost).await?;
        Ok(summary)
    }
}

/// What can be read of every pack that is there, sorted by id.
async fn read_packs(
    objects: &Arc<Objects>,
    said: &HashMap<Id, PackContents>,
    summary: &mut RepairSummary,
    report: &dyn Report,
) -> Result<Vec<PackContents>, Error> {
    // Those of which the index tells as well: a list may be older than it.
    let ids: BTreeSet<Id> = objects.packs_there().await?.into_keys().chain(said.keys().copied()).collect();
    report.expect(ids.len() as u64);
    let read = ids.into_iter().map(|id| {
        let (objects, said) = (objects.clone(), said.get(&id).cloned());
        async move { (id, read_pack(objects, id, said).await) }
    });
    let mut read = stream::iter(read).buffered(PACKS_AT_ONCE);
    let mut found = Vec::new();
    while let Some((id, read)) = read.next().await {
        let file = pack::name(&id);
        match read {
            Ok((pack, bad)) => {
                let why = |number: u32| format!("block {number} in it cannot be read");
                summary.unreadable.extend(bad.into_iter().map(|n| Problem { file: file.clone(), why: why(n) }));
                report.items_done(1, pack.size);
                // One of which nothing is left is not worth a mention in the index.
                found.extend(Some(pack).filter(|pack| pack.blocks.iter().any(|block| !block.objects.is_empty())));
            }
            Err(error) if error.kind == ErrorKind::Missing && said.contains_key(&id) => {
                summary.unreadable.push(Problem { file, why: "it is not there".to_owned() });
                continue;
            }
            // Deleted since it was listed.
            Err(error) if error.kind == ErrorKind::Missing => continue,
            Err(error) if error.kind == ErrorKind::Damaged => {
                summary.unreadable.push(Problem { file, why: sentence(&error) });
            }
            // Trouble with the storage is no damage: nothing may be dropped for it.
            Err(error) => return Err(error),
        }
        summary.packs += 1;
    }
    Ok(found)
}

/// What can be read of a pack, and the numbers of the blocks that cannot be.
async fn read_pack(
    objects: Arc<Objects>,
    id: Id,
    said: Option<PackContents>,
) -> Result<(PackContents, Vec<u32>), Error> {
    let name = pack::name(&id);
    let bytes = objects.store.get(&name, scan::MOST_BYTES).await?;
    let contents = tokio::task::spawn_blocking(move || contents(&objects.keys, id, said.as_ref(), &bytes)).await;
    contents.map_err(|error| Error::new(ErrorKind::Storage, format!("reading {name} was broken off")).because(error))
}

fn contents(keys: &Keys, id: Id, said: Option<&PackContents>, bytes: &Bytes) -> (PackContents, Vec<u32>) {
    let mut readable: BTreeMap<u32, BlockContents> = BTreeMap::new();
    let mut records = 0;
    for (number, record) in (0..).zip(scan::records(keys, &id, bytes)) {
        if let Record::Block { kind, at, compressed } = record {
            readable.extend(block(keys, kind, at, &compressed).map(|block| (number, block)));
            records = number + 1;
        }
    }
    // A frame that is damaged hides blocks from the scan that the index still finds.
    let said = said.map(|said| said.blocks.as_slice()).unwrap_or_default();
    for (number, contents) in (0..).zip(said) {
        let index::Block { kind, at, .. } = contents.block;
        if !readable.contains_key(&number)
            && let Some(compressed) = open_at(keys, &id, (number, contents.block), bytes)
        {
            readable.extend(block(keys, kind, at, &compressed).map(|block| (number, block)));
        }
    }
    // A block is known by its number, so one that is not readable keeps its place.
    let count = readable.keys().next_back().map_or(0, |last| last + 1).max(records);
    let count = count.max(u32::try_from(said.len()).unwrap_or(0));
    let mut bad = Vec::new();
    let blocks = (0..count).map(|number| {
        readable.remove(&number).unwrap_or_else(|| {
            bad.push(number);
            let said = usize::try_from(number).ok().and_then(|number| said.get(number));
            let unknown = index::Block { kind: Kind::Data, at: 0, sealed: 0, raw: 0 };
            BlockContents { block: said.map_or(unknown, |said| said.block), objects: Vec::new() }
        })
    });
    let blocks = blocks.collect();
    (PackContents { id, size: bytes.len() as u64, blocks }, bad)
}

fn block(keys: &Keys, kind: Kind, at: u64, compressed: &[u8]) -> Option<BlockContents> {
    let opened = Block::read(compressed)?;
    let objects: Option<Vec<_>> = (0..)
        .map_while(|number| opened.object(number))
        .map(|content| Some((keys.address(kind, &content), u32::try_from(content.len()).ok()?)))
        .collect();
    let sealed = u32::try_from(compressed.len() + super::seal::OVERHEAD).ok()?;
    let block = index::Block { kind, at, sealed, raw: u32::try_from(opened.raw()).ok()? };
    Some(BlockContents { block, objects: objects? })
}

fn addresses<'p>(packs: impl IntoIterator<Item = &'p PackContents>) -> Addresses {
    let blocks = packs.into_iter().flat_map(|pack| &pack.blocks);
    blocks.flat_map(|block| &block.objects).map(|(address, _)| *address).collect()
}

/// For each thing that is lost, the first later snapshot that has something whole in its place.
async fn with_later(vault: &Vault, names: &[String], lost: Vec<Lost>) -> Result<Vec<Gone>, Error> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let whole = vault.snapshots().await?.whole;
    let places: HashSet<(String, String)> =
        lost.iter().map(|lost| (lost.snapshot.clone(), lost.path.clone())).collect();
    let mut gone = Vec::with_capacity(lost.len());
    for lost in lost {
        let later = first_later(vault, (names, &whole), &lost, &places).await;
        gone.push(Gone { lost, later });
    }
    Ok(gone)
}

async fn first_later(
    vault: &Vault,
    (names, whole): (&[String], &[Snapshot]),
    lost: &Lost,
    places: &HashSet<(String, String)>,
) -> Option<String> {
    let id = |name: &str| snapshot::named(name).map(|named| named.id.to_owned());
    let name = names.iter().find(|name| id(name).as_ref() == Some(&lost.snapshot))?;
    let tag = snapshot::named(name)?.tag;
    let is_later =
        |later: &&Snapshot| later.name > *name && snapshot::named(&later.name).is_some_and(|named| named.tag == tag);
    for later in whole.iter().filter(is_later).take(MOST_LATER) {
        let is_whole = !places.contains(&(later.id.clone(), lost.path.clone()));
        if is_whole && vault.entry(later, &lost.path).await.is_ok() {
            return Some(later.id.clone());
        }
    }
    None
}
