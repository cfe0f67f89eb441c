//! plakar 1.1 as a host.

use std::collections::HashMap;

use bytes::Bytes;
use davault::proto::importer::importer_client::ImporterClient;
use davault::proto::importer::{self as i, ImportRequest, OpenRequest};
use davault::proto::plakar::connectors::{Record, Result as Acknowledgment};
use davault::proto::plakar::exporter::export_request::Packet;
use davault::proto::plakar::exporter::exporter_client::ExporterClient;
use davault::proto::plakar::exporter::{self as e, ExportRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tonic::Status;
use tonic::transport::Channel;

use super::account::Options;
use super::process::Process;
use super::snapshot::{FOLDER, Kept, Snapshot};

/// What plakar sends at once.
const CHUNK: usize = 1 << 20;

/// When a host asks for contents and says that it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As plakar does: each content as its record comes, and its acknowledgment after it.
    AsTheyCome,
    /// Contents backwards once the list is complete, then acknowledgments backwards.
    LateAndBackwards,
    /// Every content twice, and at the same time, once the list is complete; then half of the acknowledgments, and all of them again.
    AllAtOnce,
    /// The host says at once that it will acknowledge nothing.
    NeverAcknowledged,
}

pub type Importer = ImporterClient<Channel>;

/// Init, as plakar on four cores calls it.
pub async fn importer(
    process: &Process,
    location: &str,
    options: &Options,
    excludes: &[&str],
) -> Result<(Importer, i::InitResponse), Status> {
    init(process, location, options, host(excludes, 3)).await
}

/// What plakar says of itself; `at_once` is how many items it handles at the same time.
pub fn host(excludes: &[&str], at_once: i64) -> i::Options {
    i::Options {
        hostname: "desk".into(),
        os: "linux".into(),
        arch: "amd64".into(),
        cwd: "/".into(),
        maxconcurrency: at_once,
        excludes: excludes.iter().map(ToString::to_string).collect(),
        noxattr: false,
    }
}

/// Init of a source.
pub async fn init(
    process: &Process,
    location: &str,
    options: &Options,
    host: i::Options,
) -> Result<(Importer, i::InitResponse), Status> {
    let mut client = ImporterClient::new(process.channel());
    let proto = location.split("://").next().unwrap_or_default().into();
    let request = i::InitRequest { options: Some(host), proto, config: config(location, options) };
    let about = client.init(request).await?.into_inner();
    Ok((client, about))
}

fn config(location: &str, options: &Options) -> HashMap<String, String> {
    let mut config: HashMap<_, _> = options.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    config.insert("location".into(), location.into());
    config
}

/// Import and Open, to the end; `before` is the snapshot that unchanged contents are taken from.
pub async fn back_up(importer: &Importer, way: Way, before: &Snapshot) -> Result<Snapshot, Status> {
    let mut client = importer.clone();
    let (to_plugin, acknowledgments) = mpsc::unbounded_channel();
    let mut to_plugin = Some(to_plugin).filter(|_| way != Way::NeverAcknowledged);
    let mut list = client.import(UnboundedReceiverStream::new(acknowledgments)).await?.into_inner();
    let mut snapshot = Snapshot::default();
    let mut waiting = Vec::new();
    loop {
        let message = list.message().await?.expect("a list ends by saying so");
        let Some(record) = message.record else {
            assert!(message.finished, "a message that is neither record nor end");
            break;
        };
        if way == Way::AsTheyCome {
            let kept = take(importer, &record, before, &mut snapshot).await?;
            keep(&mut snapshot, &record, kept);
            acknowledge(to_plugin.as_ref(), &record);
        } else {
            waiting.push(record);
        }
    }
    for (record, content) in waiting.iter().zip(contents(importer, way, &waiting).await?) {
        keep(&mut snapshot, record, content);
    }
    if way == Way::AllAtOnce {
        waiting.iter().step_by(2).for_each(|record| acknowledge(to_plugin.as_ref(), record));
    }
    for record in waiting.iter().rev() {
        acknowledge(to_plugin.as_ref(), record);
    }
    // Half-closed: nothing more is acknowledged, and the plugin may end its answer.
    to_plugin.take();
    assert_eq!(list.message().await?, None, "nothing follows the end");
    Ok(snapshot)
}

/// The contents of all records, asked for in the order of that way.
async fn contents(importer: &Importer, way: Way, records: &[Record]) -> Result<Vec<Option<Bytes>>, Status> {
    if way == Way::AllAtOnce {
        let all = || futures_util::future::try_join_all(records.iter().map(|record| content(importer, record)));
        let (once, again) = (all().await?, all().await?);
        assert_eq!(once, again, "a content may be asked for again until it is acknowledged");
        return Ok(once);
    }
    let mut contents = Vec::new();
    for record in records.iter().rev() {
        contents.push(content(importer, record).await?);
    }
    contents.reverse();
    Ok(contents)
}

fn acknowledge(to_plugin: Option<&mpsc::UnboundedSender<ImportRequest>>, record: &Record) {
    if let Some(to_plugin) = to_plugin {
        let result = Some(Acknowledgment { header: Some(record.clone()), error: String::new() });
        to_plugin.send(ImportRequest { result }).expect("the call goes on");
    }
}

