//! How much a vault holds of each source, and what it takes.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
use std::sync::Arc;

use super::address::{Address, BuildAddressHasher};
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::{BlockContents, Index, PackContents};
use super::keep;
use super::objects::Objects;
use super::open::Vault;
use super::prune::usage;
use super::snapshot::Snapshot;
use super::store::Listed;
use super::{mark, pack};

/// What a vault holds, and what that takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Each source by itself: its configured name, else what was backed up.
    pub sources: Vec<SourceSizes>,
    /// All sources together; an object that several need counts once.
    pub all: SourceSizes,
    /// The packs as they lie there.
    pub packs: Files,
    /// The index files.
    pub index: Files,
    /// The files of snapshots.
    pub snapshots: Files,
    /// All other files: configuration, key slots, marks.
    pub other: Files,
    /// Bytes in packs that no snapshot needs.
    pub unneeded_bytes: u64,
}

/// So many files of so many bytes in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files {
    /// How many.
    pub count: u64,
    /// Their size.
    pub bytes: u64,
}

/// How much there is of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceSizes {
    /// Configured name of the source, or empty.
    pub source: String,
    /// Where its last snapshot was read.
    pub location: String,
    /// Who was backed up, in its last snapshot.
    pub origin: String,
    /// Its snapshots.
    pub snapshots: u64,
    /// Bytes of all items of all its snapshots, as if each were stored by itself.
    pub raw_bytes: u64,
    /// Of its last snapshot.
    pub last_bytes: u64,
    /// Bytes of the different objects that its snapshots need, contents and trees, before compression.
    pub deduplicated_bytes: u64,
    /// What these objects take in the packs, compressed and sealed.
    pub compressed_bytes: u64,
    /// Of that, what no other source needs: what removing all its snapshots lets a prune give back.
    pub only_here_bytes: u64,
}

impl Sizes {
    /// All files of the vault.
    #[must_use]
    pub fn files(&self) -> Files {
        let all = [self.packs, self.index, self.snapshots, self.other];
        Files { count: all.iter().map(|files| files.count).sum(), bytes: all.iter().map(|files| files.bytes).sum() }
    }
}

impl Vault {
    /// Measures the vault. Reads the trees of all snapshots. [`ErrorKind::Damaged`] if one cannot be read whole.
    pub async fn sizes(&self) -> Result<Sizes, Error> {
        match self.sizes_once().await {
            // A prune may have moved things while they were read; damage is still there the second time.
            Err(error) if matches!(error.kind, ErrorKind::Damaged | ErrorKind::Missing) => self.sizes_once().await,
            sizes => sizes,
        }
    }

    async fn sizes_once(&self) -> Result<Sizes, Error> {
        let objects = Arc::new(self.objects.afresh(self.objects.store.clone()));
        let marks = mark::read_all(&objects).await?;
        let mut snapshots = self.snapshots().await?;
        if let Some(damaged) = snapshots.damaged.pop() {
            return Err(damaged);
        }
        let removed = mark::snapshots(&marks);
        snapshots.whole.retain(|snapshot| !removed.contains(&snapshot.name));
        if let Some((_, error)) = objects.load_index_anew().await?.pop() {
            return Err(error);
        }
        let listed = objects.store.list("").await?;
        let mut sizes = files(&listed);
        let size_of = |file: &Listed| Some((pack::id(file.name.strip_prefix("packs/")?)?, file.size));
        let there: HashMap<Id, u64> = listed.iter().filter_map(size_of).collect();
        let mut packs = objects.with_index(Index::contents);
        packs.retain(|pack| there.contains_key(&pack.id));
        // What lies in a marked pack too counts where it stays.
        let marked = mark::packs(&marks);
        packs.sort_by_key(|pack| (marked.contains(&pack.id), pack.id));
        let indexed: BTreeSet<Id> = packs.iter().map(|pack| pack.id).collect();
        let unknown: u64 = there.iter().filter(|(id, _)| !indexed.contains(*id)).map(|(_, size)| size).sum();
        let costs = costs(&packs);
        let owners = of_sources(&objects, &snapshots.whole, &costs, &mut sizes).await?;
        of_all(&packs, &costs, &owners, &mut sizes);
        sizes.unneeded_bytes += unknown;
        Ok(sizes)
    }
}

/// The files of the vault, by folder.
fn files(listed: &[Listed]) -> Sizes {
    let mut sizes = Sizes::default();
    for file in listed {
        let files = match file.name.split('/').next() {
            Some("packs") => &mut sizes.packs,
            Some("index") => &mut sizes.index,
            Some("snapshots") => &mut sizes.snapshots,
            _ => &mut sizes.other,
        };
        files.count += 1;
        files.bytes += file.size;
    }
    sizes
}

