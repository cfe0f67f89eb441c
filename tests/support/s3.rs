//! A real S3 server (`s3s-fs`) in this process, over HTTP, for signed requests only.

use std::net::SocketAddr;
use std::path::Path;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

pub const ACCESS_KEY: &str = "an-access-key";
pub const SECRET_KEY: &str = "a-secret-key";

/// Serves the folders in `root` as buckets until the test ends.
pub async fn serve(root: &Path) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("a new folder can be served"));
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone()));
        }
    });
    address
}
