//! Sends requests.

use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

use super::error::{Error, ErrorKind};
use super::href::Href;
use super::options::Options;
use super::request::{Listing, Request};

/// Speaks to one site. Cheap to clone; clones share connections, limits and what was learned about signing in.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    base: Href,
}

impl Client {
    /// Checks the options and reads the files that they name; connects to nothing.
    pub fn new(options: Options) -> Result<Self, Error> {
        let base = Href::from_url(&options.base)
            .ok_or_else(|| Error::new(ErrorKind::Usage, "the location is no http or https URL"))?;
        Ok(Self { inner: Arc::new(Inner { base }) })
    }

    /// The location.
    #[must_use]
    pub fn base(&self) -> &Href {
        &self.inner.base
    }

    /// Reads an address that was stored as text, relative to the location.
    pub fn href(&self, text: &str) -> Result<Href, Error> {
        Href::new(self.inner.base.url(), text)
    }

    /// Sends a request and waits for its whole answer.
    pub async fn send<R: Request>(&self, _request: &R) -> Result<R::Reply, Error> {
        Err(Error::new(ErrorKind::Unsupported, "not built yet"))
    }

    /// Sends a request and hands each thing of its answer on as soon as it is complete, waiting while `items` is full.
    ///
    /// Not sent again once something was handed on. A receiver that is gone ends it without an error. The connection is
    /// taken until the end: who receives must not wait for this client meanwhile.
    pub async fn stream<L: Listing>(&self, _listing: &L, _items: mpsc::Sender<L::Item>) -> Result<(), Error> {
        let _: Option<Url> = None;
        Err(Error::new(ErrorKind::Unsupported, "not built yet"))
    }
}
