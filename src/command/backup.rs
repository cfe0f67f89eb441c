//! `davault backup @source`

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::{TryStreamExt, stream};
use serde_json::json;

use crate::connector::Role;
use crate::plugin;
use crate::plugin::host::{Importer, Received, Record};
use crate::report::{Report, Tally, sentence};
use crate::vault::{self, Ending, ErrorKind, Meta, Node, NodeKind, Snapshot, SnapshotHead, Vault, Written};

use super::arguments;
use super::context::Context;
use super::endpoint::{self, Endpoint};
use super::failure::Failure;
use super::previous::Previous;
use super::progress::Progress;
use super::{clock, connectors, ls, node, open, output, words};

/// Contents under way at the same time. More gains nothing: the connector reads ahead by itself.
const AT_ONCE: usize = 32;
/// Options that leave a part of the source out.
const SELECTING: [&str; 5] = ["include", "exclude", "components", "since", "until"];

/// Takes an account into the vault and says what that came to.
pub async fn run(context: &Context, arguments: &arguments::Backup) -> Result<(), Failure> {
    let endpoint = endpoint::resolve(context, Role::Source, &arguments.source, &arguments.options)?;
    let vault = open::vault(context).await?;
    let began = Instant::now();
    let plugin = connectors::start(&endpoint).await?;
    let failed = |error| connectors::failure(&format!("cannot back up {}", endpoint.shown()), &error);
    let importer = plugin.import(connectors::init(&endpoint)).await.map_err(failed)?;
    let head = head(&endpoint, &importer, &arguments.tags);
    let tally = Tally::default();
    let progress = Progress::new(context, "reading", &tally);
    let taken = take(&vault, &importer, head, &progress).await;
    progress.clear();
    let (backup, unchanged) = taken.map_err(|error| error.named(&endpoint))?;
    let failures: Vec<_> = tally.counts().failures.into_iter().map(|failure| (failure.path, failure.why)).collect();
    let ending = Ending { failures, partial: is_partial(&endpoint.options) };
    let now = Context::now();
    let (snapshot, written) = backup.finish(now, ending).await.map_err(|error| not_stored(&error))?;
    // Only now: what a source remembers as taken must be in a snapshot.
    let ended = async { importer.finish().await.and(plugin.stop().await) }.await;
    clock::warn(&snapshot, now);
    let done = Done { snapshot, written, unchanged, began };
    let said = done.say(context);
    match ended {
        Ok(()) => said,
        Err(error) => {
            let stored =
                format!("snapshot {} is stored, but its source did not end well", node::short(&done.snapshot.id));
            output::error_line(&format!("davault: {stored}: {}", sentence(&error)));
            said.and(Err(Failure::partly()))
        }
    }
}

fn head(endpoint: &Endpoint, importer: &Importer, tags: &[String]) -> SnapshotHead {
    SnapshotHead {
        source: endpoint.name.clone().unwrap_or_default(),
        location: endpoint.location.clone(),
        origin: importer.about().origin.clone(),
        connector: importer.about().kind.clone(),
        host: host_name(),
        tags: tags.to_vec(),
        parent: None,
        davault: env!("CARGO_PKG_VERSION").into(),
    }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map(|name| name.trim().to_string()).unwrap_or_default()
}

fn is_partial(options: &BTreeMap<String, String>) -> bool {
    SELECTING.iter().any(|option| options.contains_key(*option))
}

fn not_stored(error: &vault::Error) -> Failure {
    open::failure("cannot store the backup", error).hint("Every earlier snapshot is untouched.")
}

/// Why taking the account in stopped.
enum Stopped {
    Source(plugin::Error),
    Vault(vault::Error),
}

impl Stopped {
    fn named(self, endpoint: &Endpoint) -> Failure {
        match self {
            Stopped::Source(error) => connectors::failure(&format!("cannot back up {}", endpoint.shown()), &error)
                .hint("Nothing was stored, and every earlier snapshot is untouched."),
            Stopped::Vault(error) => not_stored(&error),
        }
    }
}

impl From<vault::Error> for Stopped {
    fn from(error: vault::Error) -> Stopped {
        Stopped::Vault(error)
    }
}

/// Takes in everything that the source lists. Returns how many files were taken over from the previous snapshot.
async fn take(
    vault: &Vault,
    importer: &Importer,
    mut head: SnapshotHead,
    progress: &Progress<'_>,
) -> Result<(vault::Backup, u64), Stopped> {
    let before = vault.previous(&head).await?;
    head.parent = before.as_ref().map(|snapshot| snapshot.id.clone());
    let backup = vault.backup(head).await?;
    let taking = Taking {
        importer,
        backup: &backup,
        previous: Previous::new(vault.clone(), before),
        progress,
        unchanged: AtomicU64::new(0),
        missed: Mutex::default(),
    };
    let received = |()| async { Ok(importer.next().await.map_err(Stopped::Source)?.map(|received| (received, ()))) };
    stream::try_unfold((), received).try_for_each_concurrent(AT_ONCE, |received| taking.received(received)).await?;
    taking.carry_forward().await?;
    let unchanged = taking.unchanged.into_inner();
    Ok((backup, unchanged))
}

