//! What a server can do at some place, by OPTIONS (RFC 4918 §10.1).

use http::{HeaderMap, Method};

use super::{Expects, Head, Part, Parts, Request};
use crate::dav::scheduling::Engine;
use crate::dav::{Error, Href};

/// Asks for the classes in the `DAV` header, and who answers.
#[derive(Debug, Clone)]
pub struct Features {
    /// Where.
    pub at: Href,
}

/// What a server tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The classes in the `DAV` header.
    pub classes: Vec<String>,
    /// What it is, where that is sure.
    pub engine: Option<Engine>,
}

impl Request for Features {
    type Reply = Told;

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
        let classes = head.features();
        let engine = Engine::of(&head.headers, &classes);
        Ok(Told { classes, engine })
    }

    fn add(&self, _reply: &mut Self::Reply, _part: Part) -> Result<(), Error> {
        Ok(())
    }
}
