//! A real S3 server (`s3s-fs`) in this process, over HTTP, for signed requests only.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub const ACCESS_KEY: &str = "an-access-key";
pub const SECRET_KEY: &str = "a-secret-key";

/// Holds what is put below a folder until the test lets it go.
#[derive(Debug, Default)]
pub struct Hold {
    folder: &'static str,
    pub reached: Notify,
    pub go: Notify,
}

impl Hold {
    pub fn at(folder: &'static str) -> Arc<Hold> {
        Arc::new(Hold { folder, ..Hold::default() })
    }

    async fn pass(&self, request: &hyper::Request<hyper::body::Incoming>) {
        if !self.folder.is_empty() && request.method() == "PUT" && request.uri().path().contains(self.folder) {
            self.reached.notify_one();
            self.go.notified().await;
        }
    }
}

/// Serves the folders in `root` as buckets until the test ends.
pub async fn serve(root: &Path) -> SocketAddr {
    serve_holding(root, Arc::default()).await
}

/// The same, and holds some of it.
pub async fn serve_holding(root: &Path, hold: Arc<Hold>) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("a new folder can be served"));
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, hold) = (service.clone(), Arc::clone(&hold));
            let answer = service_fn(move |request| {
                let (service, hold) = (service.clone(), Arc::clone(&hold));
                async move {
                    hold.pass(&request).await;
                    Service::call(&service, request).await
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
        }
    });
    address
}
