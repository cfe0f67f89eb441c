//! Generation 1.0 of the interface: which call does what, as plakar 1.0.x makes them.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::broken::Broken;
use super::content::Chunks;
use super::excludes::Excludes;
use super::sessions::Sessions;
use super::{Asked, Connectors, Generation, importer};
use crate::connector::{Found, is_on};
use crate::proto::v1_0::exporter as e;
use crate::proto::v1_0::importer as i;
use storing::Storing;

mod storing;

/// The importers of one process.
pub(super) struct Importer {
    connectors: Arc<dyn Connectors>,
    sessions: Arc<Sessions<importer::Serving>>,
}

impl Importer {
    pub(super) fn new(connectors: Arc<dyn Connectors>, sessions: Arc<Sessions<importer::Serving>>) -> Self {
        Importer { connectors, sessions }
    }
}

#[tonic::async_trait]
impl i::importer_server::Importer for Importer {
    async fn init(&self, request: Request<i::InitRequest>) -> Result<Response<i::InitResponse>, Status> {
        let request = request.into_inner();
        let asked = Asked::new(request.config, request.options.unwrap_or_default().maxconcurrency)?;
        let source = asked.source(&*self.connectors).await?;
        // This is the last call that can fail the backup as a whole.
        source.ping().await.map_err(|error| super::status(&error))?;
        let cookie = self.sessions.begin(importer::Serving::new(source, Excludes::new(&[])?, Generation::V1_0));
        Ok(Response::new(i::InitResponse { error: None, cookie }))
    }