/// Where an object counts, and what it takes there.
#[derive(Clone, Copy)]
struct Cost {
    /// Place of its pack.
    place: usize,
    length: u32,
    share: u64,
}

type Costs = HashMap<Address, Cost, BuildAddressHasher>;

/// Each object of these packs, in the first one that has it.
fn costs(packs: &[PackContents]) -> Costs {
    let mut costs = Costs::default();
    for (place, block) in blocks(packs) {
        for (address, length, share) in shares(block) {
            costs.entry(address).or_insert(Cost { place, length, share });
        }
    }
    costs
}

fn blocks(packs: &[PackContents]) -> impl Iterator<Item = (usize, &BlockContents)> {
    packs.iter().enumerate().flat_map(|(place, pack)| pack.blocks.iter().map(move |block| (place, block)))
}

/// The objects of a block: address, length, and its share of the sealed block in thousandths of a byte.
fn shares(contents: &BlockContents) -> impl Iterator<Item = (Address, u32, u64)> {
    // An empty object takes space too.
    let all: u64 = contents.objects.iter().map(|(_, length)| u64::from(*length) + 1).sum();
    let sealed = u64::from(contents.block.sealed) * 1000;
    contents.objects.iter().map(move |(address, length)| (*address, *length, sealed * (u64::from(*length) + 1) / all))
}

/// Which source needs an object; `None` where several do.
type Owners = HashMap<Address, Option<usize>, BuildAddressHasher>;

/// Measures each source. A source at a time is in memory, and one number for each object that is needed.
async fn of_sources(
    objects: &Arc<Objects>,
    snapshots: &[Snapshot],
    costs: &Costs,
    sizes: &mut Sizes,
) -> Result<Owners, Error> {
    let mut by_source = BTreeMap::<_, Vec<Snapshot>>::new();
    for snapshot in snapshots {
        by_source.entry(keep::source(snapshot)).or_default().push(snapshot.clone());
    }
    let mut owners = Owners::default();
    for (number, of_source) in by_source.into_values().enumerate() {
        let mut source = named(&of_source);
        let mut compressed = 0;
        for address in usage::usage(objects, &of_source).await?.into_keys() {
            let cost = costs.get(&address).ok_or_else(|| nowhere(&address))?;
            source.deduplicated_bytes += u64::from(cost.length);
            compressed += cost.share;
            match owners.entry(address) {
                hash_map::Entry::Vacant(free) => drop(free.insert(Some(number))),
                hash_map::Entry::Occupied(mut taken) => drop(taken.insert(None)),
            }
        }
        source.compressed_bytes = compressed / 1000;
        sizes.sources.push(source);
    }
    Ok(owners)
}

/// What is known of a source without its objects; the last of its snapshots is the newest.
fn named(snapshots: &[Snapshot]) -> SourceSizes {
    let last = snapshots.last().map(|last| (last.head.clone(), last.counts.bytes));
    let (head, last_bytes) = last.unwrap_or_default();
    SourceSizes {
        source: head.source,
        location: head.location,
        origin: head.origin,
        snapshots: snapshots.len() as u64,
        raw_bytes: snapshots.iter().map(|snapshot| snapshot.counts.bytes).sum(),
        last_bytes,
        ..SourceSizes::default()
    }
}

fn nowhere(address: &Address) -> Error {
    Error::new(ErrorKind::Missing, format!("object {address}, which a snapshot needs, is in no pack that is there"))
}

/// Adds up all sources, and what none needs.
fn of_all(packs: &[PackContents], costs: &Costs, owners: &Owners, sizes: &mut Sizes) {
    let mut only_here = vec![0; sizes.sources.len()];
    let (mut compressed, mut unneeded) = (0, 0);
    for (place, block) in blocks(packs) {
        for (address, length, share) in shares(block) {
            let is_here = costs.get(&address).is_some_and(|cost| cost.place == place);
            let Some(owner) = owners.get(&address).filter(|_| is_here) else {
                unneeded += share;
                continue;
            };
            compressed += share;
            sizes.all.deduplicated_bytes += u64::from(length);
            if let Some(only) = owner.and_then(|owner| only_here.get_mut(owner)) {
                *only += share;
            }
        }
    }
    sizes.all.compressed_bytes = compressed / 1000;
    sizes.all.only_here_bytes = compressed / 1000;
    sizes.unneeded_bytes = unneeded / 1000;
    for (source, only) in sizes.sources.iter_mut().zip(only_here) {
        source.only_here_bytes = only / 1000;
        sizes.all.snapshots += source.snapshots;
        sizes.all.raw_bytes += source.raw_bytes;
        sizes.all.last_bytes += source.last_bytes;
    }
}
