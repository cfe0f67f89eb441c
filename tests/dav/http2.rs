//! HTTP/2, where a server offers it (RFC 9113): one connection for all requests, and no more of them at once than allowed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use davault::dav::request::ListMembers;
use davault::dav::{Client, Error};
use futures_util::future::join_all;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Notify};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::{href, options};
use crate::support::certificates::Authority;
use crate::support::scripted::multistatus;

/// How many requests the client may have under way.
const AT_ONCE: usize = 3;

/// What the server does with its requests, counted over all connections from 0.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    /// Every third is reset.
    Resets,
    /// Every third makes the connection go away for good: nothing that comes after it is taken there.
    GoesAway,
}

/// A server that speaks nothing but HTTP/2.
struct Offering {
    port: u16,
    connections: AtomicUsize,
    requests: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    trouble: Trouble,
    /// Requests wait here for each other, once there was a first.
    together: Barrier,
}

impl Offering {
    async fn start(authority: &Authority, trouble: Trouble) -> Arc<Self> {
        let mut config = ServerConfig::clone(&authority.certify("localhost", false).config);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let offering = Arc::new(Self {
            port: listener.local_addr().expect("an address").port(),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            trouble,
            together: Barrier::new(AT_ONCE),
        });
        let (shared, acceptor) = (Arc::clone(&offering), TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).connection(acceptor.clone(), stream));
            }
        });
        offering
    }

    async fn connection(self: Arc<Self>, acceptor: TlsAcceptor, stream: TcpStream) {
        let Ok(stream) = acceptor.accept(stream).await else { return };
        self.connections.fetch_add(1, Ordering::SeqCst);
        let leaves = Arc::new(Notify::new());
        let (shared, leaving) = (Arc::clone(&self), Arc::clone(&leaves));
        let service = service_fn(move |request| Arc::clone(&shared).answer(request, Arc::clone(&leaving)));
        let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                () = leaves.notified() => connection.as_mut().graceful_shutdown(),
            }
        }
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>, leaves: Arc<Notify>) -> io::Result<Response<String>> {
        assert_eq!(request.version(), Version::HTTP_2);
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        match self.trouble {
            Trouble::None if number > 0 => _ = self.together.wait().await,
            Trouble::GoesAway if number % 3 == 2 => leaves.notify_one(),
            _ => tokio::task::yield_now().await,
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        if matches!(self.trouble, Trouble::Resets) && number % 3 == 2 {
            return Err(io::ErrorKind::Other.into());
        }
        let answer = Response::builder().status(207).header("Content-Type", "application/xml");
        Ok(answer.body(multistatus("")).expect("an answer"))
    }
}

fn count(of: &AtomicUsize) -> usize {
    of.load(Ordering::SeqCst)
}

/// One request, and then twelve at once.
async fn ask(trouble: Trouble) -> (Arc<Offering>, Vec<Result<(), Error>>) {
    let authority = Authority::new();
    let offering = Offering::start(&authority, trouble).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let mut options = options(&format!("https://localhost:{}", offering.port));
    options.timeout = Duration::from_secs(10);
    options.retry.attempts = 6;
    options.tls.ca_file = Some(file);
    options.connections = AT_ONCE;
    let client = Client::new(options).expect("a client");
    let request = ListMembers { collection: href(&client, "/") };
    let mut all = vec![client.send(&request).await.map(drop)];
    all.extend(join_all((0..12).map(|_| async { client.send(&request).await.map(drop) })).await);
    (offering, all)
}

#[tokio::test]
async fn all_requests_share_a_connection_and_are_no_more_at_once_than_allowed() {
    let (offering, all) = ask(Trouble::None).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(count(&offering.connections), 1);
    assert_eq!(count(&offering.most), AT_ONCE);
}

#[tokio::test]
async fn what_is_reset_or_meets_a_connection_that_goes_away_is_asked_again() {
    for trouble in [Trouble::Resets, Trouble::GoesAway] {
        let (offering, all) = ask(trouble).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert!(count(&offering.most) <= AT_ONCE);
        if matches!(trouble, Trouble::GoesAway) {
            assert!(count(&offering.connections) > 1);
        }
    }
}
