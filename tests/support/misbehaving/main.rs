//! A plugin for the tests: well-behaved with connectors that are made up, one of others, or misbehaving in the one way that it
//! is told.
//!
//! Takes the way as its only argument.

mod exporter;
mod fake;
mod importer;
mod others;

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use davault::proto::importer::importer_server::ImporterServer;
use davault::proto::plakar::exporter::exporter_server::ExporterServer;
use tokio::io::{AsyncRead, AsyncWrite, Join, ReadBuf, Stdin, Stdout};
use tonic::transport::Server;
use tonic::transport::server::Connected;

#[tokio::main]
async fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    match way.as_str() {
        "good" => davault::plugin::serve::serve_stdio(fake::Fakes).await.expect("to be served"),
        "exits" => std::process::exit(3),
        "aborts" => std::process::abort(),
        "mute" => std::future::pending::<()>().await,
        "garbage" => {
            say("this is a line for a person, and so is this, and there is no end of them\n");
            std::future::pending::<()>().await;
        }
        "garbage-and-exits" => say("oops\n"),
        "stays" => {
            serve(ImporterServer::new(importer::Importer(way))).await;
            std::future::pending::<()>().await;
        }
        "tree-importer" => serve(ImporterServer::new(others::Tree::default())).await,
        "tree-exporter" => serve(ExporterServer::new(others::Tree::default())).await,
        "ends-badly" => {
            serve(ImporterServer::new(importer::Importer(way))).await;
            std::process::exit(1);
        }
        "half-http2" => {
            say("\0\0\0\x04\0\0\0\0\0and then a line for a person, for nobody reads what is not asked for\n");
            std::future::pending::<()>().await;
        }
        "endless-http2" => {
            let settings = "\0\0\0\x04\0\0\0\0\0".repeat(1000);
            loop {
                say(&settings);
            }
        }
        "web" => serve(tower::service_fn(page)).await,
        _ if way.starts_with("exporter-") => serve(ExporterServer::new(exporter::Exporter(way))).await,
        _ => serve(ImporterServer::new(importer::Importer(way))).await,
    }
}

/// What a web server would answer, over HTTP/2 at that.
async fn page(_: http::Request<tonic::body::Body>) -> Result<http::Response<tonic::body::Body>, Infallible> {
    let page = http::Response::builder().status(404).header("content-type", "text/html");
    Ok(page.body(tonic::body::Body::empty()).expect("a page"))
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).expect("to be heard");
    stdout.flush().expect("to be heard");
}

/// Serves for ever; the process ends with its standard input because nothing keeps it then.
async fn serve<S>(service: S)
where
    S: tonic::codegen::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
            Error = Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let (held, ended) = tokio::sync::oneshot::channel();
    let pipe = Pipe { io: tokio::io::join(tokio::io::stdin(), tokio::io::stdout()), _held: held };
    let only = tokio_stream::StreamExt::chain(
        tokio_stream::once(Ok::<_, Infallible>(pipe)),
        futures_util::StreamExt::filter_map(futures_util::stream::once(ended), |_| std::future::ready(None)),
    );
    Server::builder().serve_with_incoming(service, only).await.expect("to be served");
}

struct Pipe {
    io: Join<Stdin, Stdout>,
    _held: tokio::sync::oneshot::Sender<()>,
}

impl Connected for Pipe {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
