//! Counts how many requests wait for their answer at the same time, and lets some wait until they are so many.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than the next request takes to come on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Passes connections on to another port of this machine. A request waits from its first byte to the first byte of its answer.
pub struct Waiting {
    pub port: u16,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
    gathering: Mutex<Gathering>,
}

/// The requests that wait for each other.
#[derive(Default)]
struct Gathering {
    method: &'static str,
    wanted: usize,
    here: watch::Sender<usize>,
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

    /// Lets the next requests of that method wait until they are so many; those after them do not wait.
    pub fn gather(&self, method: &'static str, wanted: usize) {
        let here = watch::Sender::new(0);
        *self.count.gathering.lock().unwrap_or_else(PoisonError::into_inner) = Gathering { method, wanted, here };
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
    tokio::join!(requests(from_client, to_server, &asked, &count), answers(from_server, to_client, &asked, &count),);
    count.answered(&asked);
}

/// Passes requests on to the end, and counts each by its first bytes before they go on.
async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: &AtomicBool, count: &Count) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Some(passed) = buffer.get(..length) else { return };
        if !asked.swap(true, Ordering::SeqCst) {
            let now = count.now.fetch_add(1, Ordering::SeqCst) + 1;
            count.most.fetch_max(now, Ordering::SeqCst);
            count.gathered(passed).await;
        }
        if to.write_all(passed).await.is_err() {
            return;
        }
    }
}

/// Passes answers on to the end.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: &AtomicBool, count: &Count) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        count.answered(asked);
        let Some(passed) = buffer.get(..length) else { return };
        if to.write_all(passed).await.is_err() {
            return;
        }
    }
}

impl Count {
    /// A request no longer waits.
    fn answered(&self, asked: &AtomicBool) {
        if asked.swap(false, Ordering::SeqCst) {
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Waits for the others, if the request that begins so is one of those that do. Who waits in vain goes on, and was counted.
    async fn gathered(&self, request: &[u8]) {
        let (mut here, wanted) = {
            let gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
            if gathering.method.is_empty() || !request.starts_with(gathering.method.as_bytes()) {
                return;
            }
            gathering.here.send_modify(|here| *here += 1);
            (gathering.here.subscribe(), gathering.wanted)
        };
        // With an error the next round has begun, and nobody waits any more.
        let _ = timeout(PATIENCE, here.wait_for(|here| *here >= wanted)).await;
    }
}
