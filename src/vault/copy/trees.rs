//! The trees of a snapshot, written anew for another vault: its keys call every object differently, and cut folders elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::report::Report;
use crate::vault::address::{Address, BuildAddressHasher, LENGTH};
use crate::vault::error::{Error, ErrorKind};
use crate::vault::message::Entry;
use crate::vault::node;
use crate::vault::objects::{AT_ONCE, Objects};
use crate::vault::reach::{Todo, reach};
use crate::vault::seal::Kind;
use crate::vault::tree::{Builder, Made};
use crate::vault::writer::Writer;

/// The tree of one snapshot, or one folder of it, as each of the two vaults calls it.
#[derive(Clone, Copy)]
pub(super) struct Base {
    pub(super) from: Address,
    pub(super) to: Address,
}

/// Writes trees to another vault.
pub(super) struct Trees {
    from: Arc<Objects>,
    to: Arc<Objects>,
    pub(super) writer: Writer,
    /// Whether a tree that a snapshot there has is there as a whole for sure: nothing of it may go soon.
    is_lasting: bool,
    /// What the objects of the one vault are called in the other, as far as it was needed: an object in here is there.
    known: Mutex<HashMap<Address, Address, BuildAddressHasher>>,
    /// Nodes in the other vault of which everything below them is there.
    whole: Mutex<HashSet<Address, BuildAddressHasher>>,
}

/// A folder that is being written.
struct Frame<'k> {
    /// The folder's own entry in the folder above; none for the topmost.
    entry: Option<Entry>,
    address: Address,
    entries: std::vec::IntoIter<Entry>,
    base: Pairs,
    builder: Builder<'k>,
}

/// The entries of one folder in both vaults, by name, for a snapshot that both have.
type Pairs = HashMap<String, (Entry, Entry)>;

impl Trees {
    pub(super) fn new(from: Arc<Objects>, to: Arc<Objects>, writer: Writer, is_lasting: bool) -> Self {
        Self { from, to, writer, is_lasting, known: Mutex::default(), whole: Mutex::default() }
    }

    /// Writes the tree at `root` and all below it; its address in the other vault.
    pub(super) async fn copy(&self, root: Address, base: Option<Base>, report: &dyn Report) -> Result<Address, Error> {
        if let Some(known) = self.known(&root) {
            return Ok(known);
        }
        // Folders lie in folders as deep as a path is long, so this is a loop and no recursion.
        let mut open = vec![self.enter(None, root, base, report).await?];
        loop {
            let Some(frame) = open.last_mut() else { return Err(Error::usage("a snapshot without a root")) };
            let Some(entry) = frame.entries.next() else {
                let Some(frame) = open.pop() else { continue };
                let address = self.leave(frame.builder).await?;
                self.learn(frame.address, address);
                match (open.last_mut(), frame.entry) {
                    (Some(above), Some(entry)) => above.builder.push(Entry { tree: address.0.to_vec(), ..entry })?,
                    _ => return Ok(address),
                }
                continue;
            };
            match self.ready(frame, &entry).await? {
                Ready::Entry(entry) => {
                    frame.builder.push(*entry)?;
                    let made = frame.builder.take();
                    self.add(made).await?;
                }
                Ready::Folder(address, base) => {
                    let frame = self.enter(Some(entry), address, base, report).await?;
                    open.push(frame);
                }
            }
        }
    }

