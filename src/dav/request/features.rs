//! What a server can do at some place, by OPTIONS (RFC 4918 §10.1).

use http::{HeaderMap, Method};

use super::{Expects, Head, Part, Parts, Request};
use crate::dav::{Error, Href};

/// Asks for the classes in the `DAV` header.
#[derive(Debug, Clone)]
pub struct Features {
    /// Where.
    pub at: Href,
}

impl Request for Features {
    type Reply = Vec<String>;

    fn parts(&self) -> Parts {
        Parts {
            method: Method::OPTIONS,
            at: self.at.clone(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            expects: Expects::Done,
            repeatable: true,
        }
    }

    fn begin(&self, head: &Head) -> Result<Self::Reply, Error> {
        Ok(head.features())
    }

    fn add(&self, _reply: &mut Self::Reply, _part: Part) -> Result<(), Error> {
        Ok(())
    }
}
