//! Taking what a source lists into a backup.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::{TryStreamExt, stream};

use crate::connector;
use crate::plugin;
use crate::plugin::host::mode::Kind;
use crate::plugin::host::{Attribute, Importer, Received, Record};
use crate::report::{Report, sentence};
use crate::vault::{
    self, ErrorKind, Growing, LARGEST_CONTENT, LARGEST_XATTR, Meta, Node, NodeKind, SnapshotHead, Special, Totals,
    Vault, Xattr,
};

use super::held::Held;
use super::previous::{Previous, Sameness};
use super::progress::Progress;
use super::{node, translate};

mod lost;

pub use lost::Lost;

/// Contents under way at the same time. More gains nothing: the connector reads ahead by itself.
const AT_ONCE: usize = 32;

/// Why taking a source in stopped.
pub enum Stopped {
    /// The source failed.
    Source(plugin::Error),
    /// The vault failed.
    Vault(vault::Error),
}

impl From<vault::Error> for Stopped {
    fn from(error: vault::Error) -> Stopped {
        Stopped::Vault(error)
    }
}

/// What was taken in.
pub struct Taken {
    /// To be finished.
    pub backup: vault::Backup,
    /// Files that were taken over from the snapshot before.
    pub unchanged: u64,
    /// What the snapshot can't keep.
    pub lost: Lost,
}

/// Takes in everything that the source lists.
pub async fn take(
    vault: &Vault,
    importer: &Importer,
    mut head: SnapshotHead,
    is_own: bool,
    progress: &Progress<'_>,
) -> Result<Taken, Stopped> {
    let previous = Previous::of(vault, &head).await?;
    head.parent = previous.id();
    let can_spare = is_own && connector::is_account(&head.location);
    let backup = vault.backup(head).await?;
    let kept = if can_spare { Held::of(&previous, &backup).await? } else { Held::default() };
    if can_spare {
        importer.begin().await.map_err(Stopped::Source)?;
        importer.hold(kept.folders());
    }
    let taking = Taking {
        importer,
        backup: &backup,
        is_own,
        previous,
        held: kept,
        progress,
        unchanged: AtomicU64::new(0),
        lost: Lost::default(),
        missed: Mutex::default(),
    };
    let received = |()| async { Ok(importer.next().await.map_err(Stopped::Source)?.map(|received| (received, ()))) };
    stream::try_unfold((), received).try_for_each_concurrent(AT_ONCE, |received| taking.received(received)).await?;
    taking.carry_forward().await?;
    let (unchanged, lost) = (taking.unchanged.into_inner(), taking.lost);
    Ok(Taken { backup, unchanged, lost })
}

/// One run over what the source lists.
struct Taking<'a> {
    importer: &'a Importer,
    backup: &'a vault::Backup,
    /// Whether the connector is davault's own.
    is_own: bool,
    previous: Previous,
    /// What the source was told that we have.
    held: Held,
    progress: &'a Progress<'a>,
    unchanged: AtomicU64,
    lost: Lost,
    /// What failed, to be taken over from the previous snapshot.
    missed: Mutex<Vec<(String, String)>>,
}

