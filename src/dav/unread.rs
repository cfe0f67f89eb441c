//! What is there and could not be described: nobody may take it for gone.

use super::account::kind_of;
use super::error::{Error, ErrorKind};
use super::href::Href;
use super::kind::Kind;
use super::names;
use super::request::Resource;

/// Something that the server would not tell of.
#[derive(Debug)]
pub struct Unread {
    /// Where it is, or what stands for that.
    pub href: Href,
    /// What is missing for it.
    pub missing: Missing,
    /// Why.
    pub why: Error,
}

/// What is missing of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Any number of collections of these kinds.
    Collections(Vec<Kind>),
    /// The one collection at that address, of one of these kinds.
    Collection(Vec<Kind>),
}

impl Unread {
    pub(super) fn new(href: Href, missing: Missing, why: Error) -> Self {
        Self { href, missing, why }
    }

    /// A child of a home that the server named and did not describe, so that it may be a collection of these kinds.
    pub(super) fn child(resource: &Resource, kinds: &[Kind]) -> Option<Self> {
        let types = resource.get(names::RESOURCETYPE);
        let kinds = match types {
            Some(types) => vec![kind_of(types, kinds)?],
            None => kinds.to_vec(),
        };
        if let Some(trouble) = &resource.trouble {
            let why = Error::new(ErrorKind::Malformed, trouble.clone());
            return Some(Self::new(resource.href.clone(), Missing::Collections(kinds), why));
        }
        let asked = resource.properties.iter().find(|property| property.element.is(names::RESOURCETYPE));
        let status = match asked {
            _ if resource.status >= 300 => Some(resource.status),
            Some(property) => Some(property.status).filter(|status| *status != 200),
            // Nothing at all was said.
            None => resource.properties.is_empty().then_some(resource.status),
        };
        // Who is told that it is not there knows enough.
        let status = status.filter(|status| !matches!(status, 404 | 410))?;
        let kind = if status >= 500 { ErrorKind::Server } else { ErrorKind::Refused };
        let why = Error::new(kind, format!("the server answered {status} when asked what it is")).with_status(status);
        Some(Self::new(resource.href.clone(), Missing::Collection(kinds), why))
    }
}
