//! Generation 1.1 of the interface: which call does what.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};
use tonic::{Code, Request, Response, Status, Streaming};

use super::broken::Broken;
use super::excludes::Excludes;
use super::{Connectors, exporter, importer};
use crate::connector::{self, Destination, ErrorKind, Source};
use crate::plugin::wire;
use crate::proto::importer as i;
use crate::proto::plakar::exporter as e;
use crate::report;

/// Hands each call to the service that it names; one process is importer and exporter.
#[derive(Clone)]
pub(super) struct Calls {
    importer: i::importer_server::ImporterServer<Importer>,
    exporter: e::exporter_server::ExporterServer<Exporter>,
}

impl Calls {
    pub(super) fn new(connectors: Arc<dyn Connectors>) -> Self {
        let importer = Importer { connectors: Arc::clone(&connectors), serving: Mutex::default() };
        let exporter = Exporter { connectors, serving: Mutex::default() };
        Calls {
            importer: i::importer_server::ImporterServer::new(importer).max_decoding_message_size(wire::MESSAGE),
            exporter: e::exporter_server::ExporterServer::new(exporter).max_decoding_message_size(wire::MESSAGE),
        }
    }
}

impl Service<http::Request<Body>> for Calls {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let request = Broken::watch(request);
        let service = request.uri().path().split('/').nth(1).unwrap_or_default();
        match service {
            i::importer_server::SERVICE_NAME => self.importer.call(request),
            e::exporter_server::SERVICE_NAME => self.exporter.call(request),
            _ => {
                let unknown = Status::unimplemented("this plugin speaks generation 1.1 of the plugin interface only");
                Box::pin(ready(Ok(unknown.into_http())))
            }
        }
    }
}

/// A connector's error as the status that a person will read.
pub(super) fn status(error: &connector::Error) -> Status {
    let code = match error.kind {
        ErrorKind::Usage => Code::InvalidArgument,
        ErrorKind::Access => Code::Unavailable,
        ErrorKind::Conflict => Code::AlreadyExists,
        ErrorKind::Item | ErrorKind::Other => Code::Unknown,
    };
    Status::new(code, report::sentence(error))
}

/// Takes the location out of what the host configured; the rest are options.
fn location(config: HashMap<String, String>) -> Result<(String, BTreeMap<String, String>), Status> {
    let mut options: BTreeMap<_, _> = config.into_iter().collect();
    match options.remove("location") {
        Some(location) => Ok((location, options)),
        None => Err(Status::invalid_argument("the host gave no location")),
    }
}

fn before_init() -> Status {
    Status::failed_precondition("the host must call Init first")
}

/// The importer of one process.
pub(super) struct Importer {
    connectors: Arc<dyn Connectors>,
    serving: Mutex<Option<Arc<importer::Serving>>>,
}

impl Importer {
    fn serving(&self) -> Result<Arc<importer::Serving>, Status> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(before_init)
    }

    fn serve(&self, serving: Option<importer::Serving>) {
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = serving.map(Arc::new);
    }
}

#[tonic::async_trait]
impl i::importer_server::Importer for Importer {
    async fn init(&self, request: Request<i::InitRequest>) -> Result<Response<i::InitResponse>, Status> {
        let request = request.into_inner();
        let (location, options) = location(request.config)?;
        let excludes = Excludes::new(&request.options.unwrap_or_default().excludes)?;
        let source: Box<dyn Source> =
            self.connectors.source(&location, &options).await.map_err(|error| status(&error))?;
        let about = source.about();
        self.serve(Some(importer::Serving { source: Arc::from(source), excludes }));
        Ok(Response::new(i::InitResponse {
            origin: about.origin,
            r#type: about.scheme,
            root: about.root,
            flags: wire::FLAG_STREAM | wire::FLAG_NEEDACK,
        }))
    }

    async fn ping(&self, _: Request<i::PingRequest>) -> Result<Response<i::PingResponse>, Status> {
        self.serving()?.source.ping().await.map_err(|error| status(&error))?;
        Ok(Response::new(i::PingResponse {}))
    }

    type ImportStream = ReceiverStream<Result<i::ImportResponse, Status>>;

    async fn import(
        &self,
        request: Request<Streaming<i::ImportRequest>>,
    ) -> Result<Response<Self::ImportStream>, Status> {
        Ok(Response::new(importer::import(self.serving()?, request.into_inner())))
    }

    type OpenStream = importer::Chunks;

    async fn open(&self, request: Request<i::OpenRequest>) -> Result<Response<Self::OpenStream>, Status> {
        let record = request.into_inner().record.unwrap_or_default();
        importer::open(&*self.serving()?, &record.pathname).await.map(Response::new)
    }

    async fn close(&self, _: Request<i::CloseRequest>) -> Result<Response<i::CloseResponse>, Status> {
        self.serve(None);
        Ok(Response::new(i::CloseResponse {}))
    }
}

/// The exporter of one process.
pub(super) struct Exporter {
    connectors: Arc<dyn Connectors>,
    serving: Mutex<Option<Arc<dyn Destination>>>,
}

impl Exporter {
    fn serving(&self) -> Result<Arc<dyn Destination>, Status> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(before_init)
    }

    fn serve(&self, serving: Option<Box<dyn Destination>>) {
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = serving.map(Arc::from);
    }
}

#[tonic::async_trait]
impl e::exporter_server::Exporter for Exporter {
    async fn init(&self, request: Request<e::InitRequest>) -> Result<Response<e::InitResponse>, Status> {
        let (location, options) = location(request.into_inner().config)?;
        let destination = self.connectors.destination(&location, &options).await.map_err(|error| status(&error))?;
        let about = destination.about();
        self.serve(Some(destination));
        Ok(Response::new(e::InitResponse { origin: about.origin, r#type: about.scheme, root: about.root, flags: 0 }))
    }

    async fn ping(&self, _: Request<e::PingRequest>) -> Result<Response<e::PingResponse>, Status> {
        self.serving()?.ping().await.map_err(|error| status(&error))?;
        Ok(Response::new(e::PingResponse {}))
    }

    type ExportStream = ReceiverStream<Result<e::ExportResponse, Status>>;

    async fn export(
        &self,
        request: Request<Streaming<e::ExportRequest>>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let broken = request.extensions().get::<Broken>().cloned().unwrap_or_default();
        Ok(Response::new(exporter::export(self.serving()?, request.into_inner(), broken)))
    }

    async fn close(&self, _: Request<e::CloseRequest>) -> Result<Response<e::CloseResponse>, Status> {
        self.serve(None);
        Ok(Response::new(e::CloseResponse {}))
    }
}
