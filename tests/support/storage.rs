//! An object store in memory that misbehaves as told: fails, cuts short, delays, dies, forgets its last changes, lists what was
//! there a while ago, refuses to delete. It has a clock of its own, and remembers every change.
//!
//! [`Storage`] is what lies on the far side; each [`Client`] is one process that uses it, with faults of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use davault::vault::Place;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::sync::Notify;

/// A change to one file.
#[derive(Debug, Clone)]
pub struct Change {
    pub path: Path,
    pub before: Option<File>,
    /// Whether the file was there, and is not any more.
    pub is_removal: bool,
    pub at: SystemTime,
}

/// A file, and when it was written by the storage's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub bytes: Bytes,
    pub modified: SystemTime,
}

#[derive(Debug)]
pub struct Storage {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    now: SystemTime,
    files: BTreeMap<Path, File>,
    changes: Vec<Change>,
    staleness: Duration,
}

impl Storage {
    /// Empty, at some time in 2026; each change takes a millisecond by its clock.
    pub fn new() -> Arc<Self> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        let (files, changes, staleness) = (BTreeMap::new(), Vec::new(), Duration::ZERO);
        Arc::new(Self { inner: Mutex::new(Inner { now, files, changes, staleness }) })
    }

    /// A place in it without any fault.
    pub fn place(self: &Arc<Self>) -> Place {
        Client::new(self, []).place()
    }

    pub fn advance(&self, by: Duration) {
        self.lock().now += by;
    }

    /// From now on lists show what was there so long ago.
    pub fn list_what_was_there_before(&self, staleness: Duration) {
        self.lock().staleness = staleness;
    }

    /// All changes so far; those that were forgotten are not among them.
    pub fn changes(&self) -> Vec<Change> {
        self.lock().changes.clone()
    }

    pub fn change_count(&self) -> usize {
        self.lock().changes.len()
    }

    /// Undoes all but the first `count` changes, as a disk does that lost its power.
    pub fn forget_all_but(&self, count: usize) {
        let mut inner = self.lock();
        while inner.changes.len() > count {
            let Some(Change { path, before, .. }) = inner.changes.pop() else { return };
            match before {
                Some(file) => drop(inner.files.insert(path, file)),
                None => drop(inner.files.remove(&path)),
            }
        }
    }

    /// Another storage with the same files, and no past.
    pub fn copy(&self) -> Arc<Self> {
        let inner = self.lock();
        let (now, files, changes, staleness) = (inner.now, inner.files.clone(), Vec::new(), inner.staleness);
        Arc::new(Self { inner: Mutex::new(Inner { now, files, changes, staleness }) })
    }

    /// Names of all files, sorted.
    pub fn names(&self) -> Vec<String> {
        self.lock().files.keys().map(ToString::to_string).collect()
    }

    /// Bytes of each file, by name.
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        self.lock().files.iter().map(|(path, file)| (path.to_string(), file.bytes.len() as u64)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn change(&mut self, path: Path, bytes: Option<Bytes>) {
        self.now += Duration::from_millis(1);
        let is_removal = bytes.is_none();
        let after = bytes.map(|bytes| File { bytes, modified: self.now });
        let before = match after {
            Some(file) => self.files.insert(path.clone(), file),
            None => self.files.remove(&path),
        };
        self.changes.push(Change { path, before, is_removal, at: self.now });
    }

    fn listed(&self, prefix: Option<&Path>) -> Vec<ObjectMeta> {
        let mut files: BTreeMap<&Path, &File> = self.files.iter().collect();
        let is_new = |change: &&Change| change.at + self.staleness > self.now;
        for Change { path, before, .. } in self.changes.iter().rev().take_while(is_new) {
            match before {
                Some(file) => drop(files.insert(path, file)),
                None => drop(files.remove(path)),
            }
        }
        let below = |path: &Path| prefix.is_none_or(|prefix| path.prefix_matches(prefix) && path != prefix);
        files.into_iter().filter(|(path, _)| below(path)).map(|(path, file)| meta(path, file)).collect()
    }
}

/// What happens to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing happened.
    Fails,
    /// It fails, and yet it happened; for reading the same as [`Fault::Fails`].
    FailsAfterwards,
    /// What is read ends early, without an error; a write fails.
    CutShort,
    /// Others get to run this many times before it happens.
    Delayed(u8),
    /// It waits until [`Client::go_on`] is called.
    Waits,
    /// The process is gone: this and everything behind it never returns.
    Dies,
    /// As [`Fault::Dies`], but this last operation takes place.
    DiesAfterwards,
}