fn keep(snapshot: &mut Snapshot, record: &Record, content: Option<Bytes>) {
    if record.error.is_empty() {
        // plakar fails the whole import otherwise.
        let info = record.file_info.clone().expect("a FileInfo");
        snapshot.keep(&record.pathname, Kept { info, content });
    } else {
        assert_eq!(record.file_info, None, "{}", record.pathname);
        snapshot.failures.insert(record.pathname.clone(), record.error.clone());
    }
}

/// The content of a file: what the host has already, or what the plugin gives.
async fn take(
    importer: &Importer,
    record: &Record,
    before: &Snapshot,
    snapshot: &mut Snapshot,
) -> Result<Option<Bytes>, Status> {
    let unchanged = record.file_info.as_ref().and_then(|info| before.unchanged(&record.pathname, info));
    if unchanged.is_some() {
        return Ok(unchanged);
    }
    let content = content(importer, record).await?;
    if content.is_some() {
        snapshot.opened.push(record.pathname.clone());
    }
    Ok(content)
}

async fn content(importer: &Importer, record: &Record) -> Result<Option<Bytes>, Status> {
    match &record.file_info {
        Some(info) if info.mode & FOLDER == 0 => {
            let content = open(importer, &record.pathname).await?;
            assert_eq!(usize::try_from(info.size).ok(), Some(content.len()), "{} has another size", record.pathname);
            Ok(Some(content))
        }
        _ => Ok(None),
    }
}

/// Open, to the end.
pub async fn open(importer: &Importer, path: &str) -> Result<Bytes, Status> {
    let mut client = importer.clone();
    // Only the path is filled in.
    let record = Some(Record { pathname: path.into(), ..Record::default() });
    let mut chunks = client.open(OpenRequest { record }).await?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = chunks.message().await? {
        assert!(!message.chunk.is_empty(), "plakar takes an empty chunk for a fault");
        assert!(message.chunk.len() <= CHUNK);
        content.extend_from_slice(&message.chunk);
    }
    Ok(content.into())
}

/// Init, Export and Close, as `plakar restore` calls them; what became of each path, in the words that are shown.
pub async fn restore(
    process: &Process,
    location: &str,
    options: &Options,
    entries: Vec<(String, Kept)>,
) -> Result<Vec<(String, String)>, Status> {
    export(exporter(process, location, options, 3).await?, records_of(entries)).await
}

/// What a restore of these entries sends.
pub fn records_of(entries: Vec<(String, Kept)>) -> Vec<(Record, Option<Bytes>)> {
    let records = entries.into_iter().map(|(path, Kept { info, content })| {
        let has_reader = content.is_some();
        (Record { pathname: path, file_info: Some(info), has_reader, ..Record::default() }, content)
    });
    records.collect()
}

/// Init of a destination, by a host that handles so many items at the same time.
pub async fn exporter(
    process: &Process,
    location: &str,
    options: &Options,
    at_once: i64,
) -> Result<ExporterClient<Channel>, Status> {
    let mut client = ExporterClient::new(process.channel());
    let host = Some(e::Options { maxconcurrency: at_once, ..e::Options::default() });
    let proto = location.split("://").next().unwrap_or_default().into();
    client.init(e::InitRequest { options: host, proto, config: config(location, options) }).await?;
    Ok(client)
}

/// Export of any records, and Close; what became of each.
pub async fn export(
    mut client: ExporterClient<Channel>,
    records: Vec<(Record, Option<Bytes>)>,
) -> Result<Vec<(String, String)>, Status> {
    let (packets, to_plugin) = mpsc::channel(1);
    let mut asked: Vec<_> = records.iter().map(|(record, _)| record.pathname.clone()).collect();
    let sending = tokio::spawn(async move {
        for packet in records.into_iter().flat_map(packets_of) {
            if packets.send(ExportRequest { packet: Some(packet) }).await.is_err() {
                return;
            }
        }
    });
    let mut results = client.export(ReceiverStream::new(to_plugin)).await?.into_inner();
    let mut became = Vec::new();
    while let Some(response) = results.message().await? {
        let result = response.result.expect("a result");
        let header = result.header.expect("the record that it is about");
        // plakar fails the whole restore otherwise.
        assert!(header.file_info.is_some() || !header.error.is_empty(), "{} without a FileInfo", header.pathname);
        became.push((header.pathname, result.error));
    }
    sending.await.expect("all was sent");
    let mut answered: Vec<_> = became.iter().map(|(path, _)| path.clone()).collect();
    answered.sort();
    asked.sort();
    assert_eq!(answered, asked, "every record is answered once");
    client.close(e::CloseRequest {}).await?;
    Ok(became)
}

/// A record, its content in pieces, and an empty piece as the end.
pub fn packets_of((record, content): (Record, Option<Bytes>)) -> Vec<Packet> {
    let mut packets = vec![Packet::Record(record)];
    if let Some(content) = content {
        packets.extend(content.chunks(CHUNK).map(|chunk| Packet::Chunk(Bytes::copy_from_slice(chunk))));
        packets.push(Packet::Chunk(Bytes::new()));
    }
    packets
}
