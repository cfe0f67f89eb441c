//! Two pipes as the one connection that the plugin interface runs over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tonic::transport::server::Connected;

/// What comes in by one pipe and goes out by another, as one connection. Whoever holds [`Pipe::end`] learns of its end.
pub(super) struct Pipe {
    incoming: Pin<Box<dyn AsyncRead + Send>>,
    outgoing: Pin<Box<dyn AsyncWrite + Send>>,
    /// Never written to: that it is gone is the message.
    open: watch::Sender<()>,
}

/// Tells when a [`Pipe`] is no longer used.
#[derive(Clone)]
pub(super) struct End(watch::Receiver<()>);

impl Pipe {
    pub(super) fn new(incoming: impl AsyncRead + Send + 'static, outgoing: impl AsyncWrite + Send + 'static) -> Self {
        Pipe { incoming: Box::pin(incoming), outgoing: Box::pin(outgoing), open: watch::Sender::new(()) }
    }

    /// This process's standard input and output. Nothing else may write to standard output from here on.
    pub(super) fn stdio() -> io::Result<Self> {
        Ok(Pipe { incoming: stdin()?, outgoing: stdout()?, open: watch::Sender::new(()) })
    }

    pub(super) fn end(&self) -> End {
        End(self.open.subscribe())
    }
}

impl End {
    /// Returns when the connection over the pipe has ended.
    pub(super) async fn reached(&mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

/// Real pipes are read without a thread in between, which is several times faster; whatever else it may be goes the slow way.
#[cfg(unix)]
fn stdin() -> io::Result<Pin<Box<dyn AsyncRead + Send>>> {
    use std::os::fd::AsFd;

    let copy = io::stdin().as_fd().try_clone_to_owned()?;
    match tokio::net::unix::pipe::Receiver::from_owned_fd(copy) {
        Ok(pipe) => Ok(Box::pin(pipe)),
        Err(_) => Ok(Box::pin(tokio::io::stdin())),
    }
}

#[cfg(unix)]
fn stdout() -> io::Result<Pin<Box<dyn AsyncWrite + Send>>> {
    use std::os::fd::AsFd;

    let copy = io::stdout().as_fd().try_clone_to_owned()?;
    match tokio::net::unix::pipe::Sender::from_owned_fd(copy) {
        Ok(pipe) => Ok(Box::pin(pipe)),
        Err(_) => Ok(Box::pin(tokio::io::stdout())),
    }
}

#[cfg(not(unix))]
fn stdin() -> io::Result<Pin<Box<dyn AsyncRead + Send>>> {
    Ok(Box::pin(tokio::io::stdin()))
}

#[cfg(not(unix))]
fn stdout() -> io::Result<Pin<Box<dyn AsyncWrite + Send>>> {
    Ok(Box::pin(tokio::io::stdout()))
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.incoming.as_mut().poll_read(context, into)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outgoing.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.as_mut().poll_shutdown(context)
    }
}

impl Connected for Pipe {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}
