//! The plugin's process: started with pipes, always waited for.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::environment;
use crate::plugin::error::{Error, ErrorKind};
use crate::plugin::path;
use crate::plugin::pipe::Pipe;

/// glibc's own defaults, in bytes. Who says them keeps it from raising them for whoever frees something large once, and so from
/// keeping what is freed: a connector of 10,000 items takes 2 to 4 MB less.
const FREEING: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// A child process that is killed and waited for when this is dropped.
pub(super) struct Process {
    name: String,
    id: u32,
    grace: Duration,
    stdin: Arc<Mutex<Option<ChildStdin>>>,
    exit: Exit,
    /// Dropping it makes the task that waits for the child kill it first.
    keep: oneshot::Sender<Infallible>,
}

/// Tells how the process ended.
#[derive(Clone)]
pub(super) struct Exit(watch::Receiver<Option<ExitStatus>>);

impl Process {
    pub(super) fn start(executable: &Path, args: &[String], grace: Duration) -> Result<(Process, Pipe), Error> {
        let name = executable.file_name().unwrap_or(executable.as_os_str()).to_string_lossy();
        let mut command = Command::new(executable);
        environment::withhold(command.as_std_mut());
        let mut child = command
            .args(args)
            .envs(FREEING.iter().filter(|(name, _)| std::env::var_os(name).is_none()).copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| not_started(executable, error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::new(ErrorKind::Start, format!("cannot get the pipes of the plugin {name}")));
        };
        let stdin = Arc::new(Mutex::new(Some(stdin)));
        let pipe = Pipe::new(stdout, Stdin(Arc::clone(&stdin)));
        let id = child.id().unwrap_or_default();
        let (keep, kept) = oneshot::channel();
        let (ended, exit) = watch::channel(None);
        tokio::spawn(wait(child, kept, ended));
        Ok((Process { name: path::shown(&name), id, grace, stdin, exit: Exit(exit), keep }, pipe))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit.clone()
    }

    pub(super) async fn stop(mut self) -> Result<(), Error> {
        let name = self.name;
        drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
        match timeout(self.grace, self.exit.status()).await {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(Error::new(ErrorKind::Died, format!("the plugin {name} ended badly ({status})"))),
            Ok(None) => Err(Error::new(ErrorKind::Died, format!("cannot learn how the plugin {name} ended"))),
            Err(_) => {
                drop(self.keep);
                self.exit.status().await;
                Err(Error::new(ErrorKind::TimedOut, format!("the plugin {name} did not end by itself and was killed")))
            }
        }
    }
}

impl Exit {
    /// Waits for the end of the process; `None` where nobody can tell any more.
    pub(super) async fn status(&mut self) -> Option<ExitStatus> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }
}

async fn wait(mut child: Child, kept: oneshot::Receiver<Infallible>, ended: watch::Sender<Option<ExitStatus>>) {
    let status = tokio::select! {
        status = child.wait() => status,
        _ = kept => {
            // Fails only when it has ended meanwhile.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    if let Ok(status) = status {
        ended.send_replace(Some(status));
    }
}

fn not_started(executable: &Path, error: io::Error) -> Error {
    let shown = path::shown(&executable.to_string_lossy());
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorKind::Start, format!("there is no plugin at {shown}")),
        io::ErrorKind::PermissionDenied => {
            Error::new(ErrorKind::Start, format!("the plugin {shown} may not be executed"))
        }
        _ => Error::new(ErrorKind::Start, format!("cannot start the plugin {shown}")).because(error),
    }
}

/// The child's standard input, which can be closed while the connection still holds it.
struct Stdin(Arc<Mutex<Option<ChildStdin>>>);

impl Stdin {
    fn with<T>(&self, poll: impl FnOnce(Pin<&mut ChildStdin>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(stdin) => poll(Pin::new(stdin)),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl AsyncWrite for Stdin {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stdin| stdin.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stdin| stdin.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stdin| stdin.poll_shutdown(context))
    }
}
