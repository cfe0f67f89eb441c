//! PROPFIND (RFC 4918 §9.1): properties by name.

use http::{HeaderName, HeaderValue, Method};

use super::{Expects, Head, Part, Parts, Request, xml_body};
use crate::dav::{Element, Error, Href, Name, names};

/// Asks for properties of `at`, and with [`Depth::One`] of what lies in it.
#[derive(Debug, Clone)]
pub struct Propfind {
    /// Where.
    pub at: Href,
    /// How deep.
    pub depth: Depth,
    /// Which properties.
    pub names: Vec<Name>,
    /// And those that others defined: namespace and name.
    pub also: Vec<(String, String)>,
}

/// The `Depth` header (RFC 4918 §10.2); `infinity` is never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The thing itself.
    Zero,
    /// And what lies directly in it.
    One,
}

/// What a [`Propfind`] found.
#[derive(Debug, Clone)]
pub struct PropfindReply {
    /// Where the answer came from, after redirects.
    pub at: Href,
    /// The classes in the `DAV` header (RFC 4918 §10.1).
    pub features: Vec<String>,
    /// The thing itself and what lies in it.
    pub resources: Vec<Resource>,
}

/// Something with its properties.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Where it is.
    pub href: Href,
    /// Why its href can't be used as the server wrote it; then `href` only stands for it.
    pub trouble: Option<String>,
    /// 200, or why nothing is known of it.
    pub status: u16,
    /// The properties that were asked for.
    pub properties: Vec<FoundProperty>,
}

/// A property with the status that the server gave for it.
#[derive(Debug, Clone)]
pub struct FoundProperty {
    /// 200, or why there is no value.
    pub status: u16,
    /// The property's element.
    pub element: Element,
}

impl Resource {
    /// The element of a property that is there.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&Element> {
        self.properties.iter().find(|p| p.status == 200 && p.element.is(name)).map(|p| &p.element)
    }

    /// The elements of all properties that are there.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.properties.iter().filter(|property| property.status == 200).map(|property| &property.element)
    }

    /// The text of a property that is there and not empty.
    ///
    /// QUIRK(icloud): says `None` where a property is empty, as seen by others in dates and tags.
    #[must_use]
    pub fn text(&self, name: Name) -> Option<String> {
        let text = self.get(name)?.text();
        (!text.trim().is_empty()).then_some(text)
    }
}

impl Request for Propfind {
    type Reply = PropfindReply;

    fn parts(&self) -> Parts {
        let also = self.also.iter().map(|(namespace, local)| Element::named(namespace, local));
        let names = self.names.iter().map(|name| Element::new(*name)).chain(also);
        propfind(self.at.clone(), self.depth, Element::new(names::PROP).children(names))
    }

    fn begin(&self, head: &Head) -> Result<Self::Reply, Error> {
        let at = Href::from_url(&head.url).unwrap_or_else(|| self.at.clone());
        Ok(PropfindReply { at, features: head.features(), resources: Vec::new() })
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        let Part::Response(response) = part else {
            return Ok(());
        };
        // QUIRK(xandikos): says 404 for a missing resource inside a 207.
        let own = response.trouble.is_none() && (response.href == reply.at || response.href == self.at);
        if let (true, Some(fault)) = (own, super::collection_fault(&response)) {
            return Err(fault);
        }
        let status = response.status_or_ok();
        let properties = response.propstats.into_iter().flat_map(|propstat| {
            let status = propstat.status;
            propstat.properties.into_iter().map(move |element| FoundProperty { status, element })
        });
        let (href, trouble) = (response.href, response.trouble);
        reply.resources.push(Resource { href, trouble, status, properties: properties.collect() });
        Ok(())
    }

    /// All of it is kept, as elements: a thousand collections with 16 KiB of properties each.
    fn largest_answer(&self) -> u64 {
        16 << 20
    }
}

/// A PROPFIND with this inside.
pub(super) fn propfind(at: Href, depth: Depth, inside: Element) -> Parts {
    let (headers, body) = xml_body(&Element::new(names::PROPFIND).child(inside), |xml| xml);
    let method = Method::from_bytes(b"PROPFIND").unwrap_or_default();
    with_depth(Parts { method, at, headers, body, expects: Expects::Multistatus, repeatable: true }, depth)
}

pub(super) fn report(at: Href, depth: Depth, body: &Element) -> Parts {
    let (headers, body) = xml_body(body, |xml| xml);
    let method = Method::from_bytes(b"REPORT").unwrap_or_default();
    with_depth(Parts { method, at, headers, body, expects: Expects::Multistatus, repeatable: true }, depth)
}

fn with_depth(mut parts: Parts, depth: Depth) -> Parts {
    let value = match depth {
        Depth::Zero => "0",
        Depth::One => "1",
    };
    parts.headers.insert(HeaderName::from_static("depth"), HeaderValue::from_static(value));
    parts
}
