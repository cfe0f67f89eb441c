//! The files of a vault in an object store, with errors that say which.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::cache::Cache;
use super::error::{Error, ErrorKind};
use super::upload::Uploads;

/// A folder in an object store, and what to call it.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The place as a person wrote it, without secrets.
    pub(super) place: String,
    /// Whether reading it takes no longer than reading a cache.
    pub(super) is_near: bool,
    pub(super) uploads: Uploads,
    /// Where what is read again and again is kept.
    pub(super) cache: Option<Cache>,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Name below the folder that was listed.
    pub(super) name: String,
    pub(super) size: u64,
    /// When it was written, by the store's own clock.
    pub(super) modified: SystemTime,
}

impl Store {
    /// The whole of a file of at most `most` bytes.
    pub(super) async fn get(&self, name: &str, most: u64) -> Result<Bytes, Error> {
        let Some(cache) = self.cache_for(name) else { return self.fetch(name, most).await };
        match cache.get(name).await {
            Some(kept) if kept.len() as u64 <= most => Ok(kept),
            _ => {
                let bytes = self.fetch(name, most).await?;
                cache.put(name, &bytes).await;
                Ok(bytes)
            }
        }
    }

    /// A part of a file.
    pub(super) async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
        match self.cache_for(name) {
            Some(cache) => self.cached_range(cache, name, range).await,
            None => self.fetch_range(name, range).await,
        }
    }

    /// A part of a pack that is read again and again: a block of nodes of trees.
    pub(super) async fn get_trees(&self, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
        match &self.cache {
            Some(cache) => self.cached_range(cache, name, range).await,
            None => self.fetch_range(name, range).await,
        }
    }

    /// The same store, read anew: for who wants to know what is there.
    pub(super) fn without_cache(&self) -> Store {
        Store { cache: None, ..self.clone() }
    }

    /// The same store, which replaces what is kept of it: for who read something that is not what it should be, as what was
    /// kept may have been damaged when it was read. `None` where nothing is kept.
    pub(super) fn renewed(&self) -> Option<Store> {
        Some(Store { cache: Some(self.cache.as_ref()?.renewed()), ..self.clone() })
    }

    fn cache_for(&self, name: &str) -> Option<&Cache> {
        let is_kept = name.starts_with("index/") || name.starts_with("snapshots/");
        self.cache.as_ref().filter(|_| is_kept)
    }

    async fn cached_range(&self, cache: &Cache, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let part = format!("{name}@{}-{}", range.start, range.end);
        let wanted = range.end.saturating_sub(range.start);
        match cache.get(&part).await {
            Some(kept) if kept.len() as u64 == wanted => Ok(kept),
            _ => {
                let bytes = self.fetch_range(name, range).await?;
                cache.put(&part, &bytes).await;
                Ok(bytes)
            }
        }
    }

    async fn fetch(&self, name: &str, most: u64) -> Result<Bytes, Error> {
        let failed = |error| self.failed("read", name, error);
        let got = self.objects.get(&self.path(name)).await.map_err(failed)?;
        if got.meta.size > most {
            return Err(Error::damaged(name, "it is larger than such a file can be"));
        }
        let size = got.meta.size;
        let bytes = got.bytes().await.map_err(failed)?;
        self.must_have(name, &bytes, size)?;
        Ok(bytes)
    }

    /// An answer that is shorter than it says is trouble on the way, and no damage: nobody may drop anything for it.
    fn must_have(&self, name: &str, bytes: &Bytes, size: u64) -> Result<(), Error> {
        if bytes.len() as u64 == size {
            return Ok(());
        }
        let what = format!("cannot read {name} in {}: the answer was cut short", self.place);
        Err(Error::new(ErrorKind::Storage, what))
    }

    async fn fetch_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let wanted = range.end.saturating_sub(range.start);
        let failed = |error| self.failed("read", name, error);
        // Looked at before it is read: beyond the end is damage, not trouble with the storage.
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        let bytes = match self.objects.get_opts(&self.path(name), options).await {
            Ok(got) => {
                let there = got.range.end.saturating_sub(got.range.start);
                let bytes = got.bytes().await.map_err(failed)?;
                self.must_have(name, &bytes, there)?;
                bytes
            }
            Err(error @ object_store::Error::NotFound { .. }) => return Err(failed(error)),
            Err(error) => return Err(self.short_or_failed(name, error).await),
        };
        if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(Error::damaged(name, "it is cut short")) }
    }

    /// Writes a file whose name nobody else has; an earlier half-written one is replaced.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let (path, bytes) = (self.path(name), Bytes::from(bytes));
        let put = if self.is_near {
            self.objects.put(&path, PutPayload::from(bytes.clone())).await.map(drop)
        } else {
            self.uploads.put(&self.objects, &path, &bytes).await
        };
        let Err(error) = put else { return Ok(()) };
        // A storage that allows no overwriting refuses the repetition of a write whose answer was lost, and one that put parts
        // together knows nothing of them when it is told again: then it is there.
        let is_refused = matches!(
            error,
            object_store::Error::AlreadyExists { .. }
                | object_store::Error::NotFound { .. }
                | object_store::Error::PermissionDenied { .. }
                | object_store::Error::Precondition { .. }
        );
        if is_refused && self.fetch(name, bytes.len() as u64).await.is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        Err(self.failed("write", name, error))
    }

    /// Writes a file, unless there is one of that name already.
    pub(super) async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let options = PutOptions::from(PutMode::Create);
        let (path, bytes) = (self.path(name), Bytes::from(bytes));
        match self.objects.put_opts(&path, PutPayload::from(bytes.clone()), options).await {
            Ok(_) => Ok(()),
            // The repetition of a write whose answer was lost finds what it wrote itself.
            Err(object_store::Error::AlreadyExists { .. })
                if self.fetch(name, bytes.len() as u64).await.is_ok_and(|there| there == bytes) =>
            {
                Ok(())
            }
            Err(error) => Err(self.failed("write", name, error)),
        }
    }

    /// Everything below `folder`, in no order. A folder that is not there is empty.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Listed>, Error> {
        let prefix = self.path(folder);
        let found: Result<Vec<_>, _> = self.objects.list(Some(&prefix)).try_collect().await;
        let found = match found {
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            other => other.map_err(|error| self.failed("list", folder, error))?,
        };
        let below = |path: &Path| -> Option<String> {
            let parts: Vec<_> = path.prefix_match(&prefix)?.map(|part| part.as_ref().to_owned()).collect();
            Some(parts.join("/"))
        };
        let listed = |meta: &ObjectMeta| {
            Some(Listed { name: below(&meta.location)?, size: meta.size, modified: meta.last_modified.into() })
        };
        Ok(found.iter().filter_map(listed).collect())
    }

    /// When a file was written, by the store's own clock.
    pub(super) async fn modified(&self, name: &str) -> Result<SystemTime, Error> {
        let meta = self.objects.head(&self.path(name)).await.map_err(|error| self.failed("look at", name, error))?;
        Ok(meta.last_modified.into())
    }

    /// Names of folders and files directly in the place.
    pub(super) async fn top(&self) -> Result<Vec<String>, Error> {
        let found = match self.objects.list_with_delimiter(Some(&self.prefix)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(Vec::new()),
            other => other.map_err(|error| self.failed("list", "", error))?,
        };
        let names = found.common_prefixes.iter().chain(found.objects.iter().map(|meta| &meta.location));
        Ok(names.filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// Whether a file is there.
    pub(super) async fn has(&self, name: &str) -> Result<bool, Error> {
        match self.objects.head(&self.path(name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("look at", name, error)),
        }
    }

    /// Removes a file.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Error> {
        self.objects.delete(&self.path(name)).await.map_err(|error| self.failed("remove", name, error))
    }

    fn path(&self, name: &str) -> Path {
        // Names are made by this room, of letters, digits, `-` and `/` alone, or came from listing.
        self.prefix.parts().chain(Path::from(name).parts()).collect()
    }

    async fn short_or_failed(&self, name: &str, error: object_store::Error) -> Error {
        // A range beyond the end is answered differently by every store; what there is to read decides.
        let failed = self.failed("read", name, error);
        match self.objects.head(&self.path(name)).await {
            Ok(_) if is_range(&failed) => Error::damaged(name, "it is cut short").because(failed),
            _ => failed,
        }
    }

    fn failed(&self, verb: &str, name: &str, error: object_store::Error) -> Error {
        let kind = match &error {
            object_store::Error::NotFound { .. } => ErrorKind::Missing,
            object_store::Error::AlreadyExists { .. } => ErrorKind::Exists,
            _ => ErrorKind::Storage,
        };
        let place = &self.place;
        let on = if name.is_empty() { place.clone() } else { format!("{name} in {place}") };
        let what = match kind {
            ErrorKind::Missing => format!("{on} is not there"),
            ErrorKind::Exists => format!("{on} exists already"),
            _ => format!("cannot {verb} {on}"),
        };
        Error::new(kind, what).because(error)
    }
}

fn is_range(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string().to_lowercase();
        if text.contains("range") || text.contains("416") {
            return true;
        }
        cause = error.source();
    }
    false
}