/// One run over what the source lists.
struct Taking<'a> {
    importer: &'a Importer,
    backup: &'a vault::Backup,
    previous: Previous,
    progress: &'a Progress<'a>,
    unchanged: AtomicU64,
    /// What failed, to be taken over from the previous snapshot.
    missed: Mutex<Vec<(String, String)>>,
}

impl Taking<'_> {
    async fn received(&self, received: Received) -> Result<(), Stopped> {
        match received {
            Received::Failed { path, why } => self.missed(path, why),
            Received::Record(record) if record.is_folder() => self.folder(&record)?,
            Received::Record(record) => self.file(&record).await?,
        }
        Ok(())
    }

    fn folder(&self, record: &Record) -> Result<(), Stopped> {
        if record.path.matches('/').count() > 1 {
            self.progress.collection();
        }
        self.backup.folder(&record.path, meta(record))?;
        self.importer.settle(record, None);
        Ok(())
    }

    async fn file(&self, record: &Record) -> Result<(), Stopped> {
        self.progress.expect(1);
        let meta = meta(record);
        if self.is_kept(record, &meta).await? {
            self.unchanged.fetch_add(1, Ordering::Relaxed);
        } else {
            match self.importer.read(record).await {
                Ok(content) => self.backup.file(&record.path, meta, content).await?,
                Err(error) if error.kind == plugin::ErrorKind::Item => {
                    let why = sentence(&error);
                    self.importer.settle(record, Some(&why));
                    self.missed(record.path.clone(), why);
                    return Ok(());
                }
                Err(error) => return Err(Stopped::Source(error)),
            }
        }
        self.importer.settle(record, None);
        self.progress.item_done(&record.path, record.size);
        Ok(())
    }

    /// Takes the content over from the previous snapshot, if it is the same and the vault still has it.
    async fn is_kept(&self, record: &Record, meta: &Meta) -> Result<bool, Stopped> {
        let Some(node) = self.previous.unchanged(&record.path, meta, record.size).await? else { return Ok(false) };
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
        while let Some((path, node)) = open.pop() {
            let stored = match node.kind {
                NodeKind::Folder { .. } => {
                    let stored = self.backup.folder(&path, node.meta.clone());
                    // A folder below, which the source did send: what is no more in it is gone, or missed by itself.
                    if stored.is_ok() || path == missed {
                        let children = self.previous.children(&node).await?;
                        open.extend(children.into_iter().map(|child| (node::join(&path, &child.name), child)));
                    }
                    stored
                }
                _ => self.backup.keep(&path, &node).map(|()| kept += 1),
            };
            match stored {
                // What the source did list before it failed is newer; what the vault has lost can't be taken over.
                Err(error) if !matches!(error.kind, ErrorKind::Exists | ErrorKind::Missing) => return Err(error.into()),
                _ => (),
            }
        }
        Ok(kept)
    }
}

fn meta(record: &Record) -> Meta {
    Meta { mode: record.mode & 0o7777, modified: record.modified, version: record.version }
}

/// What a backup came to.
struct Done {
    snapshot: Snapshot,
    written: Written,
    unchanged: u64,
    began: Instant,
}

impl Done {
    fn say(&self, context: &Context) -> Result<(), Failure> {
        for (path, why) in &self.snapshot.failures {
            output::error_line(&words::printable(&format!("davault: {path}: {why}")));
        }
        if context.json {
            output::json(&json!({
                "snapshot": ls::snapshot_json(&self.snapshot), "unchanged": self.unchanged,
                "new_objects": self.written.new_objects, "new_bytes": self.written.new_bytes,
                "stored_bytes": self.written.stored_bytes, "seconds": self.began.elapsed().as_secs_f64(),
            }))?;
        } else if !context.quiet {
            output::line(&self.summary())?;
        }
        if self.snapshot.failed == 0 { Ok(()) } else { Err(Failure::partly()) }
    }

    fn summary(&self) -> String {
        let counts = self.snapshot.counts;
        let failed = match self.snapshot.failed {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        format!(
            "snapshot {}: {} ({}), {} unchanged; {} added to the vault in {}{failed}",
            node::short(&self.snapshot.id),
            words::count(counts.items, "file", "files"),
            words::size(counts.bytes),
            self.unchanged,
            words::size(self.written.stored_bytes),
            words::duration(self.began.elapsed()),
        )
    }
}