    /// Begins a folder: the contents of all its files are in the other vault afterwards.
    async fn enter(
        &self,
        entry: Option<Entry>,
        address: Address,
        base: Option<Base>,
        report: &dyn Report,
    ) -> Result<Frame<'_>, Error> {
        let entries = entries(&self.from, address).await?;
        let base = match base {
            Some(base) => self.pairs(base).await?,
            None => Pairs::new(),
        };
        let mut files = Vec::new();
        for file in entries.iter().filter(|entry| !entry.contents.is_empty()) {
            self.learn_contents(file, base.get(&file.name));
            files.push((addresses(file)?, file.size));
        }
        report.expect(files.len() as u64);
        let copied = stream::iter(files).map(|(parts, size)| async move {
            for part in parts {
                self.content(part).await?;
            }
            report.items_done(1, size);
            Ok(())
        });
        copied.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let builder = Builder::new(&self.to.keys);
        Ok(Frame { entry, address, entries: entries.into_iter(), base, builder })
    }

    /// An entry as the other vault will have it, or the folder that must be written first.
    async fn ready(&self, frame: &Frame<'_>, entry: &Entry) -> Result<Ready, Error> {
        let mut made = entry.clone();
        if !entry.contents.is_empty() {
            let there = addresses(entry)?.iter().map(|part| self.known(part)).collect::<Option<Vec<_>>>();
            let there = there.ok_or_else(|| Error::usage(format!("{} is not copied yet", entry.name)))?;
            made.contents = there.iter().flat_map(|part| part.0).collect();
        }
        if node::is_folder(entry) {
            let damaged = || Error::damaged(&format!("the entry {}", entry.name), "it is a folder without a tree");
            let address = Address::from_slice(&entry.tree).ok_or_else(damaged)?;
            let base = frame.base.get(&entry.name).and_then(|(from, to)| {
                Some(Base { from: Address::from_slice(&from.tree)?, to: Address::from_slice(&to.tree)? })
            });
            let there = match (self.known(&address), base) {
                (Some(known), _) => known,
                (None, Some(base)) if base.from == address && self.is_whole(base.to).await? => base.to,
                _ => return Ok(Ready::Folder(address, base)),
            };
            self.learn(address, there);
            made.tree = there.0.to_vec();
        } else if !node::is_known(entry) {
            // What it refers to cannot be told, and so not be copied.
            let what = format!("{} is of a kind that this version does not know", entry.name);
            return Err(Error::new(ErrorKind::Missing, what));
        }
        Ok(Ready::Entry(Box::new(made)))
    }

    /// Whether the other vault has this folder with all that is below it, to stay: the nodes above what a repair there dropped
    /// still name it.
    async fn is_whole(&self, folder: Address) -> Result<bool, Error> {
        if !self.is_lasting || !self.writer.has(&folder) {
            return Ok(false);
        }
        let mut seen = HashSet::<Address, BuildAddressHasher>::default();
        let mut is_whole = true;
        let mut come = |address: Address, below: Option<u32>, further: &mut Vec<Todo<()>>| {
            if !lock(&self.whole).contains(&address) && seen.insert(address) {
                further.push(Todo { context: (), address, below });
            }
        };
        let mut todo = Vec::new();
        come(folder, None, &mut todo);
        reach(&self.to, todo, |_, part, further| {
            match part {
                Ok(part) => {
                    let (trees, contents) = part.below();
                    for (address, below) in trees {
                        come(address, below, further);
                    }
                    is_whole &= contents.iter().all(|address| self.writer.has(address));
                }
                Err(error) if error.kind == ErrorKind::Storage => return Err(error),
                Err(_) => is_whole = false,
            }
            if !is_whole {
                further.clear();
            }
            Ok(())
        })
        .await?;
        if is_whole {
            lock(&self.whole).extend(seen);
        }
        Ok(is_whole)
    }

    async fn leave(&self, builder: Builder<'_>) -> Result<Address, Error> {
        let (address, made) = builder.finish()?;
        self.add(made).await?;
        Ok(address)
    }

    async fn add(&self, made: Vec<Made>) -> Result<(), Error> {
        for node in made {
            self.writer.add(Kind::Tree, node.address, &node.bytes).await?;
        }
        Ok(())
    }

    /// Copies one object, unless it is known to be there.
    async fn content(&self, part: Address) -> Result<(), Error> {
        if self.known(&part).is_some() {
            return Ok(());
        }
        let content = self.from.object(Kind::Data, &part).await?;
        let address = self.to.keys.address(Kind::Data, &content);
        self.writer.add(Kind::Data, address, &content).await?;
        self.learn(part, address);
        Ok(())
    }

    /// The entries of a folder that both vaults have. One that cannot be read in either helps nobody, and is no failure.
    async fn pairs(&self, base: Base) -> Result<Pairs, Error> {
        let read = async { Ok((entries(&self.from, base.from).await?, entries(&self.to, base.to).await?)) };
        let (from, to) = match read.await {
            Ok(both) => both,
            Err(error @ Error { kind: ErrorKind::Storage, .. }) => return Err(error),
            Err(_) => return Ok(Pairs::new()),
        };
        let mut to: HashMap<String, Entry> = to.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        let pair = |from: Entry| to.remove(&from.name).map(|to| (from.name.clone(), (from, to)));
        Ok(from.into_iter().filter_map(pair).collect())
    }

    /// Learns from a file that did not change what its parts are called.
    fn learn_contents(&self, file: &Entry, pair: Option<&(Entry, Entry)>) {
        let Some((from, to)) = pair else { return };
        if from.contents != file.contents || from.size != to.size {
            return;
        }
        if let (Ok(from), Ok(to)) = (addresses(from), addresses(to))
            && from.len() == to.len()
            && to.iter().all(|part| self.writer.has(part))
        {
            from.into_iter().zip(to).for_each(|(from, to)| self.learn(from, to));
        }
    }

    fn known(&self, address: &Address) -> Option<Address> {
        lock(&self.known).get(address).copied()
    }

    fn learn(&self, from: Address, to: Address) {
        lock(&self.known).insert(from, to);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes of an entry.
enum Ready {
    /// It can be put into its folder.
    Entry(Box<Entry>),
    /// The folder at this address comes first.
    Folder(Address, Option<Base>),
}

/// All entries of a folder, sorted by name, as they are stored: also what this version does not use is copied.
async fn entries(objects: &Arc<Objects>, folder: Address) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    let mut todo = vec![(folder, None)];
    while let Some((address, below)) = todo.pop() {
        let damaged = |why| Error::damaged(&format!("tree {address}"), why);
        let tree = objects.tree(&address).await?;
        if below.is_some_and(|below| below != tree.level + 1) {
            return Err(damaged("it is not of the level that it should be"));
        }
        found.extend(tree.entries);
        for branch in tree.branches.iter().rev() {
            let next = Address::from_slice(&branch.address).ok_or_else(|| damaged("a branch has no address"))?;
            todo.push((next, Some(tree.level)));
        }
    }
    Ok(found)
}

/// The addresses of a file's parts.
fn addresses(file: &Entry) -> Result<Vec<Address>, Error> {
    let parts = file.contents.chunks_exact(LENGTH);
    if !parts.remainder().is_empty() {
        return Err(Error::damaged(&format!("the entry {}", file.name), "it names a part of an address"));
    }
    Ok(parts.filter_map(Address::from_slice).collect())
}
