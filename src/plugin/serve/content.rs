//! Contents on their way: gathered from messages, and cut into messages.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tonic::Status;

use crate::plugin::wire;

/// Chunks as one; the first is not copied when it is the only one.
pub(super) struct Gathered {
    most: u64,
    first: Bytes,
    all: BytesMut,
    too_large: bool,
}

impl Gathered {
    /// Nothing yet, of an item that may be as large as any.
    pub(super) fn new() -> Self {
        Gathered::at_most(wire::CONTENT)
    }

    fn at_most(most: u64) -> Self {
        Gathered { most, first: Bytes::new(), all: BytesMut::new(), too_large: false }
    }

    pub(super) fn add(&mut self, chunk: Bytes) {
        let length = self.first.len().max(self.all.len()) as u64 + chunk.len() as u64;
        if self.too_large || length > self.most {
            *self = Gathered { too_large: true, ..Gathered::at_most(self.most) };
        } else if self.first.is_empty() && self.all.is_empty() {
            self.first = chunk;
        } else {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&chunk);
        }
    }

    /// All of it; a sentence that continues with the path where that was too much to keep.
    pub(super) fn bytes(self) -> Result<Bytes, &'static str> {
        match (self.too_large, self.all.is_empty()) {
            (true, _) => Err("is larger than 256 MiB, which is more than an item may be"),
            (false, true) => Ok(self.first),
            (false, false) => Ok(self.all.freeze()),
        }
    }
}

/// A content as messages, none of them empty: plakar takes an empty one for a fault.
pub(super) struct Chunks<M> {
    rest: Bytes,
    message: fn(Bytes) -> M,
}

impl<M> Chunks<M> {
    pub(super) fn new(content: Bytes, message: fn(Bytes) -> M) -> Self {
        Chunks { rest: content, message }
    }
}

impl<M> Stream for Chunks<M> {
    type Item = Result<M, Status>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(wire::CHUNK);
        let chunk = self.rest.split_to(length);
        Poll::Ready(Some(Ok((self.message)(chunk))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_gathered_up_to_the_limit_and_no_further() {
        let gathered = |chunks: &[&'static str]| {
            let mut content = Gathered::at_most(6);
            for chunk in chunks {
                content.add(Bytes::from_static(chunk.as_bytes()));
            }
            content.bytes()
        };
        assert_eq!(gathered(&[]), Ok(Bytes::new()));
        assert_eq!(gathered(&["one"]), Ok(Bytes::from_static(b"one")));
        assert_eq!(gathered(&["one", "tw", "o"]), Ok(Bytes::from_static(b"onetwo")));
        let why = "is larger than 256 MiB, which is more than an item may be";
        assert_eq!(gathered(&["one", "two", "three", "x"]), Err(why));
    }
}
