//! Exporters that break one rule each.

use std::pin::Pin;

use davault::proto::plakar::connectors::{Record, Result as Answer};
use davault::proto::plakar::exporter::export_request::Packet;
use davault::proto::plakar::exporter::exporter_server;
use davault::proto::plakar::exporter::{
    CloseRequest, CloseResponse, ExportRequest, ExportResponse, InitRequest, InitResponse, PingRequest, PingResponse,
};
use futures_util::stream::{self, Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

pub struct Exporter(pub String);

#[tonic::async_trait]
impl exporter_server::Exporter for Exporter {
    async fn init(&self, _: Request<InitRequest>) -> Result<Response<InitResponse>, Status> {
        match self.0.as_str() {
            "exporter-dies-at-init" => std::process::exit(9),
            "exporter-hangs-at-init" => std::future::pending().await,
            "exporter-refuses-init" => return Err(Status::invalid_argument("unknown option `pasword`")),
            _ => {}
        }
        Ok(Response::new(InitResponse { origin: "here".into(), r#type: "fake".into(), root: "/".into(), flags: 0 }))
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        Ok(Response::new(PingResponse {}))
    }

    type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportResponse, Status>> + Send>>;

    async fn export(&self, request: Request<Streaming<ExportRequest>>) -> Result<Response<Self::ExportStream>, Status> {
        if self.0 == "exporter-ends-early" {
            return Ok(Response::new(stream::empty().boxed()));
        }
        if self.0 == "exporter-mute" {
            return Ok(Response::new(stream::pending().boxed()));
        }
        assert!(self.0 != "exporter-breaks-off", "as told");
        let way = self.0.clone();
        let answers = request.into_inner().filter_map(|packet| async {
            match packet {
                Ok(ExportRequest { packet: Some(Packet::Record(record)) }) => Some(record),
                _ => None,
            }
        });
        Ok(Response::new(answers.flat_map(move |record| stream::iter(results(&way, record))).boxed()))
    }

    async fn close(&self, _: Request<CloseRequest>) -> Result<Response<CloseResponse>, Status> {
        match self.0.as_str() {
            "exporter-refuses-close" => Err(Status::unknown("the session is lost")),
            "exporter-dies-at-close" => std::process::exit(8),
            "exporter-hangs-at-close" => std::future::pending().await,
            _ => Ok(Response::new(CloseResponse {})),
        }
    }
}

fn results(way: &str, record: Record) -> Vec<Result<ExportResponse, Status>> {
    let of =
        |record: Record| Ok(ExportResponse { result: Some(Answer { header: Some(record), error: String::new() }) });
    match way {
        "exporter-answers-twice" => vec![of(record.clone()), of(record)],
        "exporter-answers-for-strangers" => vec![of(Record { pathname: "/other".into(), ..record })],
        "exporter-answers-nothing" => vec![Ok(ExportResponse { result: None })],
        "exporter-forgets" => Vec::new(),
        "exporter-dies" => std::process::exit(5),
        "exporter-answers-hugely" => {
            vec![Ok(ExportResponse { result: Some(Answer { header: Some(record), error: "x".repeat(65 << 20) }) })]
        }
        "exporter-answers-with-riddles" => {
            vec![Ok(ExportResponse { result: Some(Answer { header: Some(record), error: "no\n\x1b[31mroom".into() }) })]
        }
        "exporter-refuses" => vec![Err(Status::unavailable("the server is full"))],
        _ => vec![of(record)],
    }
}
