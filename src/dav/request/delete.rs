//! DELETE of one item, only while it is what we last saw.

use http::{HeaderMap, Method, header};

use super::put::{header_value, keep_silent};
use super::{Expects, Head, Part, Parts, Request};
use crate::dav::{ETag, Error, Href};

/// Deletes the item at `at` while its tag is still `matches`; kind `Precondition` if it changed.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The item.
    pub at: Href,
    /// Its tag.
    pub matches: ETag,
    /// Asks the server to tell no attendee; only some do as asked (see [`Put::silent`](super::Put::silent)).
    pub silent: bool,
}

impl Request for Delete {
    type Reply = ();

    fn parts(&self) -> Parts {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, header_value(&self.matches));
        if self.silent {
            keep_silent(&mut headers);
        }
        Parts {
            method: Method::DELETE,
            at: self.at.clone(),
            headers,
            body: bytes::Bytes::new(),
            expects: Expects::Done,
            repeatable: false,
        }
    }

    fn begin(&self, _head: &Head) -> Result<(), Error> {
        Ok(())
    }

    fn add(&self, (): &mut (), part: Part) -> Result<(), Error> {
        super::refused_member(&part)
    }
}
