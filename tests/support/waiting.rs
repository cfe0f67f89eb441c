//! Counts how many requests wait for their answer at the same time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Passes connections on to another port of this machine. A request waits from its first byte to the first byte of its answer.
pub struct Waiting {
    pub port: u16,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Waiting {
    /// Counts before 127.0.0.1:`port`.
    pub async fn before(port: u16) -> Waiting {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let count = Arc::new(Count::default());
        let shared = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { continue };
                tokio::spawn(connection(client, server, Arc::clone(&shared)));
            }
        });
        Waiting { port: own, count }
    }

    /// The most that waited at the same time since this was asked last.
    pub fn most(&self) -> usize {
        self.count.most.swap(0, Ordering::SeqCst)
    }
}

async fn connection(client: TcpStream, server: TcpStream, count: Arc<Count>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asked = AtomicBool::new(false);
    let ask = || {
        if !asked.swap(true, Ordering::SeqCst) {
            let now = count.now.fetch_add(1, Ordering::SeqCst) + 1;
            count.most.fetch_max(now, Ordering::SeqCst);
        }
    };
    let answer = || {
        if asked.swap(false, Ordering::SeqCst) {
            count.now.fetch_sub(1, Ordering::SeqCst);
        }
    };
    tokio::join!(pass(from_client, to_server, ask), pass(from_server, to_client, answer));
    answer();
}

/// Passes on to the end, and calls `on_bytes` before some go on.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, on_bytes: impl Fn()) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        on_bytes();
        let Some(passed) = buffer.get(..count) else { return };
        if to.write_all(passed).await.is_err() {
            return;
        }
    }
}