/// One process that uses the storage.
#[derive(Debug, Clone)]
pub struct Client {
    storage: Arc<Storage>,
    faults: Arc<Mutex<Faults>>,
    died: Arc<Notify>,
    /// An operation waits, or all are done.
    reached: Arc<Notify>,
    released: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Faults {
    operations: usize,
    fetched: Vec<Fetched>,
    /// By number of the operation, from 0.
    planned: BTreeMap<usize, Fault>,
    is_dead: bool,
    refuses_deletes: bool,
    is_read_only: bool,
}

/// A file or a part of one that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fetched {
    pub path: String,
    pub start: u64,
    pub end: u64,
}

/// What is to be done once an operation took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Goes,
    CutShort,
    Fails,
    Dies,
}

impl Client {
    /// Plans faults, each for the operation of this number, from 0.
    pub fn new(storage: &Arc<Storage>, planned: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        let faults = Faults { planned: planned.into_iter().collect(), ..Faults::default() };
        Self {
            storage: storage.clone(),
            faults: Arc::new(Mutex::new(faults)),
            died: Arc::default(),
            reached: Arc::default(),
            released: Arc::default(),
        }
    }

    pub fn place(&self) -> Place {
        Place::over(Arc::new(self.clone()), "", "memory")
    }

    /// Plans a further fault.
    pub fn plan(&self, number: usize, fault: Fault) {
        self.lock().planned.insert(number, fault);
    }

    /// Whether deletes fail from now on.
    pub fn refuse_deletes(&self, refuse: bool) {
        self.lock().refuses_deletes = refuse;
    }

    /// Whether every change fails from now on.
    pub fn refuse_changes(&self, refuse: bool) {
        self.lock().is_read_only = refuse;
    }

    /// How many operations there were.
    pub fn operations(&self) -> usize {
        self.lock().operations
    }

    /// What was read so far, in order.
    pub fn fetched(&self) -> Vec<Fetched> {
        self.lock().fetched.clone()
    }

    /// Returns once the process is gone; race it against what the process does.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Returns once an operation waits.
    pub async fn waits(&self) {
        self.reached.notified().await;
    }

    /// Lets the operation that waits take place.
    pub fn go_on(&self) {
        self.released.notify_one();
    }

    /// Does `one` with this client and, while it waits ([`Fault::Waits`]), all of `other`; `other` comes last if nothing waits.
    pub async fn beside<A, B>(&self, one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
        let one = async {
            let done = one.await;
            self.reached.notify_one();
            done
        };
        let other = async {
            self.reached.notified().await;
            let done = other.await;
            self.released.notify_one();
            done
        };
        tokio::join!(one, other)
    }

    async fn begin(&self) -> Result<Then> {
        let fault = {
            let mut faults = self.lock();
            let number = faults.operations;
            faults.operations += 1;
            if faults.is_dead { Some(Fault::Dies) } else { faults.planned.remove(&number) }
        };
        match fault {
            None => Ok(Then::Goes),
            Some(Fault::Fails) => Err(failed("the connection was reset")),
            Some(Fault::FailsAfterwards) => Ok(Then::Fails),
            Some(Fault::CutShort) => Ok(Then::CutShort),
            Some(Fault::Delayed(times)) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
                Ok(Then::Goes)
            }
            Some(Fault::Waits) => {
                self.reached.notify_one();
                self.released.notified().await;
                Ok(Then::Goes)
            }
            Some(Fault::Dies) => self.die().await,
            Some(Fault::DiesAfterwards) => Ok(Then::Dies),
        }
    }

    async fn end<T>(&self, then: Then, result: Result<T>) -> Result<T> {
        match then {
            Then::Goes | Then::CutShort => result,
            Then::Fails => Err(failed("the connection was reset before the answer came")),
            Then::Dies => self.die().await,
        }
    }

    async fn die<T>(&self) -> T {
        self.lock().is_dead = true;
        self.died.notify_one();
        std::future::pending().await
    }

    async fn begin_change(&self) -> Result<Then> {
        let then = self.begin().await?;
        match then {
            _ if self.lock().is_read_only => Err(failed("read-only file system")),
            Then::CutShort => Err(failed("the connection was reset")),
            _ => Ok(then),
        }
    }

    async fn put(&self, path: &Path, bytes: Bytes, must_be_new: bool) -> Result<PutResult> {
        let then = self.begin_change().await?;
        let result = {
            let mut inner = self.storage.lock();
            if must_be_new && inner.files.contains_key(path) {
                Err(Error::AlreadyExists { path: path.to_string(), source: "it is there".into() })
            } else {
                inner.change(path.clone(), Some(bytes));
                Ok(PutResult { e_tag: None, version: None, extensions: http::Extensions::default() })
            }
        };
        self.end(then, result).await
    }

    async fn delete_one(&self, path: Path) -> Result<Path> {
        let then = self.begin_change().await?;
        if self.lock().refuses_deletes {
            return Err(Error::PermissionDenied { path: path.to_string(), source: "AccessDenied".into() });
        }
        let result = {
            let mut inner = self.storage.lock();
            if inner.files.contains_key(&path) {
                inner.change(path.clone(), None);
                Ok(path)
            } else {
                Err(missing(&path))
            }
        };
        self.end(then, result).await
    }

    async fn listed(&self, prefix: Option<&Path>) -> Result<Vec<ObjectMeta>> {
        let then = self.begin().await?;
        let mut listed = self.storage.lock().listed(prefix);
        let result = match then {
            // A page that does not come is an error, and never a shorter list.
            Then::CutShort => Err(failed("the connection was reset")),
            _ => Ok(std::mem::take(&mut listed)),
        };
        self.end(then, result).await
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("storage")
    }
}

