//! A server's connection that stops in the middle: what it sends goes through up to a point, and then waits.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on to another port of this machine; open until [`Gate::close_after`].
pub struct Gate {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    /// How many bytes from the server may still pass.
    left: AtomicU64,
    /// Whether somebody waits because nothing is left.
    held: watch::Sender<bool>,
    /// Counted up when all may pass again.
    opened: watch::Sender<u64>,
}

impl Gate {
    /// A gate before 127.0.0.1:`port`.
    pub async fn before(port: u16) -> Gate {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let state =
            State { left: AtomicU64::new(u64::MAX), held: watch::channel(false).0, opened: watch::channel(0).0 };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server));
                tokio::spawn(hold(Arc::clone(&shared), from_server, to_client));
            }
        });
        Gate { port: own, state }
    }

    /// Lets so many bytes from the server through, and holds what follows.
    pub fn close_after(&self, bytes: u64) {
        self.state.held.send_replace(false);
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Returns when something is held.
    pub async fn holds(&self) {
        let mut held = self.state.held.subscribe();
        held.wait_for(|held| *held).await.expect("the gate stands");
    }

    /// Lets everything through again, what was held first.
    pub fn open(&self) {
        self.state.left.store(u64::MAX, Ordering::SeqCst);
        self.state.opened.send_modify(|times| *times += 1);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // An end that goes away ends the connection; who waits for it will say so.
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

async fn hold(state: Arc<State>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut opened = state.opened.subscribe();
        let length = count as u64;
        let take = |left: u64| if left == u64::MAX { Some(left) } else { left.checked_sub(length) };
        if state.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
            state.held.send_replace(true);
            if opened.changed().await.is_err() {
                return;
            }
        }
        let Some(passed) = buffer.get(..count) else { return };
        if to.write_all(passed).await.is_err() {
            return;
        }
    }
}
