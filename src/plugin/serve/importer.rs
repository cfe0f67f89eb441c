//! A source as an importer: what it lists as records, its contents in chunks.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::excludes::Excludes;
use super::{Connectors, Generation, status};
use crate::connector::{Entry, EntryKind, Found, Held, Source};
use crate::go::mode;
use crate::plugin::path;
use crate::proto::importer::{ImportRequest, ImportResponse};
use crate::proto::plakar::connectors::{FileInfo, Record};

/// Records that wait for the host while it is busy.
pub(super) const WAITING: usize = 64;

/// What one importer works with from Init to Close.
pub(super) struct Serving {
    pub(super) source: Arc<dyn Source>,
    excludes: Arc<Excludes>,
    /// Which of the two kinds of Init it began with.
    pub(super) generation: Generation,
    /// Held while it lists, until what the next run goes by is written down.
    at_work: Arc<tokio::sync::Mutex<()>>,
}

/// What a host says while a source lists.
pub(super) struct Acknowledgments {
    /// Where to tell which folders it has, if its first messages say that.
    pub(super) held: Option<Held>,
    pub(super) messages: Streaming<ImportRequest>,
}

/// How long a host that closes waits for that at most: one that broke off may never end its own side.
const WRITING_DOWN: Duration = Duration::from_secs(10);

impl Serving {
    pub(super) fn new(source: Arc<dyn Source>, excludes: Excludes, generation: Generation) -> Self {
        let excludes = Arc::new(excludes);
        if !excludes.is_empty() {
            let unwanted = Arc::clone(&excludes);
            source.leave_out(Arc::new(move |path, folder| unwanted.leave_out(path, folder)));
        }
        Serving { source, excludes, generation, at_work: Arc::default() }
    }

    /// Tells the source whether the host will say in the next listing which folders it has.
    pub(super) fn hold(&self, will_say: bool) -> Option<Held> {
        let held = will_say.then(Held::to_be_told);
        self.source.hold(held.clone().unwrap_or_default());
        held
    }

    /// Waits until nothing is under way: hosts kill the process when they have closed it.
    pub(super) async fn rest(&self) {
        let _ = tokio::time::timeout(WRITING_DOWN, self.at_work.lock()).await;
    }
}

/// Lists the source to the host, and tells the source what the host has settled, until both sides have said all.
pub(super) fn import(
    serving: Arc<Serving>,
    connectors: Arc<dyn Connectors>,
    acknowledgments: Acknowledgments,
) -> ReceiverStream<Result<ImportResponse, Status>> {
    let (to_host, messages) = mpsc::channel(WAITING);
    let at_work = Arc::clone(&serving.at_work).try_lock_owned();
    tokio::spawn(async move {
        let _at_work = at_work;
        tokio::join!(list(&serving, to_host.clone()), settle(&*serving.source, acknowledgments));
        end(&serving, connectors.as_ref(), false).await;
        // Ends the answer only now: an end before the host's would make its last acknowledgments undeliverable.
        drop(to_host);
    });
    ReceiverStream::new(messages)
}

/// Lets the source write down what the next run goes by, and says what it has to say.
pub(super) async fn end(serving: &Serving, connectors: &dyn Connectors, takes_rest: bool) {
    for sentence in serving.source.end(takes_rest).await {
        connectors.warn(&sentence);
    }
}

async fn list(serving: &Serving, to_host: mpsc::Sender<Result<ImportResponse, Status>>) {
    let message = |found| ImportResponse { record: Some(record(found)), finished: false };
    let last = list_all(serving, &to_host, message).await.map(|()| ImportResponse { record: None, finished: true });
    // A host that is gone needs no last message.
    let _ = to_host.send(last).await;
}

/// Sends all that the source finds and the host does not exclude, as messages; an error where the list is not whole.
pub(super) async fn list_all<M>(
    serving: &Serving,
    to_host: &mpsc::Sender<Result<M, Status>>,
    message: impl Fn(Found) -> M,
) -> Result<(), Status> {
    let (to_us, found) = mpsc::channel(WAITING);
    let listing = AssertUnwindSafe(serving.source.list(to_us)).catch_unwind();
    let (listed, ()) = tokio::join!(listing, forward(serving, found, to_host, message));
    match listed {
        Ok(listed) => listed.map_err(|error| status(&error)),
        Err(_) => Err(Status::internal("the connector failed in a way that is a mistake in davault")),
    }
}

async fn forward<M>(
    serving: &Serving,
    mut found: mpsc::Receiver<Found>,
    to_host: &mpsc::Sender<Result<M, Status>>,
    message: impl Fn(Found) -> M,
) {
    while let Some(found) = found.recv().await {
        if leave_out(&serving.excludes, &found) {
            continue;
        }
        if to_host.send(Ok(message(found))).await.is_err() {
            // Dropping the receiver is how the source learns that nobody listens.
            return;
        }
    }
}

async fn settle(source: &dyn Source, acknowledgments: Acknowledgments) {
    let Acknowledgments { held, mut messages } = acknowledgments;
    if let Some(held) = held {
        held.tell(folders(&mut messages).await);
    }
    while let Ok(Some(acknowledgment)) = messages.message().await {
        let result = acknowledgment.result.unwrap_or_default();
        // With an error the host did not take it: the next backup must bring it again.
        if let (true, Some(record)) = (result.error.is_empty(), result.header) {
            source.settled(&record.pathname);
        }
    }
}

/// The folders that the host has, each with the number of its contents; as many as came where it says no more.
async fn folders(messages: &mut Streaming<ImportRequest>) -> HashMap<String, u64> {
    let mut folders = HashMap::new();
    while let Ok(Some(ImportRequest { result: Some(result) })) = messages.message().await {
        let header = result.header.unwrap_or_default();
        folders.insert(header.pathname, header.file_info.unwrap_or_default().ino);
    }
    folders
}

fn leave_out(excludes: &Excludes, found: &Found) -> bool {
    match found {
        Found::Entry(entry) => excludes.leave_out(&entry.path, entry.kind == EntryKind::Folder),
        Found::Failed { path, .. } => excludes.leave_out(path, false),
    }
}

fn record(found: Found) -> Record {
    match found {
        Found::Entry(entry) => Record {
            has_reader: entry.kind != EntryKind::Folder,
            file_info: Some(file_info(&entry)),
            pathname: entry.path,
            ..Record::default()
        },
        Found::Failed { path, why } => Record { pathname: path, error: why, ..Record::default() },
    }
}

/// What is known of an entry, as both generations say it.
pub(super) fn file_info(entry: &Entry) -> FileInfo {
    let (size, mode) = match entry.kind {
        EntryKind::Folder => (0, mode::FOLDER | 0o700),
        EntryKind::File { size } => (i64::try_from(size).unwrap_or(i64::MAX), 0o600),
    };
    let name = match (path::name(&entry.path), entry.name.as_str()) {
        ("", "") => "/",
        ("", name) | (name, _) => name,
    };
    FileInfo {
        name: name.into(),
        size,
        mode,
        mod_time: entry.modified.map(SystemTime::into),
        ino: entry.version,
        nlink: 1,
        ..FileInfo::default()
    }
}

/// The content of the item at `path`.
pub(super) async fn open(serving: &Serving, path: &str) -> Result<Bytes, Status> {
    path::check(path).map_err(|why| Status::invalid_argument(format!("the path {} {why}", path::shown(path))))?;
    serving.source.read(path).await.map_err(|error| status(&error))
}
