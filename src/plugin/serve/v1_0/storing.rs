//! A destination under generation 1.0: folders and files come by calls of their own, files of one folder side by side.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use crate::connector::name::COLLECTION_FILE;
use crate::connector::{Destination, Entry, EntryKind};
use crate::plugin::path;
use crate::plugin::serve::broken::Broken;
use crate::plugin::serve::content::Gathered;
use crate::plugin::serve::{exporter, status};
use crate::proto::v1_0::exporter::StoreFileRequest;
use crate::proto::v1_0::exporter::store_file_request::Type;

/// How long the first items of a folder wait for its description, which several files at the same time may overtake: it is the
/// first of its folder by name, and hosts begin files in that order. A folder that has none, as where one item is restored,
/// costs this time once.
const OVERTAKEN: Duration = Duration::from_millis(500);

/// A destination while the host stores things.
pub(super) struct Storing {
    destination: Arc<dyn Destination>,
    free: Semaphore,
    /// Those that are there: hosts ask for the folder of each file once more.
    folders: Mutex<HashSet<String>>,
    /// Folders whose description has come, or is no longer waited for.
    described: watch::Sender<HashSet<String>>,
}

/// A file with its content.
pub(super) struct File {
    pub(super) cookie: String,
    path: String,
    content: Bytes,
}

impl Storing {
    pub(super) fn new(destination: Box<dyn Destination>) -> Self {
        let free = Semaphore::new(destination.width().max(1));
        let destination = Arc::from(destination);
        Storing { destination, free, folders: Mutex::default(), described: watch::Sender::default() }
    }

    /// The path that the host is to put before all others.
    pub(super) fn root(&self) -> String {
        self.destination.about().root
    }

    /// Makes a folder, once.
    pub(super) async fn folder(&self, path: &str) -> Result<(), Status> {
        let entry = entry(path, EntryKind::Folder)?;
        let mut folders = self.folders.lock().await;
        if !folders.contains(path) {
            exporter::store(&*self.destination, entry, None).await.into_result().map_err(Status::unknown)?;
            folders.insert(path.to_owned());
        }
        Ok(())
    }

    /// Stores a file.
    pub(super) async fn file(&self, file: File) -> Result<(), Status> {
        let File { path, content, .. } = file;
        let entry = entry(&path, EntryKind::File { size: content.len() as u64 })?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let describes = entry.name == COLLECTION_FILE;
        if !self.destination.in_order(&entry) {
            self.description(folder).await?;
        }
        let Ok(_place) = self.free.acquire().await else {
            return Err(Status::unknown("the restore has ended"));
        };
        let stored = exporter::store(&*self.destination, entry, Some(content)).await;
        if describes {
            self.is_described(folder);
        }
        stored.into_result().map_err(Status::unknown)
    }

    pub(super) async fn finish(&self) -> Result<(), Status> {
        self.destination.finish().await.map_err(|error| status(&error))
    }

    /// Waits for the description of a folder, where the destination begins with that.
    async fn description(&self, folder: &str) -> Result<(), Status> {
        let first = entry(&format!("{folder}/{COLLECTION_FILE}"), EntryKind::File { size: 0 })?;
        if self.destination.in_order(&first) {
            let mut described = self.described.subscribe();
            if timeout(OVERTAKEN, described.wait_for(|folders| folders.contains(folder))).await.is_err() {
                self.is_described(folder);
            }
        }
        Ok(())
    }

    fn is_described(&self, folder: &str) {
        self.described.send_modify(|folders| {
            folders.insert(folder.to_owned());
        });
    }
}

/// Takes a file's messages: its header, then its content until the host has sent all.
pub(super) async fn receive(mut messages: Streaming<StoreFileRequest>, broken: &Broken) -> Result<File, Status> {
    let Some(StoreFileRequest { r#type: Some(Type::Header(header)), cookie }) = messages.message().await? else {
        return Err(Status::invalid_argument("the host sent a file that does not begin with its header"));
    };
    let (shown, mut content, mut sent_bytes) = (path::shown(&header.pathname), Gathered::new(), 0);
    while let Some(message) = messages.message().await? {
        let Some(Type::Data(data)) = message.r#type else {
            return Err(Status::invalid_argument(format!("the host sent {shown} with something else in it")));
        };
        sent_bytes += data.chunk.len() as u64;
        content.add(data.chunk);
    }
    broken.check()?;
    // What it can't read on, the host ends as if it were whole.
    if sent_bytes != header.size {
        let what = format!("the host sent {sent_bytes} of {} bytes of {shown}; nothing was stored", header.size);
        return Err(Status::unknown(what));
    }
    let content = content.bytes().map_err(|why| Status::unknown(format!("{shown} {why}")))?;
    Ok(File { cookie, path: header.pathname, content })
}

fn entry(path: &str, kind: EntryKind) -> Result<Entry, Status> {
    path::check(path).map_err(|why| Status::unknown(format!("the path {} {why}", path::shown(path))))?;
    Ok(Entry { path: path.to_owned(), name: path::name(path).to_owned(), kind, modified: None, version: 0 })
}
