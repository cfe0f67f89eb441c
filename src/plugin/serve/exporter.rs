//! A destination as an exporter: records with their contents in, one result for each out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{FutureExt, poll};
use tokio::sync::{OnceCell, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::answer::{Answered, foreseen, result};
use super::broken::Broken;
use super::content::Gathered;
use super::{Asked, status};
use crate::connector::{About, Destination, Entry, EntryKind};
use crate::go::mode;
use crate::plugin::path;
use crate::proto::plakar::connectors::Record;
use crate::proto::plakar::exporter::export_request::Packet;
use crate::proto::plakar::exporter::{ExportRequest, ExportResponse};
/// Results that wait for the host while it is busy.
const WAITING: usize = 64;

/// A content takes one more place among those that are stored at the same time for so many bytes.
const LARGE: usize = 1 << 20;

type ToHost = mpsc::Sender<Result<ExportResponse, Status>>;

/// What one exporter works with from Init to Close.
pub(super) struct Serving {
    destination: Arc<dyn Destination>,
    asked: Asked,
    reached: OnceCell<()>,
}

impl Serving {
    pub(super) fn new(destination: Box<dyn Destination>, asked: Asked) -> Self {
        Serving { destination: Arc::from(destination), asked, reached: OnceCell::new() }
    }

    /// A session that does what this one has planned, if that is what is asked for.
    pub(super) fn carry_out(&self, asked: &Asked) -> Option<Self> {
        let destination = if self.asked.is_plan_of(asked) { self.destination.carry_out()? } else { return None };
        let reached = OnceCell::new_with(Some(()));
        Some(Serving { destination: Arc::from(destination), asked: asked.clone(), reached })
    }

    pub(super) fn about(&self) -> About {
        self.destination.about()
    }

    pub(super) async fn ping(&self) -> Result<(), Status> {
        self.destination.ping().await.map_err(|error| status(&error))?;
        // Somebody else may have been quicker.
        let _ = self.reached.set(());
        Ok(())
    }

    /// The destination, once it has answered: plakar does not ping it before it sends, and each of a thousand items would be
    /// refused by itself, a wrong password as often.
    async fn reached(&self) -> Result<Arc<dyn Destination>, Status> {
        if !self.reached.initialized() {
            self.ping().await?;
        }
        Ok(Arc::clone(&self.destination))
    }
}

/// Stores what the host sends, and answers every record once.
pub(super) fn export(
    serving: Arc<Serving>,
    packets: Streaming<ExportRequest>,
    broken: Broken,
) -> ReceiverStream<Result<ExportResponse, Status>> {
    let (to_host, results) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(status) = store_all(&serving, packets, &broken, &to_host).await {
            // A host that is gone needs no status.
            let _ = to_host.send(Err(status)).await;
        }
    });
    ReceiverStream::new(results)
}

async fn store_all(
    serving: &Serving,
    mut packets: Streaming<ExportRequest>,
    broken: &Broken,
    to_host: &ToHost,
) -> Result<(), Status> {
    let destination = serving.reached().await?;
    let plans = serving.asked.is_plan();
    // What is planned for a folder is known at the end.
    let mut folders = Vec::new();
    let width = u32::try_from(destination.width().max(1)).unwrap_or(u32::MAX);
    let free = Arc::new(Semaphore::new(width as usize));
    // Dropped with what still runs in it when the host breaks off.
    let mut storing = JoinSet::new();
    while let Some(received) = receive(&mut packets).await? {
        while storing.try_join_next().is_some() {}
        let bytes = received.content.as_ref().map_or(0, Bytes::len);
        // Large contents take the places of several, so that no more of them are in memory than of small ones.
        let places = u32::try_from(bytes / LARGE).unwrap_or(u32::MAX).saturating_add(1).min(width);
        let Ok(place) = Arc::clone(&free).acquire_many_owned(places).await else { break };
        let entry = entry(&received);
        let in_order = entry.as_ref().is_ok_and(|entry| destination.in_order(entry));
        if let (true, Ok(folder @ Entry { kind: EntryKind::Folder, .. })) = (plans, &entry) {
            let answer = store(&*destination, folder.clone(), None).await;
            folders.push((received.record, answer));
            continue;
        }
        let begins_in_order = destination.begins_in_order();
        let (destination, to_host) = (Arc::clone(&destination), to_host.clone());
        let (done, stored) = tokio::sync::oneshot::channel::<()>();
        let mut one = Box::pin(async move {
            let answer = match entry {
                Ok(entry) => store(&*destination, entry, received.content.ok()).await,
                Err(why) => Answered::unusable(why),
            };
            let _ = to_host.send(Ok(result(received.record, answer))).await;
            drop((place, done));
        });
        if !begins_in_order || poll!(&mut one).is_pending() {
            storing.spawn(one);
        }
        if in_order {
            let _ = stored.await;
        }
    }
    // Not the end of what was to come, so nothing follows from what did not come.
    broken.check()?;
    while storing.join_next().await.is_some() {}
    let finished = tokio::select! {
        finished = destination.finish() => finished,
        // A host that breaks off may say first that this was all.
        () = to_host.closed() => return Err(Status::cancelled("the host broke off")),
    };
    let mut planned = if folders.is_empty() { Vec::new() } else { destination.foreseen().await };
    for (record, answer) in folders {
        let words = foreseen(&mut planned, &record.pathname);
        let mut response = result(record, answer);
        response.result.iter_mut().filter_map(|one| one.header.as_mut()).for_each(|header| {
            header.extended_attributes.extend(words.iter().cloned());
        });
        let _ = to_host.send(Ok(response)).await;
    }
    finished.map_err(|error| status(&error))
}