impl Taking<'_> {
    async fn received(&self, received: Received) -> Result<(), Stopped> {
        match received {
            Received::Failed { path, why } => self.missed(path, why),
            Received::Flaw { path, why } => self.progress.item_failed(&path, &why),
            Received::Attribute(attribute) => self.attribute(&attribute).await?,
            Received::AttributeFailed { path, name, why } => self.attribute_missed(&path, &name, &why).await?,
            Received::Record(record) => match record.kind() {
                Kind::Folder => self.folder(&record)?,
                Kind::File => self.file(&record).await?,
                kind => self.other(&record, kind)?,
            },
        }
        Ok(())
    }

    fn folder(&self, record: &Record) -> Result<(), Stopped> {
        if record.path.matches('/').count() > 1 {
            self.progress.collection();
        }
        let meta = translate::meta(record, self.is_own);
        match self.held.at(&record.path, record.version) {
            Some(whole) => {
                self.backup.keep_whole(&record.path, Meta { version: 0, ..meta }, whole)?;
                let Totals { items, bytes, .. } = whole.below();
                self.unchanged.fetch_add(items, Ordering::Relaxed);
                self.progress.expect(items);
                self.progress.items_done(items, bytes);
            }
            None => self.backup.folder(&record.path, meta)?,
        }
        self.importer.settle(record, None);
        Ok(())
    }

    /// What has no content to be read.
    fn other(&self, record: &Record, kind: Kind) -> Result<(), Stopped> {
        let (path, meta) = (&record.path, translate::meta(record, self.is_own));
        let stored = match translate::special(kind) {
            _ if kind == Kind::Link => self.backup.link(path, meta, &record.target),
            Some(special) => {
                if matches!(special, Special::CharacterDevice | Special::BlockDevice) {
                    self.lost.device();
                }
                self.backup.special(path, meta, special)
            }
            None => {
                self.lost.unknown();
                Ok(())
            }
        };
        let why = match stored {
            Err(error) if error.kind == ErrorKind::Usage => Some(sentence(&error)),
            stored => stored.map(|()| None)?,
        };
        self.importer.settle(record, why.as_deref());
        if let Some(why) = why {
            self.missed(path.clone(), why);
        }
        Ok(())
    }

    async fn attribute(&self, attribute: &Attribute) -> Result<(), Stopped> {
        let error = match self.importer.read_attribute(attribute, LARGEST_XATTR).await {
            Ok(value) => {
                let value = value.map(|value| translate::xattr(attribute, &value));
                if !value.is_some_and(|value| self.backup.xattr(&attribute.path, value)) {
                    self.lost.attribute();
                }
                None
            }
            Err(error) if error.kind == plugin::ErrorKind::Item => Some(sentence(&error)),
            Err(error) => return Err(Stopped::Source(error)),
        };
        self.importer.settle_attribute(attribute, error.as_deref());
        match error {
            Some(why) => self.attribute_missed(&attribute.path, &attribute.name, &why).await,
            None => Ok(()),
        }
    }

    /// An extended attribute that could not be read stays as it last was, and is reported.
    async fn attribute_missed(&self, path: &str, name: &str, why: &str) -> Result<(), Stopped> {
        let before = self.previous.at(path).await?.map(|node| node.xattrs).unwrap_or_default();
        let before = before.into_iter().find(|xattr| xattr.name == name);
        let is_kept = before.is_some_and(|before| self.backup.keep_xattr(path, before));
        let kept = if is_kept { "; the value of the snapshot before was kept" } else { "" };
        self.progress.item_failed(path, &format!("extended attribute {name}: {why}{kept}"));
        Ok(())
    }

    async fn file(&self, record: &Record) -> Result<(), Stopped> {
        self.progress.expect(1);
        let meta = translate::meta(record, self.is_own);
        if self.is_kept(record, &meta).await? {
            self.unchanged.fetch_add(1, Ordering::Relaxed);
        } else if let Err(why) = self.content(record, meta).await? {
            self.importer.settle(record, Some(&why));
            self.missed(record.path.clone(), why);
            return Ok(());
        }
        self.importer.settle(record, None);
        self.progress.items_done(1, record.size);
        Ok(())
    }

    /// Reads and stores a content; a sentence where this file can't be read.
    async fn content(&self, record: &Record, meta: Meta) -> Result<Result<(), String>, Stopped> {
        if record.size > LARGEST_CONTENT {
            return Ok(Err("is larger than 128 GiB, which is more than a vault keeps of one file".into()));
        }
        let taken = if self.is_own { self.exactly(record, meta).await } else { self.as_it_comes(record, meta).await };
        match taken {
            Ok(()) => Ok(Ok(())),
            Err(Stopped::Source(error)) if error.kind == plugin::ErrorKind::Item => Ok(Err(sentence(&error))),
            // Too large, for one.
            Err(Stopped::Vault(error)) if error.kind == ErrorKind::Usage => Ok(Err(sentence(&error))),
            Err(error) => Err(error),
        }
    }

    /// A content of davault's own connectors is as long as they say.
    async fn exactly(&self, record: &Record, meta: Meta) -> Result<(), Stopped> {
        let content = self.importer.read(record).await.map_err(Stopped::Source)?;
        Ok(self.backup.file(&record.path, meta, content).await?)
    }

    /// One of others' has the length that it has.
    async fn as_it_comes(&self, record: &Record, meta: Meta) -> Result<(), Stopped> {
        let mut reading = self.importer.open(record).await.map_err(Stopped::Source)?;
        let mut growing = Growing::default();
        while let Some(piece) = reading.next().await.map_err(Stopped::Source)? {
            self.backup.grow(&mut growing, &piece).await?;
        }
        Ok(self.backup.grown(&record.path, meta, growing).await?)
    }

    /// Takes the content over from the previous snapshot, if it is the same and the vault still has it.
    async fn is_kept(&self, record: &Record, meta: &Meta) -> Result<bool, Stopped> {
        let sameness = match (self.is_own, record.is_size_known) {
            (true, _) => Sameness::Version(record.size),
            (false, true) => Sameness::Details(Some(record.size)),
            (false, false) => Sameness::Details(None),
        };
        let Some(mut node) = self.previous.unchanged(&record.path, meta, sameness).await? else { return Ok(false) };
        node.meta = meta.clone();
        // Those of today come by themselves.
        node.xattrs.clear();
        match self.backup.keep(&record.path, &node) {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::Missing => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn missed(&self, path: String, why: String) {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).push((path, why));
    }

    /// What could not be read is not gone: it stays in the snapshot as it last was, and is reported.
    async fn carry_forward(&self) -> Result<(), Stopped> {
        let missed = std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner));
        for (path, why) in missed {
            let kept = match self.previous.at(&path).await? {
                Some(node) => self.keep(&path, node).await?,
                None => 0,
            };
            let kept = match kept {
                0 => String::new(),
                1 => "; the version of the snapshot before was kept".into(),
                files => format!("; {files} files were kept as the snapshot before has them"),
            };
            self.progress.item_failed(&path, &format!("{why}{kept}"));
        }
        Ok(())
    }

    async fn keep(&self, missed: &str, node: Node) -> Result<u64, Stopped> {
        let mut kept = 0;
        let mut open = vec![(missed.to_string(), node)];
        while let Some((path, mut node)) = open.pop() {
            let xattrs = std::mem::take(&mut node.xattrs);
            let stored = match node.kind {
                // A later davault wrote it, and only that one knows what belongs to it.
                NodeKind::Other => {
                    self.lost.unknown();
                    continue;
                }
                NodeKind::Folder { .. } => {
                    let stored = self.backup.folder(&path, node.meta.clone());
                    // A folder below, which the source did send: what is no more in it is gone, or missed by itself.
                    if stored.is_ok() || path == missed {
                        let children = self.previous.children(&path).await?;
                        open.extend(children.into_iter().map(|child| (node::join(&path, &child.name), child)));
                    }
                    stored
                }
                _ => self.backup.keep(&path, &node).map(|()| kept += 1),
            };
            match stored {
                Ok(()) => self.keep_xattrs(&path, xattrs),
                // What the source did list before it failed is newer; what the vault has lost can't be taken over.
                Err(error) if !matches!(error.kind, ErrorKind::Exists | ErrorKind::Missing) => return Err(error.into()),
                Err(_) => (),
            }
        }
        Ok(kept)
    }

    /// Those that did come today are newer.
    fn keep_xattrs(&self, path: &str, xattrs: Vec<Xattr>) {
        let lost = xattrs.into_iter().filter(|xattr| !self.backup.keep_xattr(path, xattr.clone())).count();
        (0..lost).for_each(|_| self.lost.attribute());
    }
}
