//! A plugin's process as plakar starts it: its arguments, its environment, HTTP/2 over its standard input and output.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

/// What the grpc-go of plakar 1.1.4 calls itself.
pub const PLAKAR_1_1: &str = "grpc-go/1.81.1";
/// What the grpc-go of plakar 1.0.6 calls itself.
pub const PLAKAR_1_0: &str = "grpc-go/1.77.0";

/// Longer than a plugin takes to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `davault plugin`; killed when it is dropped.
pub struct Process {
    child: Child,
    input: Input,
    channel: Channel,
    _home: TempDir,
}

impl Process {
    /// Starts one for a host that calls itself `agent`.
    pub async fn start(agent: &'static str) -> Process {
        Process::start_told(agent, "").await
    }

    /// The same, with the generation that a person says it has.
    pub async fn start_told(agent: &'static str, generation: &str) -> Process {
        let home = tempfile::tempdir().expect("a home");
        let mut child = Command::new(env!("CARGO_BIN_EXE_davault"))
            .arg("plugin")
            .env("HOME", home.path())
            .env("DAVAULT_PLUGIN_API", generation)
            .env("XDG_CACHE_HOME", home.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("davault starts");
        let input = Input(Arc::new(Mutex::new(child.stdin.take())));
        let output = child.stdout.take().expect("a pipe");
        let mut pipe = Some(TokioIo::new(tokio::io::join(output, input.clone())));
        let connector = tower::service_fn(move |_: http::Uri| {
            let pipe = pipe.take();
            async move { pipe.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)) }
        });
        let endpoint = Endpoint::from_static("http://127.0.0.1:0").user_agent(agent).expect("a user agent");
        let channel = endpoint.connect_with_connector(connector).await.expect("HTTP/2 over the pipes");
        Process { child, input, channel, _home: home }
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Closes its standard input, whatever is under way, and waits for its end; its status, and what it said on standard
    /// error.
    pub async fn close_input(mut self) -> (Option<i32>, String) {
        self.input.lock().take();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends by itself").expect("a status");
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut said).await.expect("text");
        (status.code(), said)
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }
}

/// Its standard input, until somebody takes it away.
#[derive(Clone)]
struct Input(Arc<Mutex<Option<ChildStdin>>>);

impl Input {
    fn lock(&self) -> MutexGuard<'_, Option<ChildStdin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<T>(&self, with: impl FnOnce(Pin<&mut ChildStdin>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match self.lock().as_mut() {
            Some(stdin) => with(Pin::new(stdin)),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl AsyncWrite for Input {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(|stdin| stdin.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stdin| stdin.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stdin| stdin.poll_shutdown(context))
    }
}
