//! What was read from a vault far away, kept on this machine as it lies there: sealed. Safe to delete at any time, bounded, and
//! never believed: a file that is not what was put into it is as good as none, and what comes of it is opened by its seal.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::hex;

/// Most bytes that are kept of one vault: the index and trees of some million items.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes that are left when a full cache is tidied.
const TIDIED_BYTES: u64 = MOST_BYTES / 2;
/// Bytes of the checksum behind each content.
const CHECKSUM: usize = 32;

/// The folder that keeps files of one vault.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: Arc<Path>,
    /// Bytes in the folder, as far as this process knows.
    bytes: Arc<AtomicU64>,
    /// Whether what is there is passed over, and replaced.
    is_renewed: bool,
}

impl Cache {
    /// The cache of a vault below `folder`, tidied if it is full; none where there can't be one.
    pub(super) fn open(folder: &Path, vault: &str) -> Option<Self> {
        let folder: Arc<Path> = folder.join("vaults").join(vault).into();
        // What is sealed tells sizes and times all the same.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
        let bytes = tidy(&folder)?;
        Some(Self { folder, bytes: Arc::new(AtomicU64::new(bytes)), is_renewed: false })
    }

    /// The same, for who found that what is kept is not what it should be.
    pub(super) fn renewed(&self) -> Self {
        Self { is_renewed: true, ..self.clone() }
    }

    /// What was kept under this name, if it is whole.
    pub(super) async fn get(&self, name: &str) -> Option<Bytes> {
        if self.is_renewed {
            return None;
        }
        let (path, name) = (self.path(name), name.to_owned());
        let read = move || {
            let bytes = Bytes::from(fs::read(&path).ok()?);
            let content = bytes.slice(..bytes.len().checked_sub(CHECKSUM)?);
            (bytes.get(content.len()..)? == checksum(&name, &content)).then_some(content)
        };
        tokio::task::spawn_blocking(read).await.ok()?
    }

    /// Keeps a content. That it can't be kept is no harm.
    pub(super) async fn put(&self, name: &str, content: &Bytes) {
        let size = (content.len() + CHECKSUM) as u64;
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > MOST_BYTES {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            return;
        }
        let (path, name, content) = (self.path(name), name.to_owned(), content.clone());
        let write = move || {
            // Another process may write the same, so each has a name of its own until it is whole.
            let temporary = path.with_extension(hex::encode(&hex::new_id()));
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
            let written = file.write_all(&content).and_then(|()| file.write_all(&checksum(&name, &content)));
            let kept = written.and_then(|()| fs::rename(&temporary, &path));
            if kept.is_err() {
                // It is of no use; a full disk has better ones for the space.
                let _ = fs::remove_file(&temporary);
            }
            kept
        };
        // A disk that is full costs time, and nothing else.
        let _ = tokio::task::spawn_blocking(write).await;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name.replace('/', "+"))
    }
}

fn checksum(name: &str, content: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(content);
    hash.finalize().into()
}

/// Removes the oldest files of a folder that is full; the bytes that are left.
fn tidy(folder: &Path) -> Option<u64> {
    let mut files: Vec<(Option<std::time::SystemTime>, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        files.push((meta.modified().ok(), meta.len(), entry.path()));
    }
    let mut bytes: u64 = files.iter().map(|(_, size, _)| size).sum();
    if bytes > MOST_BYTES / 4 * 3 {
        files.sort();
        for (_, size, path) in files {
            if bytes <= TIDIED_BYTES {
                break;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= size;
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_comes_back_unless_it_was_touched() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), "00").unwrap();
        let content = Bytes::from_static(b"sealed");
        assert_eq!(cache.get("packs/ab/1").await, None);
        cache.put("packs/ab/1", &content).await;
        assert_eq!(cache.get("packs/ab/1").await, Some(content));
        let path = folder.path().join("vaults/00/packs+ab+1");
        fs::copy(&path, folder.path().join("vaults/00/packs+ab+2")).unwrap();
        assert_eq!(cache.get("packs/ab/2").await, None, "it is another's");
        for damage in [b"".as_slice(), b"short", &[0; 38]] {
            fs::write(&path, damage).unwrap();
            assert_eq!(cache.get("packs/ab/1").await, None);
        }
    }

    #[tokio::test]
    async fn a_full_cache_takes_nothing_more_and_is_tidied_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), "00").unwrap();
        for name in ["a", "b", "c"] {
            fs::File::create(cache.path(name)).unwrap().set_len(MOST_BYTES / 3).unwrap();
        }
        let cache = Cache::open(folder.path(), "00").unwrap();
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 1);
        let full = Cache { bytes: Arc::new(AtomicU64::new(MOST_BYTES)), ..cache };
        full.put("d", &Bytes::from_static(b"x")).await;
        assert_eq!(full.get("d").await, None);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_no_cache() {
        assert!(Cache::open(Path::new("/dev/null/nowhere"), "00").is_none());
    }
}
