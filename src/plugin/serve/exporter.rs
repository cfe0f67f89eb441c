//! A destination as an exporter: records with their contents in, one result for each out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::broken::Broken;
use super::v1_1::status;
use crate::connector::{Destination, Entry, EntryKind, Outcome};
use crate::plugin::{path, wire};
use crate::proto::plakar::connectors::{Record, Result as Answer};
use crate::proto::plakar::exporter::export_request::Packet;
use crate::proto::plakar::exporter::{ExportRequest, ExportResponse};
use crate::report;

/// Results that wait for the host while it is busy.
const WAITING: usize = 64;

type ToHost = mpsc::Sender<Result<ExportResponse, Status>>;

/// Stores what the host sends, and answers every record once.
pub(super) fn export(
    destination: Arc<dyn Destination>,
    packets: Streaming<ExportRequest>,
    broken: Broken,
) -> ReceiverStream<Result<ExportResponse, Status>> {
    let (to_host, results) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(status) = store_all(destination, packets, &broken, &to_host).await {
            // A host that is gone needs no status.
            let _ = to_host.send(Err(status)).await;
        }
    });
    ReceiverStream::new(results)
}

async fn store_all(
    destination: Arc<dyn Destination>,
    mut packets: Streaming<ExportRequest>,
    broken: &Broken,
    to_host: &ToHost,
) -> Result<(), Status> {
    let free = Arc::new(Semaphore::new(destination.width().max(1)));
    // Dropped with what still runs in it when the host breaks off.
    let mut storing = JoinSet::new();
    while let Some(received) = receive(&mut packets).await? {
        while storing.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { break };
        let entry = entry(&received);
        let in_order = entry.as_ref().is_ok_and(|entry| destination.in_order(entry));
        let (destination, to_host) = (Arc::clone(&destination), to_host.clone());
        let (done, stored) = tokio::sync::oneshot::channel::<()>();
        storing.spawn(async move {
            let answer = match entry {
                Ok(entry) => store(&*destination, entry, received.content.ok()).await,
                Err(why) => Err(why),
            };
            let _ = to_host.send(Ok(result(received.record, answer))).await;
            drop((place, done));
        });
        if in_order {
            let _ = stored.await;
        }
    }
    // Not the end of what was to come, so nothing follows from what did not come.
    broken.check()?;
    while storing.join_next().await.is_some() {}
    destination.finish().await.map_err(|error| status(&error))
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
    let mut content = Gathered::at_most(wire::CONTENT);
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

/// Chunks as one; the first is not copied when it is the only one.
struct Gathered {
    most: u64,
    first: Bytes,
    all: BytesMut,
    too_large: bool,
}

impl Gathered {
    fn at_most(most: u64) -> Self {
        Gathered { most, first: Bytes::new(), all: BytesMut::new(), too_large: false }
    }

    fn add(&mut self, chunk: Bytes) {
        let length = self.first.len().max(self.all.len()) as u64 + chunk.len() as u64;
        if self.too_large || length > self.most {
            *self = Gathered { too_large: true, ..Gathered::at_most(self.most) };
        } else if self.first.is_empty() && self.all.is_empty() {
            self.first = chunk;
        } else {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&chunk);
        }
    }

    fn bytes(self) -> Result<Bytes, &'static str> {
        match (self.too_large, self.all.is_empty()) {
            (true, _) => Err("is larger than 256 MiB, which is more than an item may be"),
            (false, true) => Ok(self.first),
            (false, false) => Ok(self.all.freeze()),
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
    } else if info.mode & wire::MODE_FOLDER != 0 {
        EntryKind::Folder
    } else if info.mode & wire::MODE_TYPE != 0 {
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

async fn store(destination: &dyn Destination, entry: Entry, content: Option<Bytes>) -> Result<Outcome, String> {
    let content = content.filter(|_| entry.kind != EntryKind::Folder);
    match AssertUnwindSafe(destination.store(entry, content)).catch_unwind().await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(report::sentence(&error)),
        Err(_) => Err("the connector failed in a way that is a mistake in davault".into()),
    }
}

fn result(record: Record, answer: Result<Outcome, String>) -> ExportResponse {
    let word = match &answer {
        Ok(Outcome::Created) => Some("created"),
        Ok(Outcome::Replaced) => Some("replaced"),
        Ok(Outcome::Identical) => Some("identical"),
        Ok(Outcome::Noted) => Some("noted"),
        Err(_) => None,
    };
    let extended_attributes = word.map(|word| format!("{}{word}", wire::OUTCOME)).into_iter().collect();
    let header = Some(Record { extended_attributes, ..record });
    ExportResponse { result: Some(Answer { header, error: answer.err().unwrap_or_default() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_gathered_up_to_the_limit_and_no_further() {
        let gathered = |chunks: &[&'static str]| {
            let mut content = Gathered::at_most(6);
            for chunk in chunks {
                content.add(Bytes::from_static(chunk.as_bytes()));
            }
            content.bytes()
        };
        assert_eq!(gathered(&[]), Ok(Bytes::new()));
        assert_eq!(gathered(&["one"]), Ok(Bytes::from_static(b"one")));
        assert_eq!(gathered(&["one", "tw", "o"]), Ok(Bytes::from_static(b"onetwo")));
        let why = "is larger than 256 MiB, which is more than an item may be";
        assert_eq!(gathered(&["one", "two", "three", "x"]), Err(why));
    }
}
