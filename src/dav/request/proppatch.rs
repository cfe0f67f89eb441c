//! PROPPATCH (RFC 4918 §9.2): sets properties.

use http::Method;

use super::{Expects, Head, Part, Parts, Request, xml_body};
use crate::dav::element::{declaration, escape, qualified};
use crate::dav::{Element, Error, Href, Property, Value, names};

/// Sets properties of `at`. RFC 4918 wants all or none; servers do as they like, so each has its status.
#[derive(Debug, Clone)]
pub struct Proppatch {
    /// Where.
    pub at: Href,
    /// The properties.
    pub set: Vec<Property>,
}

/// What became of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyStatus {
    /// The namespace of its name.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// 200 if it is set.
    pub status: u16,
}

impl Request for Proppatch {
    type Reply = Vec<PropertyStatus>;

    fn parts(&self) -> Parts {
        let prop = Element::new(names::PROP).with_text("");
        let root = Element::new(names::PROPERTYUPDATE).child(Element::new(names::SET).child(prop));
        let (headers, body) = xml_body(&root, |xml| with_properties(&xml, &self.set));
        Parts {
            method: Method::from_bytes(b"PROPPATCH").unwrap_or_default(),
            at: self.at.clone(),
            headers,
            body,
            expects: Expects::Multistatus,
            repeatable: true,
        }
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        let Part::Response(response) = part else {
            return Ok(());
        };
        if response.propstats.is_empty() {
            return super::collection_fault(&response).map_or(Ok(()), Err);
        }
        for propstat in response.propstats {
            let status = propstat.status;
            reply.extend(propstat.properties.into_iter().map(|property| PropertyStatus {
                namespace: property.namespace,
                name: property.local,
                status,
            }));
        }
        Ok(())
    }
}

/// The body with these properties at the end of its first `prop`, which must not be an empty element.
pub(super) fn with_properties(xml: &str, set: &[Property]) -> String {
    let properties: String = set.iter().map(prop_element).collect();
    let end = format!("</{}>", qualified(names::PROP.namespace, names::PROP.local));
    xml.replacen(&end, &format!("{properties}{end}"), 1)
}

/// A property as an element that declares its own namespace; nothing if its name is none that XML allows.
fn prop_element(property: &Property) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins = property.name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !begins || !property.name.chars().all(allowed) {
        return String::new();
    }
    let mut value = String::new();
    match &property.value {
        Value::Text(text) => escape(text, &mut value),
        Value::Xml(xml) => value.push_str(xml),
    }
    let name = qualified(&property.namespace, &property.name);
    format!("<{name}{}>{value}</{name}>", declaration(&property.namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_can_not_break_the_body() {
        let mut property = Property::text(names::DISPLAYNAME, "a<b");
        assert_eq!(prop_element(&property), "<D:displayname xmlns:D=\"DAV:\">a&lt;b</D:displayname>");
        property.name = "x/><evil".into();
        assert_eq!(prop_element(&property), "");
    }
}
