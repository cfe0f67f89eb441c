//! What this machine saw in a vault. Whoever keeps the storage can delete what is there, or put back what was removed, and
//! the vault itself can't show it: a memory outside it can.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::Problem;
use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::local::Local;
use super::objects::Objects;
use super::open::Vault;

/// Folders whose files are remembered; what is removed from one never comes back.
const WATCHED: [&str; 3] = ["index", "keys", "snapshots"];
/// Names of removed files that are remembered; the oldest go first.
const MOST_REMOVED: usize = 20_000;

/// The memory of one vault: a JSON file that only its owner can read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Seen {
    /// Id of the key slot that opened the vault last; tried first, as each try takes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    /// Files that were there at the last look.
    there: BTreeSet<String>,
    /// Files that were there once and then were not, for a good reason; oldest first.
    removed: Vec<String>,
    /// Snapshots that were there once and then were not, for no known reason.
    vanished: BTreeSet<String>,
}

impl Vault {
    /// Compares what is there with what this machine saw before, and remembers it. Says which snapshots are gone though nobody
    /// with the key removed them, and what is back though it was removed. Finds nothing where nothing is remembered.
    pub async fn watch(&self) -> Result<Vec<Problem>, Error> {
        let objects = self.objects.as_ref();
        let Some(path) = path(&objects.local, &objects.id) else { return Ok(Vec::new()) };
        // Read before the listing: of two commands at once, the slower one must not compare an old listing with a new memory.
        let before = read(&path);
        let now = listed(objects).await?;
        let mut seen = before.clone();
        // After the listing: who removes a snapshot says so first.
        let removed: BTreeSet<String> =
            self.removed_names().await?.into_iter().map(|name| format!("snapshots/{name}")).collect();
        for gone in before.there.difference(&now) {
            if !is_snapshot(gone) || removed.contains(gone) {
                seen.removed.push(gone.clone());
            } else if !objects.store.has(gone).await? {
                seen.vanished.insert(gone.clone());
            }
        }
        seen.removed.drain(..seen.removed.len().saturating_sub(MOST_REMOVED));
        seen.vanished.retain(|name| !now.contains(name) && !removed.contains(name));
        let back: Vec<String> = seen.removed.iter().filter(|name| now.contains(*name)).cloned().collect();
        seen.there = now;
        if seen != before {
            write(&path, &seen)?;
        }
        Ok(problems(&seen.vanished, &back))
    }

    /// Takes the vault as it is now: nothing that vanished or came back is told of again.
    pub async fn accept(&self) -> Result<(), Error> {
        let objects = self.objects.as_ref();
        let Some(path) = path(&objects.local, &objects.id) else { return Ok(()) };
        let mut seen = read(&path);
        seen.there = listed(objects).await?;
        seen.removed.retain(|name| !seen.there.contains(name));
        seen.vanished.clear();
        write(&path, &seen)
    }
}

/// Remembers a snapshot that was just made: it may vanish before the next look.
pub(super) fn made(objects: &Objects, snapshot: &str) -> Result<(), Error> {
    let Some(path) = path(&objects.local, &objects.id) else { return Ok(()) };
    let mut seen = read(&path);
    seen.there.insert(format!("snapshots/{snapshot}"));
    write(&path, &seen)
}

/// The key slot that opened the vault last.
pub(super) fn slot(local: &Local, vault: &Id) -> Option<Id> {
    read(&path(local, vault)?).slot.as_deref().and_then(hex::decode)
}

/// Remembers which key slot opened the vault. That this fails is no harm.
pub(super) fn opened_by(local: &Local, vault: &Id, slot: &Id) {
    if self::slot(local, vault).as_ref() != Some(slot)
        && let Some(path) = path(local, vault)
    {
        let _ = write(&path, &Seen { slot: Some(hex::encode(slot)), ..read(&path) });
    }
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("snapshots/")
}

fn problems(vanished: &BTreeSet<String>, back: &[String]) -> Vec<Problem> {
    let gone = "it was there when this machine last looked, and is gone though nobody who has the key removed it";
    let again = "it was removed, and is there again: someone put an old file back";
    let problem = |why: &str| {
        let why = why.to_owned();
        move |file: &String| Problem { file: file.clone(), why: why.clone() }
    };
    vanished.iter().map(problem(gone)).chain(back.iter().map(problem(again))).collect()
}

async fn listed(objects: &Objects) -> Result<BTreeSet<String>, Error> {
    let lists = WATCHED.map(|folder| async move {
        let listed = objects.store.list(folder).await?;
        Ok(listed.into_iter().map(|file| format!("{folder}/{}", file.name)).collect::<Vec<_>>())
    });
    let lists = futures_util::future::try_join_all(lists).await?;
    // What an interrupted write left is no file of the vault.
    Ok(lists.into_iter().flatten().filter(|name| !name.contains('#')).collect())
}

fn path(local: &Local, vault: &Id) -> Option<PathBuf> {
    Some(local.state.as_ref()?.join("vaults").join(format!("{}.json", hex::encode(vault))))
}

/// A memory that is not there, or that makes no sense, is an empty one.
fn read(path: &Path) -> Seen {
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Replaces the memory as a whole.
fn write(path: &Path, seen: &Seen) -> Result<(), Error> {
    let failed = |error| {
        let what = format!("cannot remember in {} what was seen in the vault", path.display());
        Error::new(ErrorKind::Storage, what).because(error)
    };
    let bytes = serde_json::to_vec(seen).expect("names are always JSON");
    put(path, &bytes).map_err(failed)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let new = path.with_extension(format!("new-{}", hex::encode(&hex::new_id())));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // It is of no use, and there is nobody to tell.
        let _ = fs::remove_file(&new);
    }
    written
}
