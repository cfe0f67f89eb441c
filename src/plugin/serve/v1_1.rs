//! Generation 1.1 of the interface: which call does what.

use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::broken::Broken;
use super::content::Chunks;
use super::excludes::Excludes;
use super::sessions::Sessions;
use super::{Asked, Connectors, Generation, exporter, importer, status};
use crate::plugin::wire;
use crate::proto::importer as i;
use crate::proto::plakar::exporter as e;

/// What to do where a plakar 1.1 was taken for an older one.
const MISTAKEN_1_1: &str = "the host calls itself what plakar 1.0 calls itself, and makes the calls of 1.1; set \
                            DAVAULT_PLUGIN_API=1.1 in its environment";

/// The importer of one process.
pub(super) struct Importer {
    connectors: Arc<dyn Connectors>,
    sessions: Arc<Sessions<importer::Serving>>,
}

impl Importer {
    pub(super) fn new(connectors: Arc<dyn Connectors>, sessions: Arc<Sessions<importer::Serving>>) -> Self {
        Importer { connectors, sessions }
    }

    fn serving(&self) -> Result<Arc<importer::Serving>, Status> {
        let serving = self.sessions.find("")?;
        // What Init has answered to it made no sense.
        match serving.generation {
            Generation::V1_1 => Ok(serving),
            Generation::V1_0 => Err(Status::failed_precondition(MISTAKEN_1_1)),
        }
    }
}

#[tonic::async_trait]
impl i::importer_server::Importer for Importer {
    async fn init(&self, request: Request<i::InitRequest>) -> Result<Response<i::InitResponse>, Status> {
        let request = request.into_inner();
        let wishes = request.options.unwrap_or_default();
        let excludes = Excludes::new(&wishes.excludes)?;
        let source = Asked::new(request.config, wishes.maxconcurrency)?.source(&*self.connectors).await?;
        let about = source.about();
        self.sessions.begin(importer::Serving::new(source, excludes, Generation::V1_1));
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
        let connectors = Arc::clone(&self.connectors);
        let serving = self.serving()?;
        let holds = request.metadata().contains_key(wire::HOLDS);
        let acknowledgments = importer::Acknowledgments { held: serving.hold(holds), messages: request.into_inner() };
        Ok(Response::new(importer::import(serving, connectors, acknowledgments)))
    }

    type OpenStream = Chunks<i::OpenResponse>;

    async fn open(&self, request: Request<i::OpenRequest>) -> Result<Response<Self::OpenStream>, Status> {
        let record = request.into_inner().record.unwrap_or_default();
        let content = importer::open(&*self.serving()?, &record.pathname).await?;
        Ok(Response::new(Chunks::new(content, |chunk| i::OpenResponse { chunk })))
    }

    async fn close(&self, _: Request<i::CloseRequest>) -> Result<Response<i::CloseResponse>, Status> {
        if let Some(serving) = self.sessions.end("") {
            serving.rest().await;
        }
        Ok(Response::new(i::CloseResponse {}))
    }
}

/// The exporter of one process.
pub(super) struct Exporter {
    connectors: Arc<dyn Connectors>,
    sessions: Sessions<exporter::Serving>,
}

impl Exporter {
    pub(super) fn new(connectors: Arc<dyn Connectors>) -> Self {
        Exporter { connectors, sessions: Sessions::new() }
    }

    fn serving(&self) -> Result<Arc<exporter::Serving>, Status> {
        self.sessions.find("")
    }
}

#[tonic::async_trait]
impl e::exporter_server::Exporter for Exporter {
    async fn init(&self, request: Request<e::InitRequest>) -> Result<Response<e::InitResponse>, Status> {
        let request = request.into_inner();
        let asked = Asked::new(request.config, request.options.unwrap_or_default().maxconcurrency)?;
        let planned = self.sessions.find("").ok().and_then(|planned| planned.carry_out(&asked));
        let serving = match planned {
            Some(serving) => serving,
            None => exporter::Serving::new(asked.destination(&*self.connectors).await?, asked),
        };
        let about = serving.about();
        self.sessions.begin(serving);
        Ok(Response::new(e::InitResponse { origin: about.origin, r#type: about.scheme, root: about.root, flags: 0 }))
    }

    async fn ping(&self, _: Request<e::PingRequest>) -> Result<Response<e::PingResponse>, Status> {
        self.serving()?.ping().await?;
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
        self.sessions.end("");
        Ok(Response::new(e::CloseResponse {}))
    }
}
