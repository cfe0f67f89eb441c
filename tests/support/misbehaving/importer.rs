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
        Ok(Response::new(list(&self.0)))
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
            "breaks-off-reading" => panic!("as told"),
            "hangs-reading" => stream::pending().boxed(),
            _ => stream::iter([chunk("four")]).boxed(),
        }))
    }

    async fn close(&self, _: Request<CloseRequest>) -> Result<Response<CloseResponse>, Status> {
        Ok(Response::new(CloseResponse {}))
    }
}

fn list(way: &str) -> Answers<ImportResponse> {
    let bare = |path: &str| Record { pathname: path.into(), ..Record::default() };
    let records = match way {
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
        "huge-message" => vec![Record { error: "x".repeat(65 << 20), ..bare("/a") }],
        "flood" => {
            let endless = (0u64..).map(|number| Ok(record(file(&format!("/{number}")))));
            return stream::iter(endless).boxed();
        }
        "hangs-listing" => return stream::pending().boxed(),
        "refuses-listing" => return stream::iter([Err(Status::unknown("the account is locked"))]).boxed(),
        "dies-listing" => {
            let rest = stream::once(async { std::process::exit(7) });
            return stream::iter([Ok(record(file("/a")))]).chain(stream::once(pause())).chain(rest).boxed();
        }
        _ => vec![file("/a")],
    };
    let finished = Ok(ImportResponse { record: None, finished: true });
    let records = stream::iter(records.into_iter().map(|found| Ok(record(found))).collect::<Vec<_>>());
    match way {
        "no-end" => records.boxed(),
        "both-in-one" => stream::iter([Ok(ImportResponse { record: Some(file("/a")), finished: true })]).boxed(),
        "after-the-end" => records.chain(stream::iter([finished, Ok(record(file("/b")))])).boxed(),
        _ => records.chain(stream::iter([finished])).boxed(),
    }
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

fn with(mut record: Record, change: impl FnOnce(&mut FileInfo)) -> Record {
    change(record.file_info.as_mut().expect("a file"));
    record
}
