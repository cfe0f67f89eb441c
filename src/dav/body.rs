//! The body of an answer while it arrives, with bounds on waiting and on size.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::Stream;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::error::{Error, ErrorKind};

/// How long to wait for a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the next piece.
    pub idle: Duration,
    /// For all pieces together.
    pub whole: Duration,
}

/// The decompressed bytes of an answer.
pub(super) struct Body {
    pieces: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    piece: Bytes,
    idle: Duration,
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// How many bytes may still come.
    left: u64,
}

impl Body {
    pub fn new(response: reqwest::Response, patience: Patience) -> Self {
        Self {
            pieces: Box::pin(response.bytes_stream()),
            piece: Bytes::new(),
            idle: patience.idle,
            deadline: Instant::now() + patience.whole,
            alarm: Box::pin(sleep(patience.idle)),
            is_waiting: false,
            left: u64::MAX,
        }
    }

    /// The same, but reading fails with `FileTooLarge` where more than `limit` bytes come.
    pub fn at_most(self, limit: u64) -> Self {
        Self { left: limit, ..self }
    }

    /// Everything, if it has at most `limit` bytes; else kind `TooLarge`.
    pub async fn whole(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        loop {
            let piece = self.fill_buf().await.map_err(|error| broken(error, limit))?;
            if piece.is_empty() {
                return Ok(whole.freeze());
            }
            if whole.len() + piece.len() > limit {
                return Err(broken(io::ErrorKind::FileTooLarge.into(), limit));
            }
            whole.extend_from_slice(piece);
            let read = piece.len();
            self.consume(read);
        }
    }

    /// The first `limit` bytes, or as many as came.
    pub async fn beginning(mut self, limit: usize) -> Vec<u8> {
        let mut beginning = Vec::new();
        while beginning.len() < limit {
            let read = match self.fill_buf().await {
                Ok(piece) if !piece.is_empty() => {
                    let room = limit - beginning.len();
                    beginning.extend(piece.iter().take(room));
                    piece.len()
                }
                _ => break,
            };
            self.consume(read);
        }
        beginning
    }
}

fn broken(error: io::Error, limit: usize) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut => Error::new(ErrorKind::TimedOut, "the answer stopped in the middle"),
        io::ErrorKind::FileTooLarge => {
            Error::new(ErrorKind::TooLarge, format!("the answer has more than {} MiB", limit >> 20))
        }
        _ => Error::new(ErrorKind::Unreachable, "the connection broke in the middle of the answer").caused_by(error),
    }
}

impl AsyncBufRead for Body {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.piece.is_empty() {
            if Instant::now() >= this.deadline {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            match this.pieces.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    this.is_waiting = false;
                    let length = piece.len() as u64;
                    let Some(left) = this.left.checked_sub(length) else {
                        return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
                    };
                    this.left = left;
                    this.piece = piece;
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error.without_url()))),
                Poll::Ready(None) => break,
                Poll::Pending => {
                    if !this.is_waiting {
                        this.is_waiting = true;
                        this.alarm.as_mut().reset(this.deadline.min(Instant::now() + this.idle));
                    }
                    ready!(this.alarm.as_mut().poll(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let piece = &mut self.get_mut().piece;
        piece.advance(amount.min(piece.len()));
    }
}

/// Required by `AsyncBufRead`; nothing here reads this way.
impl AsyncRead for Body {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let available = ready!(Pin::new(&mut *this).poll_fill_buf(cx))?;
        let amount = available.len().min(buffer.remaining());
        buffer.put_slice(available.get(..amount).unwrap_or_default());
        Pin::new(this).consume(amount);
        Poll::Ready(Ok(()))
    }
}
