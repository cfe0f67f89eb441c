//! A new calendar or address book: MKCALENDAR (RFC 4791 §5.3.1) or extended MKCOL (RFC 5689).

use http::Method;

use super::proppatch::with_properties;
use super::{Expects, Head, Part, Parts, Request, xml_body};
use crate::dav::names::{self, Name};
use crate::dav::{Element, Error, Href, Kind, Property};

/// Makes the collection `at`. What the server did not take of the properties shows only when they are read again.
#[derive(Debug, Clone)]
pub struct MakeCollection {
    /// Where; its parent must be there.
    pub at: Href,
    /// What it will hold.
    pub kind: Kind,
    /// By which method.
    pub how: How,
    /// Properties to begin with.
    pub properties: Vec<Property>,
    /// Components that a calendar may hold; empty leaves it to the server.
    pub components: Vec<String>,
}

/// The method that makes a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// MKCALENDAR, for calendars only.
    Mkcalendar,
    /// MKCOL with a body, for both kinds.
    ExtendedMkcol,
}

impl Request for MakeCollection {
    type Reply = ();

    fn parts(&self) -> Parts {
        let mkcalendar = self.how == How::Mkcalendar && self.kind == Kind::Calendar;
        let mut set = Vec::new();
        if !mkcalendar {
            set.push(resource_type(self.kind.row().resource_type));
        }
        if self.kind == Kind::Calendar && !self.components.is_empty() {
            let comps = self.components.iter().map(|c| Element::new(names::CALENDAR_COMP).attribute("name", c));
            set.push(Element::new(names::SUPPORTED_CALENDAR_COMPONENT_SET).children(comps));
        }
        if mkcalendar {
            making(b"MKCALENDAR", names::MKCALENDAR, &self.at, set, &self.properties)
        } else {
            making(b"MKCOL", names::MKCOL, &self.at, set, &self.properties)
        }
    }

    fn begin(&self, _head: &Head) -> Result<(), Error> {
        Ok(())
    }

    fn add(&self, (): &mut (), part: Part) -> Result<(), Error> {
        super::refused_member(&part)
    }
}

/// The resource type of a collection of this kind.
pub(super) fn resource_type(kind: Name) -> Element {
    Element::new(names::RESOURCETYPE).children([Element::new(names::COLLECTION), Element::new(kind)])
}

/// A request that makes a collection at `at`, which has these properties from the first.
pub(super) fn making(method: &[u8], root: Name, at: &Href, set: Vec<Element>, properties: &[Property]) -> Parts {
    let prop = Element::new(names::PROP).with_text("").children(set);
    let root = Element::new(root).child(Element::new(names::SET).child(prop));
    let (headers, body) = xml_body(&root, |xml| with_properties(&xml, properties));
    Parts {
        method: Method::from_bytes(method).unwrap_or_default(),
        at: at.clone(),
        headers,
        body,
        expects: Expects::Done,
        repeatable: false,
    }
}