    async fn info(&self, request: Request<i::InfoRequest>) -> Result<Response<i::InfoResponse>, Status> {
        let about = self.sessions.find(&request.into_inner().cookie)?.source.about();
        Ok(Response::new(i::InfoResponse { r#type: about.scheme, origin: about.origin, root: about.root }))
    }

    type ScanStream = ReceiverStream<Result<i::ScanResponse, Status>>;

    async fn scan(&self, request: Request<i::ScanRequest>) -> Result<Response<Self::ScanStream>, Status> {
        let serving = self.sessions.find(&request.into_inner().cookie)?;
        let (to_host, messages) = mpsc::channel(importer::WAITING);
        tokio::spawn(async move {
            // An answer that ends with a status is read again and again for ever: what fails is a path that fails.
            if let Err(status) = importer::list_all(&serving, &to_host, scanned).await {
                let all = Found::Failed { path: "/".into(), why: status.message().into() };
                // A host that is gone needs no last message.
                let _ = to_host.send(Ok(scanned(all))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    type OpenReaderStream = Chunks<i::OpenReaderResponse>;

    async fn open_reader(
        &self,
        request: Request<i::OpenReaderRequest>,
    ) -> Result<Response<Self::OpenReaderStream>, Status> {
        let request = request.into_inner();
        let content = importer::open(&*self.sessions.find(&request.cookie)?, &request.pathname).await?;
        Ok(Response::new(Chunks::new(content, |chunk| i::OpenReaderResponse { chunk })))
    }

    async fn close_reader(
        &self,
        request: Request<i::CloseReaderRequest>,
    ) -> Result<Response<i::CloseReaderResponse>, Status> {
        let request = request.into_inner();
        self.sessions.find(&request.cookie)?.source.settled(&request.pathname);
        Ok(Response::new(i::CloseReaderResponse {}))
    }

    /// The same message in both generations, but for the cookie.
    async fn close(&self, request: Request<i::CloseRequest>) -> Result<Response<i::CloseResponse>, Status> {
        if let Some(serving) = self.sessions.end(&request.into_inner().cookie) {
            // This one says nothing of what it had already.
            importer::end(&serving, &*self.connectors, true).await;
        }
        Ok(Response::new(i::CloseResponse {}))
    }
}

fn scanned(found: Found) -> i::ScanResponse {
    match found {
        Found::Entry(entry) => {
            let record = i::ScanRecord { fileinfo: Some(file_info(&entry)), ..i::ScanRecord::default() };
            i::ScanResponse { pathname: entry.path, result: Some(i::scan_response::Result::Record(record)) }
        }
        Found::Failed { path, why } => {
            let error = i::ScanError { message: why };
            i::ScanResponse { pathname: path, result: Some(i::scan_response::Result::Error(error)) }
        }
    }
}

fn file_info(entry: &crate::connector::Entry) -> i::FileInfo {
    let info = importer::file_info(entry);
    i::FileInfo {
        name: info.name,
        size: info.size,
        mode: info.mode,
        mod_time: info.mod_time,
        ino: info.ino,
        nlink: info.nlink,
        ..i::FileInfo::default()
    }
}

/// The exporters of one process.
pub(super) struct Exporter {
    connectors: Arc<dyn Connectors>,
    sessions: Sessions<Storing>,
}

impl Exporter {
    pub(super) fn new(connectors: Arc<dyn Connectors>) -> Self {
        Exporter { connectors, sessions: Sessions::new() }
    }
}

#[tonic::async_trait]
impl e::exporter_server::Exporter for Exporter {
    async fn init(&self, request: Request<e::InitRequest>) -> Result<Response<e::InitResponse>, Status> {
        let request = request.into_inner();
        let asked = Asked::new(request.config, request.options.unwrap_or_default().maxconcurrency)?;
        if is_on(&asked.options, "mirror") {
            // Close is called after a restore that broke off, too, and what did not come is not what the snapshot lacks.
            return Err(Status::invalid_argument(
                "mirror=true needs plakar 1.1: this older one does not say whether all of the snapshot came",
            ));
        }
        let destination = asked.destination(&*self.connectors).await?;
        destination.ping().await.map_err(|error| super::status(&error))?;
        let cookie = self.sessions.begin(Storing::new(destination));
        Ok(Response::new(e::InitResponse { cookie }))
    }

    async fn root(&self, request: Request<e::RootRequest>) -> Result<Response<e::RootResponse>, Status> {
        let root_path = self.sessions.find(&request.into_inner().cookie)?.root();
        Ok(Response::new(e::RootResponse { root_path }))
    }

    async fn create_directory(
        &self,
        request: Request<e::CreateDirectoryRequest>,
    ) -> Result<Response<e::CreateDirectoryResponse>, Status> {
        let request = request.into_inner();
        self.sessions.find(&request.cookie)?.folder(&request.pathname).await?;
        Ok(Response::new(e::CreateDirectoryResponse {}))
    }

    async fn store_file(
        &self,
        request: Request<Streaming<e::StoreFileRequest>>,
    ) -> Result<Response<e::StoreFileResponse>, Status> {
        let broken = request.extensions().get::<Broken>().cloned().unwrap_or_default();
        let file = storing::receive(request.into_inner(), &broken).await?;
        self.sessions.find(&file.cookie)?.file(file).await?;
        Ok(Response::new(e::StoreFileResponse {}))
    }

    /// Nothing on a server has permissions, and the times of an item are its server's.
    async fn set_permissions(
        &self,
        request: Request<e::SetPermissionsRequest>,
    ) -> Result<Response<e::SetPermissionsResponse>, Status> {
        self.sessions.find(&request.into_inner().cookie)?;
        Ok(Response::new(e::SetPermissionsResponse {}))
    }

    async fn create_link(
        &self,
        request: Request<e::CreateLinkRequest>,
    ) -> Result<Response<e::CreateLinkResponse>, Status> {
        let path = crate::plugin::path::shown(&request.into_inner().newname);
        Err(Status::unknown(format!("{path} is a link, which can't be stored here")))
    }

    async fn close(&self, request: Request<e::CloseRequest>) -> Result<Response<e::CloseResponse>, Status> {
        let Some(storing) = self.sessions.end(&request.into_inner().cookie) else {
            return Ok(Response::new(e::CloseResponse {}));
        };
        if let Err(status) = storing.finish().await {
            // The host does not read this answer.
            self.connectors.warn(status.message());
            return Err(status);
        }
        Ok(Response::new(e::CloseResponse {}))
    }
}
