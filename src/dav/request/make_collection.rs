//! A new calendar or address book: MKCALENDAR (RFC 4791 §5.3.1) or extended MKCOL (RFC 5689).

use http::Method;

use super::proppatch::with_properties;
use super::{Expects, Head, Part, Parts, Request, xml_body};
use crate::dav::{Element, Error, Href, Kind, Property, names};

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
        let (method, root) =
            if mkcalendar { (&b"MKCALENDAR"[..], names::MKCALENDAR) } else { (&b"MKCOL"[..], names::MKCOL) };
        let mut prop = Element::new(names::PROP).with_text("");
        if !mkcalendar {
            let types = [Element::new(names::COLLECTION), Element::new(self.kind.row().resource_type)];
            prop = prop.child(Element::new(names::RESOURCETYPE).children(types));
        }
        if self.kind == Kind::Calendar && !self.components.is_empty() {
            let comps = self.components.iter().map(|c| Element::new(names::CALENDAR_COMP).attribute("name", c));
            prop = prop.child(Element::new(names::SUPPORTED_CALENDAR_COMPONENT_SET).children(comps));
        }
        let root = Element::new(root).child(Element::new(names::SET).child(prop));
        let (headers, body) = xml_body(&root, |xml| with_properties(&xml, &self.properties));
        Parts {
            method: Method::from_bytes(method).unwrap_or_default(),
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
