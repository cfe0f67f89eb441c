//! Which service and which generation a call is for.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{HeaderMap, USER_AGENT};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};

use super::broken::Broken;
use super::sessions::Sessions;
use super::{Connectors, v1_0, v1_1};
use crate::plugin::wire;
use crate::proto::importer::importer_server::{self as importer, ImporterServer};
use crate::proto::plakar::exporter::exporter_server::{self as exporter, ExporterServer};
use crate::proto::v1_0::exporter::exporter_server::{self as exporter_1_0, ExporterServer as ExporterServer1_0};
use crate::proto::v1_0::importer::importer_server::ImporterServer as ImporterServer1_0;

/// The newest minor version of grpc-go (1.77) that a plakar of generation 1.0 was released with: 1.0.6. Those of generation 1.1
/// began with 1.78.
const GRPC_GO_OF_1_0: u32 = 77;

/// Hands each call to the service that it names; one process is importer and exporter.
#[derive(Clone)]
pub(super) struct Calls {
    importer: ImporterServer<v1_1::Importer>,
    exporter: ExporterServer<v1_1::Exporter>,
    importer_1_0: ImporterServer1_0<v1_0::Importer>,
    exporter_1_0: ExporterServer1_0<v1_0::Exporter>,
}

impl Calls {
    pub(super) fn new(connectors: Arc<dyn Connectors>) -> Self {
        let sources = Arc::new(Sessions::new());
        let importer = v1_1::Importer::new(Arc::clone(&connectors), Arc::clone(&sources));
        let exporter = v1_1::Exporter::new(Arc::clone(&connectors));
        let importer_1_0 = v1_0::Importer::new(Arc::clone(&connectors), sources);
        let exporter_1_0 = v1_0::Exporter::new(connectors);
        Calls {
            importer: ImporterServer::new(importer).max_decoding_message_size(wire::MESSAGE),
            exporter: ExporterServer::new(exporter).max_decoding_message_size(wire::MESSAGE),
            importer_1_0: ImporterServer1_0::new(importer_1_0).max_decoding_message_size(wire::MESSAGE),
            exporter_1_0: ExporterServer1_0::new(exporter_1_0).max_decoding_message_size(wire::MESSAGE),
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
        let path = request.uri().path().to_owned();
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        match (service, method) {
            (importer::SERVICE_NAME, _) if is_of_1_0(method, request.headers()) => self.importer_1_0.call(request),
            (importer::SERVICE_NAME, _) => self.importer.call(request),
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

/// Whether a call of the importer, whose service has one name in both generations, is answered as generation 1.0 does. Close
/// is the same in both but for its cookie.
fn is_of_1_0(method: &str, headers: &HeaderMap) -> bool {
    match method {
        "Init" => is_generation_1_0(headers),
        "Info" | "Scan" | "OpenReader" | "CloseReader" | "Close" => true,
        _ => false,
    }
}

/// Whether the host is a plakar of generation 1.0. Nothing in Init itself tells: what generation 1.1 wants to read as the
/// origin is an error to generation 1.0, and both ask with the same message.
fn is_generation_1_0(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let minor = agent.strip_prefix("grpc-go/1.").unwrap_or_default();
    let digits: String = minor.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|minor: u32| minor <= GRPC_GO_OF_1_0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_of_a_released_plakar_is_told_by_its_user_agent() {
        let is_1_0 = |agent: &'static str| {
            is_generation_1_0(&HeaderMap::from_iter([(USER_AGENT, http::HeaderValue::from_static(agent))]))
        };
        assert!(is_1_0("grpc-go/1.75.0") && is_1_0("grpc-go/1.77.0"));
        assert!(!is_1_0("grpc-go/1.78.0") && !is_1_0("grpc-go/1.81.1") && !is_1_0("grpc-go/1.100.0"));
        assert!(!is_1_0("tonic/0.14.2") && !is_1_0("grpc-go/1.") && !is_generation_1_0(&HeaderMap::new()));
    }
}
