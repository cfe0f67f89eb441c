//! Importers that break one rule each.

use std::pin::Pin;

use davault::proto::importer::importer_server;
use davault::proto::importer::{
    CloseRequest, CloseResponse, ImportRequest, ImportResponse, InitRequest, InitResponse, OpenRequest, OpenResponse,
    PingRequest, PingResponse,
};
use davault::proto::plakar::connectors::{FileInfo, Record};
use futures_util::stream::{self, Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

pub struct Importer(pub String);

/// More than gRPC takes in one message unless it is told to.
const LARGE: usize = 10_000_000;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl importer_server::Importer for Importer {
    async fn init(&self, _: Request<InitRequest>) -> Result<Response<InitResponse>, Status> {
        match self.0.as_str() {
            "hangs-at-init" => std::future::pending().await,
            "refuses-init" => {
                Err(Status::invalid_argument("unknown option\n\x1b[31m`pasword`: did you mean `password`?"))
            }
            "dies-at-init" => std::process::exit(9),
            "huge-init" => Ok(Response::new(InitResponse { origin: "x".repeat(65 << 20), ..InitResponse::default() })),
            "long-init" => Ok(Response::new(InitResponse {
                origin: "\x1b[31mx".repeat(1 << 20),
                root: "/a/../..".into(),
                flags: u32::MAX,
                ..InitResponse::default()
            })),
            _ => Ok(Response::new(InitResponse {
                origin: "here".into(),
                r#type: "fake".into(),
                root: "/".into(),
                flags: 12,
            })),
        }
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        Err(Status::unavailable("the server is away"))
    }

    type ImportStream = Answers<ImportResponse>;

    async fn import(&self, _: Request<Streaming<ImportRequest>>) -> Result<Response<Self::ImportStream>, Status> {
        match self.0.as_str() {
            "dies-importing" => std::process::exit(4),
            "hangs-importing" => std::future::pending().await,
            way => Ok(Response::new(list(way))),
        }
    }

    type OpenStream = Answers<OpenResponse>;

    async fn open(&self, _: Request<OpenRequest>) -> Result<Response<Self::OpenStream>, Status> {
        let chunk = |text: &'static str| Ok(OpenResponse { chunk: text.into() });
        Ok(Response::new(match self.0.as_str() {
            "shorter" => stream::iter([chunk("one")]).boxed(),
            "longer" => stream::iter([chunk("one"), chunk("two")]).boxed(),
            "endless" => stream::repeat_with(move || chunk("x")).boxed(),
            "empty-for-ever" => stream::repeat_with(move || chunk("")).boxed(),
            "dies-reading" => std::process::exit(7),
            "refuses-reading" => return Err(Status::unknown("the server answered 500")),
            "fails-halfway" => stream::iter([chunk("fo"), Err(Status::unknown("the disk\nis gone"))]).boxed(),
            "zero-chunks" => stream::iter([chunk(""), chunk("fo"), chunk(""), chunk("ur"), chunk("")]).boxed(),
            "one-large-chunk" => stream::iter([Ok(OpenResponse { chunk: vec![b'x'; LARGE].into() })]).boxed(),
            "breaks-off-reading" => panic!("as told"),
            "hangs-reading" => stream::pending().boxed(),
            _ => stream::iter([chunk("four")]).boxed(),
        }))
    }

    async fn close(&self, _: Request<CloseRequest>) -> Result<Response<CloseResponse>, Status> {
        match self.0.as_str() {
            "refuses-close" => Err(Status::unknown("the session is lost")),
            "dies-at-close" => std::process::exit(8),
            "hangs-at-close" => std::future::pending().await,
            _ => Ok(Response::new(CloseResponse {})),
        }
    }
}

fn list(way: &str) -> Answers<ImportResponse> {
    without_end(way).unwrap_or_else(|| to_its_end(way))
}

/// A list that ends in another way than lists do, or never.
fn without_end(way: &str) -> Option<Answers<ImportResponse>> {
    Some(match way {
        "flood" => {
            let endless = (0u64..).map(|number| Ok(record(file(&format!("/{number}")))));
            stream::iter(endless).boxed()
        }
        "failures" => {
            let endless = (0u64..).map(move |number| {
                let path = format!("/{number}{}", "/aaa".repeat(1000));
                Ok(record(Record { error: "no entry".repeat(100), ..bare(&path) }))
            });
            stream::iter(endless).boxed()
        }
        "folders" => {
            let endless = (0u64..).map(|number| Ok(record(folder(&format!("/{number}{}", "/aaa".repeat(1000))))));
            stream::iter(endless).boxed()
        }
        "hangs-in-the-list" => {
            let first = stream::iter([Ok(record(file("/a")))]);
            first.chain(stream::pending()).boxed()
        }
        "hangs-listing" => stream::pending().boxed(),
        "refuses-listing" => stream::iter([Err(Status::unknown("the account is locked"))]).boxed(),
        "dies-listing" => {
            let rest = stream::once(async { std::process::exit(7) });
            stream::iter([Ok(record(file("/a")))]).chain(stream::once(pause())).chain(rest).boxed()
        }
        _ => return None,
    })
}

fn to_its_end(way: &str) -> Answers<ImportResponse> {
    let finished = Ok(ImportResponse { record: None, finished: true });
    let records = stream::iter(records(way).into_iter().map(|found| Ok(record(found))).collect::<Vec<_>>());
    match way {
        "no-end" => records.boxed(),
        "both-in-one" => stream::iter([Ok(ImportResponse { record: Some(file("/a")), finished: true })]).boxed(),
        "finished-twice" => records.chain(stream::iter([finished.clone(), finished])).boxed(),
        "says-nothing" => stream::iter([Ok(ImportResponse { record: None, finished: false })]).boxed(),
        "hangs-at-the-end" => records.chain(stream::iter([finished])).chain(stream::pending()).boxed(),
        "dies-at-the-end" => {
            let rest = stream::once(async { std::process::exit(6) });
            records.chain(stream::iter([finished])).chain(rest).boxed()
        }
        "after-the-end" => records.chain(stream::iter([finished, Ok(record(file("/b")))])).boxed(),
        _ => records.chain(stream::iter([finished])).boxed(),
    }
}

fn records(way: &str) -> Vec<Record> {
    match way {
        "bare-record" => vec![bare("/a")],
        "relative" => vec![file("a")],
        "leads-out" => vec![file("/a/../../etc/passwd")],
        "twice" => vec![file("/a"), file("/a")],
        "in-a-file" => vec![file("/a"), file("/a/b")],
        "late-file" => vec![file("/a/b"), file("/a")],
        "late-folder" => vec![file("/a/b/c"), folder("/a")],
        "below-zero" => vec![with(file("/a"), |info| info.size = -2)],
        "odd-things" => vec![
            with(file("/link"), |info| info.mode |= 1 << 27),
            Record { is_xattr: true, ..bare("/a") },
            Record { error: "no\nentry".into(), ..bare("/b") },
        ],
        "no-path" => vec![file("")],
        "long-path" => vec![file(&format!("/{}", "a/".repeat(1 << 20)))],
        "nul" => vec![file("/a\0b")],
        "dot" => vec![file("/./a")],
        "no-name" => vec![file("/a//b")],
        "end-of-time" => vec![at(i64::MAX, i32::MAX)],
        "beginning-of-time" => vec![at(i64::MIN, i32::MIN)],
        "one-large-chunk" => vec![with(file("/a"), |info| info.size = i64::try_from(LARGE).expect("a size"))],
        "too-large" => vec![with(file("/a"), |info| info.size = i64::MAX)],
        "huge-message" => vec![Record { error: "x".repeat(65 << 20), ..bare("/a") }],
        _ => vec![file("/a")],
    }
}

fn bare(path: &str) -> Record {
    Record { pathname: path.into(), ..Record::default() }
}

/// Lets what was sent before reach the host.
async fn pause() -> Result<ImportResponse, Status> {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    Ok(record(file("/late")))
}

fn record(record: Record) -> ImportResponse {
    ImportResponse { record: Some(record), finished: false }
}

fn file(path: &str) -> Record {
    let info = FileInfo { size: 4, mode: 0o600, ..FileInfo::default() };
    Record { has_reader: true, pathname: path.into(), file_info: Some(info), ..Record::default() }
}

fn folder(path: &str) -> Record {
    let info = FileInfo { mode: 1 << 31 | 0o700, ..FileInfo::default() };
    Record { pathname: path.into(), file_info: Some(info), ..Record::default() }
}

fn at(seconds: i64, nanos: i32) -> Record {
    with(file("/a"), |info| info.mod_time = Some(prost_types::Timestamp { seconds, nanos }))
}

fn with(mut record: Record, change: impl FnOnce(&mut FileInfo)) -> Record {
    change(record.file_info.as_mut().expect("a file"));
    record
}
