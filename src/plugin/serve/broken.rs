//! Tells a host's stream that was broken off from one that ended: tonic shows both as the end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

/// Whether the stream of a request was broken off.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<AtomicBool>);

impl Broken {
    /// The same request, which notes in its extensions when its stream breaks off.
    pub fn watch(request: http::Request<Body>) -> http::Request<Body> {
        let broken = Broken::default();
        let (mut head, body) = request.into_parts();
        head.extensions.insert(broken.clone());
        http::Request::from_parts(head, Body::new(Watched { body, broken }))
    }

    /// An error once the stream was broken off, even if it looked like its end.
    pub fn check(&self) -> Result<(), Status> {
        if self.0.load(Ordering::SeqCst) { Err(Status::cancelled("the host broke off")) } else { Ok(()) }
    }
}

struct Watched {
    body: Body,
    broken: Broken,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Err(_))) = &polled {
            self.broken.0.store(true, Ordering::SeqCst);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
