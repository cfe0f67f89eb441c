//! A real S3 server (`s3s-fs`) in this process, over HTTP, for signed requests only.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Method, Request, Response};
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
    serve_to(root, Allowed::All, Arc::default()).await
}

/// The same, and holds some of it.
pub async fn serve_holding(root: &Path, hold: Arc<Hold>) -> SocketAddr {
    serve_to(root, Allowed::All, hold).await
}

/// As [`serve`], for somebody who may read, list and add, and neither overwrite nor delete.
pub async fn serve_append_only(root: &Path) -> SocketAddr {
    serve_to(root, Allowed::Adding, Arc::default()).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    All,
    Adding,
}

/// Whether the request deletes (a POST deletes many) or overwrites.
fn removes(root: &Path, method: &Method, path: &str) -> bool {
    let is_there = || root.join(path.trim_start_matches('/')).exists();
    *method == Method::DELETE || *method == Method::POST || (*method == Method::PUT && is_there())
}

async fn serve_to(root: &Path, allowed: Allowed, hold: Arc<Hold>) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("a new folder can be served"));
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    let root = root.to_path_buf();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, root, hold) = (service.clone(), root.clone(), Arc::clone(&hold));
            let answer = service_fn(move |request: Request<Incoming>| {
                let refused = allowed == Allowed::Adding && removes(&root, request.method(), request.uri().path());
                let (service, hold) = (service.clone(), Arc::clone(&hold));
                async move {
                    hold.pass(&request).await;
                    if refused {
                        let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
                        let answer = Response::builder().status(403).body(s3s::Body::from(denied.to_owned()));
                        return Ok(answer.expect("it is a response"));
                    }
                    Service::call(&service, request).await
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
        }
    });
    address
}