/// A record with all that belongs to it.
struct Received {
    record: Record,
    /// `Err` where none belongs to it, with the sentence for a file.
    content: Result<Bytes, &'static str>,
}

/// The next record and its whole content, unless that is too large to be kept; `None` when the host has sent all.
async fn receive(packets: &mut Streaming<ExportRequest>) -> Result<Option<Received>, Status> {
    let record = match next(packets).await? {
        None => return Ok(None),
        Some(Packet::Chunk(_)) => {
            return Err(Status::invalid_argument("the host sent content that belongs to no record"));
        }
        Some(Packet::Record(record)) => record,
    };
    if !record.has_reader {
        return Ok(Some(Received { record, content: Err("came without its content") }));
    }
    let mut content = Gathered::new();
    loop {
        match next(packets).await? {
            Some(Packet::Chunk(chunk)) if chunk.is_empty() => break,
            Some(Packet::Chunk(chunk)) => content.add(chunk),
            _ => {
                let path = path::shown(&record.pathname);
                return Err(Status::invalid_argument(format!("the host sent no end of the content of {path}")));
            }
        }
    }
    Ok(Some(Received { record, content: content.bytes() }))
}

async fn next(packets: &mut Streaming<ExportRequest>) -> Result<Option<Packet>, Status> {
    match packets.message().await? {
        None => Ok(None),
        Some(ExportRequest { packet: Some(packet) }) => Ok(Some(packet)),
        Some(ExportRequest { packet: None }) => {
            Err(Status::invalid_argument("the host sent a message that is neither record nor content"))
        }
    }
}

/// What the destination is to store for `received`, or why it can't be asked.
fn entry(received: &Received) -> Result<Entry, String> {
    let record = &received.record;
    let shown = path::shown(&record.pathname);
    path::check(&record.pathname).map_err(|why| format!("the path {shown} {why}"))?;
    if !record.error.is_empty() {
        return Err(format!("the host could not read it: {}", path::shown(&record.error)));
    }
    let info = record.file_info.as_ref().ok_or_else(|| format!("{shown} came without its file information"))?;
    let kind = if record.is_xattr {
        return Err(format!("{shown} is an extended attribute, which can't be stored here"));
    } else if info.mode & mode::FOLDER != 0 {
        EntryKind::Folder
    } else if info.mode & mode::TYPE != 0 {
        return Err(format!("{shown} is neither a folder nor a file"));
    } else {
        let content = received.content.as_ref().map_err(|why| format!("{shown} {why}"))?;
        EntryKind::File { size: content.len() as u64 }
    };
    let name = match (path::name(&record.pathname), info.name.as_str()) {
        ("", "/" | "." | "") => "",
        ("", name) if path::check(&format!("/{name}")).is_ok() && !name.contains('/') => name,
        (name, _) => name,
    };
    Ok(Entry {
        path: record.pathname.clone(),
        name: name.into(),
        kind,
        modified: info.mod_time.and_then(|time| SystemTime::try_from(time).ok()),
        version: info.ino,
    })
}

/// Stores one entry.
pub(super) async fn store(destination: &dyn Destination, entry: Entry, content: Option<Bytes>) -> Answered {
    let content = content.filter(|_| entry.kind != EntryKind::Folder);
    match AssertUnwindSafe(destination.store(entry, content)).catch_unwind().await {
        Ok(Ok(outcome)) => Answered::done(outcome),
        Ok(Err(error)) => Answered::failed(&error),
        Err(_) => Answered::unusable("the connector failed in a way that is a mistake in davault".into()),
    }
}
