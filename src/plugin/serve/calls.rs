//! Which service and which generation a call is for.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};

use super::broken::Broken;
use super::generation::{Belief, Generation};
use super::importer::Serving;
use super::sessions::Sessions;
use super::{Connectors, v1_0, v1_1};
use crate::plugin::wire;
use crate::proto::importer::importer_server::{self as importer, ImporterServer};
use crate::proto::plakar::exporter::exporter_server::{self as exporter, ExporterServer};
use crate::proto::v1_0::exporter::exporter_server::{self as exporter_1_0, ExporterServer as ExporterServer1_0};
use crate::proto::v1_0::importer::importer_server::ImporterServer as ImporterServer1_0;

/// Hands each call to the service that it names; one process is importer and exporter.
#[derive(Clone)]
pub(super) struct Calls {
    importer: ImporterServer<v1_1::Importer>,
    exporter: ExporterServer<v1_1::Exporter>,
    importer_1_0: ImporterServer1_0<v1_0::Importer>,
    exporter_1_0: ExporterServer1_0<v1_0::Exporter>,
    belief: Belief,
    sources: Arc<Sessions<Serving>>,
}

impl Calls {
    pub(super) fn new(connectors: Arc<dyn Connectors>) -> Self {
        let belief = Belief::new(connectors.generation());
        let sources = Arc::new(Sessions::new());
        let importer = v1_1::Importer::new(Arc::clone(&connectors), Arc::clone(&sources));
        let exporter = v1_1::Exporter::new(Arc::clone(&connectors));
        let importer_1_0 = v1_0::Importer::new(Arc::clone(&connectors), Arc::clone(&sources));
        let exporter_1_0 = v1_0::Exporter::new(connectors);
        Calls {
            importer: ImporterServer::new(importer).max_decoding_message_size(wire::MESSAGE),
            exporter: ExporterServer::new(exporter).max_decoding_message_size(wire::MESSAGE),
            importer_1_0: ImporterServer1_0::new(importer_1_0).max_decoding_message_size(wire::MESSAGE),
            exporter_1_0: ExporterServer1_0::new(exporter_1_0).max_decoding_message_size(wire::MESSAGE),
            belief,
            sources,
        }
    }

    /// Whether the host, now that it is gone, seems to have been taken for another generation than it is.
    pub(super) fn was_mistaken(&self) -> bool {
        self.belief.was_wrong() && self.sources.find("").is_ok()
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
        let path = request.uri().path().to_owned();
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        match (service, method) {
            (importer::SERVICE_NAME, _) => match self.belief.of_call(method, request.headers()) {
                Generation::V1_0 => self.importer_1_0.call(request),
                Generation::V1_1 => self.importer.call(request),
            },
            (exporter::SERVICE_NAME, _) => self.exporter.call(request),
            (exporter_1_0::SERVICE_NAME, _) => self.exporter_1_0.call(request),
            _ => {
                let unknown =
                    Status::unimplemented("this plugin speaks generations 1.0 and 1.1 of the plugin interface only");
                Box::pin(ready(Ok(unknown.into_http())))
            }
        }
    }
}
