//! A copy of a feed that the server keeps up to date: extended MKCOL (RFC 5689) with calendarserver's resource type.

use super::proppatch::with_properties;
use super::{Expects, Head, Part, Parts, Request, xml_body};
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
        let types = [Element::new(names::COLLECTION), Element::new(names::SUBSCRIBED)];
        let source = Element::new(names::SOURCE).child(Element::new(names::HREF).with_text(&self.source));
        let prop = Element::new(names::PROP).child(Element::new(names::RESOURCETYPE).children(types)).child(source);
        let root = Element::new(names::MKCOL).child(Element::new(names::SET).child(prop));
        let (headers, body) = xml_body(&root, |xml| with_properties(&xml, &self.properties));
        Parts {
            method: http::Method::from_bytes(b"MKCOL").unwrap_or_default(),
            at: self.at.clone(),
            headers,
            body,
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
