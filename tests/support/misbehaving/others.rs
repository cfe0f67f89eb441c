//! A connector as others make them: an importer of what a JSON file describes, and an exporter that writes such a file.
//!
//! `tree://FILE` is a list of things, each with `path`, `mode` (Go's), and what else there is to say: `content`, `size` (where
//! it is announced wrongly), `target`, `seconds`, `ino`, `dev`, `uid`, `gid`, `nlink`, `user`, `group`, `attributes`, `xattrs`
//! (name to value), `xattr_errors` (name to why it can't be listed), `error` (why it can't be listed), `broken` (why it can't be read).

use std::collections::HashMap;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use davault::proto::importer as i;
use davault::proto::importer::importer_server;
use davault::proto::plakar::connectors::{FileInfo, Record, Result as Answer};
use davault::proto::plakar::exporter as e;
use davault::proto::plakar::exporter::export_request::Packet;
use davault::proto::plakar::exporter::exporter_server;
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};
use tonic::{Request, Response, Status, Streaming};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What Init said.
#[derive(Clone, Default)]
pub struct Tree(Arc<Mutex<HashMap<String, String>>>);

impl Tree {
    fn begin(&self, config: HashMap<String, String>, limits: Option<(i64, bool, bool)>) -> Result<(), Status> {
        // Without any of these, connectors of plakar's makers do nothing, or leave things out.
        if !matches!(limits, Some((1.., false, true))) {
            return Err(Status::invalid_argument(format!("the host's options are odd: {limits:?}")));
        }
        if config.get("api_token").is_some_and(|token| token != "open sesame") {
            return Err(Status::unauthenticated("the token is wrong"));
        }
        *self.0.lock().expect("no panic") = config;
        Ok(())
    }

    fn option(&self, name: &str) -> Option<String> {
        self.0.lock().expect("no panic").get(name).cloned()
    }

    fn file(&self) -> String {
        self.option("location").and_then(|at| at.strip_prefix("tree://").map(str::to_owned)).expect("a location")
    }

    fn things(&self) -> Result<Vec<Value>, Status> {
        let read = std::fs::read(self.file()).map_err(|error| Status::unavailable(format!("no tree: {error}")))?;
        serde_json::from_slice(&read).map_err(|error| Status::internal(error.to_string()))
    }

    fn log(&self, line: &str) {
        if let Some(log) = self.option("log") {
            let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log");
            // In one piece: several are opened at once.
            log.write_all(format!("{line}\n").as_bytes()).expect("a log");
        }
    }
}

fn text(thing: &Value, name: &str) -> String {
    thing[name].as_str().unwrap_or_default().to_owned()
}

fn number(thing: &Value, name: &str) -> u64 {
    thing[name].as_u64().unwrap_or_default()
}

fn small(thing: &Value, name: &str) -> u32 {
    u32::try_from(number(thing, name)).expect("a small number")
}

fn records(thing: &Value) -> Vec<Record> {
    let path = text(thing, "path");
    if thing["error"].is_string() {
        return vec![Record { pathname: path, error: text(thing, "error"), ..Record::default() }];
    }
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/").to_owned();
    let size = thing["size"].as_i64().or_else(|| i64::try_from(text(thing, "content").len()).ok());
    let mod_time = thing["seconds"].as_i64().map(|seconds| prost_types::Timestamp { seconds, nanos: 5 });
    let info = FileInfo {
        name,
        size: size.unwrap_or_default(),
        mode: small(thing, "mode"),
        mod_time,
        dev: number(thing, "dev"),
        ino: number(thing, "ino"),
        uid: number(thing, "uid"),
        gid: number(thing, "gid"),
        nlink: small(thing, "nlink"),
        username: text(thing, "user"),
        groupname: text(thing, "group"),
        flags: 0,
    };
    let plain = Record { pathname: path, has_reader: true, ..Record::default() };
    let names = thing["xattrs"].as_object().into_iter().flat_map(|xattrs| xattrs.keys().cloned());
    let names: Vec<String> = names.collect();
    let mut records: Vec<Record> =
        names.iter().map(|name| Record { is_xattr: true, xattr_name: name.clone(), ..plain.clone() }).collect();
    let errors = thing["xattr_errors"].as_object().into_iter().flatten();
    let failed = |(name, why): (&String, &Value)| {
        let error = why.as_str().unwrap_or_default().into();
        Record { is_xattr: true, xattr_name: name.clone(), error, has_reader: false, ..plain.clone() }
    };
    records.extend(errors.map(failed));
    // Between its attributes: a host may not count on an order.
    let at = records.len() / 2;
    let (target, file_attributes) = (text(thing, "target"), small(thing, "attributes"));
    if thing["xattrs_only"] == true {
        return records;
    }
    records.insert(at, Record { target, file_attributes, extended_attributes: names, file_info: Some(info), ..plain });
    records
}

#[tonic::async_trait]
impl importer_server::Importer for Tree {
    async fn init(&self, request: Request<i::InitRequest>) -> Result<Response<i::InitResponse>, Status> {
        let request = request.into_inner();
        let limits = request.options.map(|told| (told.maxconcurrency, told.noxattr, !told.hostname.is_empty()));
        self.begin(request.config, limits)?;
        Ok(Response::new(i::InitResponse {
            origin: "a tree".into(),
            r#type: "tree".into(),
            root: "/".into(),
            flags: 0,
        }))
    }

