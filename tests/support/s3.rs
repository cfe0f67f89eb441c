//! A real S3 server (`s3s-fs`) in this process, over HTTP, for signed requests only.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use http::uri::PathAndQuery;
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

/// Requests that are answered otherwise than the server would, and what was asked for.
#[derive(Debug, Default)]
pub struct Wire {
    faults: Mutex<Vec<Fault>>,
    requests: Mutex<Vec<String>>,
}

/// What happens to requests of this method whose path and query have this in them.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub method: &'static str,
    pub part: &'static str,
    /// What it is answered.
    pub status: u16,
    /// How many of them.
    pub times: usize,
    /// Whether it is done all the same.
    pub happens: bool,
}

impl Wire {
    pub fn with(fault: Fault) -> Arc<Wire> {
        Arc::new(Wire { faults: Mutex::new(vec![fault]), ..Wire::default() })
    }

    /// Methods, paths and queries of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("nobody panics with it").clone()
    }

    fn fault(&self, request: &Request<Incoming>) -> Option<Fault> {
        let asked = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        self.requests.lock().expect("nobody panics with it").push(format!("{} {asked}", request.method()));
        let mut faults = self.faults.lock().expect("nobody panics with it");
        let fault = faults
            .iter_mut()
            .find(|fault| fault.times > 0 && request.method() == fault.method && asked.contains(fault.part))?;
        fault.times -= 1;
        Some(*fault)
    }
}

/// Serves the folders in `root` as buckets until the test ends.
pub async fn serve(root: &Path) -> SocketAddr {
    serve_to(root, Allowed::All, Arc::default(), Arc::default()).await
}

/// The same, and holds some of it.
pub async fn serve_holding(root: &Path, hold: Arc<Hold>) -> SocketAddr {
    serve_to(root, Allowed::All, hold, Arc::default()).await
}

/// The same, over a wire with faults.
pub async fn serve_over(root: &Path, wire: Arc<Wire>) -> SocketAddr {
    serve_to(root, Allowed::All, Arc::default(), wire).await
}

/// As [`serve`], for somebody who may read, list and add, and neither overwrite nor delete.
pub async fn serve_append_only(root: &Path) -> SocketAddr {
    serve_to(root, Allowed::Adding, Arc::default(), Arc::default()).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    All,
    Adding,
}

/// Whether the request deletes or overwrites a file; sending parts, putting them together and taking them back does neither.
fn removes(root: &Path, request: &Request<Incoming>) -> bool {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let is_there = root.join(path.trim_start_matches('/')).exists();
    match *request.method() {
        Method::DELETE => !query.contains("uploadId="),
        Method::POST => is_there || !query.contains("upload"),
        Method::PUT => is_there,
        _ => false,
    }
}

fn refusal(status: u16) -> Response<s3s::Body> {
    let code = if status == 403 { "AccessDenied" } else { "InternalError" };
    let said = format!("<Error><Code>{code}</Code><Message>not now</Message></Error>");
    Response::builder().status(status).body(s3s::Body::from(said)).expect("it is a response")
}

async fn serve_to(root: &Path, allowed: Allowed, hold: Arc<Hold>, wire: Arc<Wire>) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("a new folder can be served"));
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    let root = root.to_path_buf();
    // `s3s-fs` looks whether a file is there and writes it in two steps; S3 does in one.
    let one_at_a_time: Arc<tokio::sync::Mutex<()>> = Arc::default();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, root, hold, wire) = (service.clone(), root.clone(), Arc::clone(&hold), Arc::clone(&wire));
            let one_at_a_time = Arc::clone(&one_at_a_time);
            let answer = service_fn(move |request: Request<Incoming>| {
                let is_refused = allowed == Allowed::Adding && removes(&root, &request);
                let fault = wire.fault(&request);
                let (service, hold, one_at_a_time) = (service.clone(), Arc::clone(&hold), Arc::clone(&one_at_a_time));
                async move {
                    hold.pass(&request).await;
                    let is_conditional = request.headers().contains_key("if-none-match");
                    let _alone = if is_conditional { Some(one_at_a_time.lock().await) } else { None };
                    match fault {
                        _ if is_refused => Ok(refusal(403)),
                        Some(fault) if fault.happens => {
                            let mut body = Service::call(&service, request).await?.into_body();
                            // It is done when all of its answer is there.
                            while body.next().await.is_some() {}
                            Ok(refusal(fault.status))
                        }
                        Some(fault) => Ok(refusal(fault.status)),
                        None => Service::call(&service, request).await,
                    }
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
        }
    });
    address
}
