//! A copy of a feed that the server keeps up to date: extended MKCOL (RFC 5689) with calendarserver's resource type.

use super::make_collection::{making, resource_type};
use super::{Head, Part, Parts, Request};
use crate::dav::{Element, Error, Href, Property, names};

/// Makes the subscription `at`.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// Where; its parent must be there.
    pub at: Href,
    /// The address of the feed. It may hold a secret.
    pub source: String,
    /// Properties to begin with.
    pub properties: Vec<Property>,
}

impl Request for Subscribe {
    type Reply = ();

    fn parts(&self) -> Parts {
        let source = Element::new(names::SOURCE).child(Element::new(names::HREF).with_text(&self.source));
        let set = vec![resource_type(names::SUBSCRIBED), source];
        making(b"MKCOL", names::MKCOL, &self.at, set, &self.properties)
    }

    fn begin(&self, _head: &Head) -> Result<(), Error> {
        Ok(())
    }

    fn add(&self, (): &mut (), part: Part) -> Result<(), Error> {
        super::refused_member(&part)
    }
}