#[async_trait]
impl ObjectStore for Client {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.put(location, payload.into(), matches!(options.mode, PutMode::Create)).await
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload { client: self.clone(), location: location.clone(), parts: Vec::new() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let then = self.begin().await?;
        let found = self.storage.lock().files.get(location).cloned();
        let result = found.ok_or_else(|| missing(location)).and_then(|file| got(location, &file, &options, then));
        if let Ok(GetResult { range, .. }) = &result
            && !options.head
        {
            let fetched = Fetched { path: location.to_string(), start: range.start, end: range.end };
            self.lock().fetched.push(fetched);
        }
        self.end(then, result).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let client = self.clone();
        let delete = move |location: Result<Path>| {
            let client = client.clone();
            async move { client.delete_one(location?).await }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (client, prefix) = (self.clone(), prefix.cloned());
        let listed = async move { client.listed(prefix.as_ref()).await };
        stream::once(listed).map_ok(|listed| stream::iter(listed.into_iter().map(Ok))).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let root = Path::default();
        let depth = prefix.unwrap_or(&root).parts().count() + 1;
        let (mut objects, mut folders) = (Vec::new(), BTreeSet::new());
        for meta in self.listed(prefix).await? {
            if meta.location.parts().count() == depth {
                objects.push(meta);
            } else {
                folders.insert(meta.location.parts().take(depth).collect());
            }
        }
        Ok(ListResult {
            common_prefixes: folders.into_iter().collect(),
            objects,
            extensions: http::Extensions::default(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let file = self.storage.lock().files.get(from).cloned().ok_or_else(|| missing(from))?;
        self.put(to, file.bytes, matches!(options.mode, CopyMode::Create)).await.map(drop)
    }
}

/// A file that comes in parts, and is there when all have come.
#[derive(Debug)]
struct Upload {
    client: Client,
    location: Path,
    parts: Vec<Bytes>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts.push(data.into());
        let client = self.client.clone();
        Box::pin(async move {
            let then = client.begin_change().await?;
            client.end(then, Ok(())).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.client.put(&self.location, self.parts.concat().into(), false).await
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}

fn meta(location: &Path, file: &File) -> ObjectMeta {
    ObjectMeta {
        location: location.clone(),
        last_modified: file.modified.into(),
        size: file.bytes.len() as u64,
        e_tag: None,
        version: None,
    }
}

fn got(location: &Path, file: &File, options: &GetOptions, then: Then) -> Result<GetResult> {
    let (meta, size) = (meta(location, file), file.bytes.len() as u64);
    let range: Range<u64> = match &options.range {
        Some(range) => {
            range.as_range(size).map_err(|error| Error::Generic { store: "storage", source: Box::new(error) })?
        }
        None => 0..size,
    };
    let index = |at: u64| usize::try_from(at).expect("it is in memory");
    let mut bytes = file.bytes.slice(index(range.start)..index(range.end));
    if then == Then::CutShort {
        bytes.truncate(bytes.len() / 2);
    }
    let payload = GetResultPayload::Stream(stream::once(async move { Ok(bytes) }).boxed());
    Ok(GetResult { payload, meta, range, attributes: Attributes::default(), extensions: http::Extensions::default() })
}

fn failed(why: &str) -> Error {
    Error::Generic { store: "storage", source: why.into() }
}

fn missing(path: &Path) -> Error {
    Error::NotFound { path: path.to_string(), source: "it is not there".into() }
}