    async fn ping(&self, _: Request<i::PingRequest>) -> Result<Response<i::PingResponse>, Status> {
        self.things().map(|_| Response::new(i::PingResponse {}))
    }

    type ImportStream = Answers<i::ImportResponse>;

    async fn import(&self, _: Request<Streaming<i::ImportRequest>>) -> Result<Response<Self::ImportStream>, Status> {
        let records: Vec<Record> = self.things()?.iter().flat_map(records).collect();
        let records = records.into_iter().map(|record| Ok(i::ImportResponse { record: Some(record), finished: false }));
        let end = Ok(i::ImportResponse { record: None, finished: true });
        Ok(Response::new(stream::iter(records.chain([end]).collect::<Vec<_>>()).boxed()))
    }

    type OpenStream = Answers<i::OpenResponse>;

    async fn open(&self, request: Request<i::OpenRequest>) -> Result<Response<Self::OpenStream>, Status> {
        let wanted = request.into_inner().record.expect("a record");
        self.log(format!("{} {}", wanted.pathname, wanted.xattr_name).trim_end());
        let things = self.things()?;
        let thing = things.iter().find(|thing| text(thing, "path") == wanted.pathname).expect("what was listed");
        if thing["broken"].is_string() {
            return Err(Status::unknown(text(thing, "broken")));
        }
        let content = if wanted.is_xattr { text(&thing["xattrs"], &wanted.xattr_name) } else { text(thing, "content") };
        let content = content.repeat(usize::try_from(thing["times"].as_u64().unwrap_or(1)).expect("few"));
        let chunks: Vec<_> = content.as_bytes().chunks(100_000).map(<[u8]>::to_vec).collect();
        Ok(Response::new(stream::iter(chunks).map(|chunk| Ok(i::OpenResponse { chunk: chunk.into() })).boxed()))
    }

    async fn close(&self, _: Request<i::CloseRequest>) -> Result<Response<i::CloseResponse>, Status> {
        Ok(Response::new(i::CloseResponse {}))
    }
}

#[tonic::async_trait]
impl exporter_server::Exporter for Tree {
    async fn init(&self, request: Request<e::InitRequest>) -> Result<Response<e::InitResponse>, Status> {
        let request = request.into_inner();
        let limits = request.options.map(|told| (told.maxconcurrency, told.noxattr, !told.hostname.is_empty()));
        self.begin(request.config, limits)?;
        let flags = if self.option("with_xattrs").is_some() { 1 << 5 } else { 0 };
        Ok(Response::new(e::InitResponse { origin: String::new(), r#type: "tree".into(), root: "/".into(), flags }))
    }

    async fn ping(&self, _: Request<e::PingRequest>) -> Result<Response<e::PingResponse>, Status> {
        Ok(Response::new(e::PingResponse {}))
    }

    type ExportStream = Answers<e::ExportResponse>;

    async fn export(
        &self,
        request: Request<Streaming<e::ExportRequest>>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let mut packets = request.into_inner();
        let (mut written, mut answers) = (Vec::new(), Vec::new());
        while let Some(packet) = packets.message().await? {
            let Some(Packet::Record(record)) = packet.packet else {
                return Err(Status::invalid_argument("content without a record"));
            };
            let content = if record.has_reader { content(&mut packets).await? } else { Vec::new() };
            let error = if record.pathname.ends_with("unwanted") { "there is no room for it" } else { "" };
            written.push(described(&record, &content));
            let result = Some(Answer { header: Some(record), error: error.into() });
            answers.push(Ok(e::ExportResponse { result }));
        }
        let written = serde_json::to_vec(&written).expect("JSON");
        std::fs::write(self.file(), written).map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(Response::new(stream::iter(answers).boxed()))
    }

    async fn close(&self, _: Request<e::CloseRequest>) -> Result<Response<e::CloseResponse>, Status> {
        Ok(Response::new(e::CloseResponse {}))
    }
}

async fn content(packets: &mut Streaming<e::ExportRequest>) -> Result<Vec<u8>, Status> {
    let mut content = Vec::new();
    loop {
        let Some(e::ExportRequest { packet: Some(Packet::Chunk(chunk)) }) = packets.message().await? else {
            return Err(Status::invalid_argument("a content without an end"));
        };
        if chunk.is_empty() {
            return Ok(content);
        }
        content.extend_from_slice(&chunk);
    }
}

/// What came of one record, without what is 0 or empty.
fn described(record: &Record, content: &[u8]) -> Value {
    let info = record.file_info.clone().unwrap_or_default();
    let shown = if content.len() < 1000 { String::from_utf8_lossy(content) } else { "much".into() };
    let mut all = json!({
        "path": record.pathname, "target": record.target, "attributes": record.file_attributes,
        "xattr": record.xattr_name, "xattrs": record.extended_attributes, "has_content": record.has_reader,
        "length": content.len(), "content": shown, "name": info.name, "mode": info.mode, "size": info.size,
        "seconds": info.mod_time.map_or(0, |time| time.seconds), "dev": info.dev, "ino": info.ino, "uid": info.uid,
        "gid": info.gid, "nlink": info.nlink, "user": info.username, "group": info.groupname,
    });
    let empty = [json!(0), json!(""), json!([]), json!(false)];
    all.as_object_mut().expect("an object").retain(|_, value| !empty.contains(value));
    all
}
