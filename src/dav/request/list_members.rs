//! What a collection holds, by PROPFIND with Depth 1.

use std::time::SystemTime;

use super::propfind::{Depth, propfind};
use super::{Head, Listing, Part, Parts, Request, collection_fault};
use crate::dav::xml::Response;
use crate::dav::{ETag, Element, Error, Href, Name, names};

/// What is asked of each item.
pub(super) const PROPERTIES: [Name; 4] =
    [names::GETETAG, names::GETCONTENTLENGTH, names::GETLASTMODIFIED, names::RESOURCETYPE];

/// Lists the items of `collection`, without collections in it. The listing is whole or an error.
#[derive(Debug, Clone)]
pub struct ListMembers {
    /// The collection.
    pub collection: Href,
}

/// An item in a collection, as far as a listing tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it is.
    pub href: Href,
    /// 200, or why the server would not tell more (403, …).
    pub status: u16,
    /// Why its href can't be used as the server wrote it; then `href` only stands for it.
    pub trouble: Option<Box<str>>,
    /// Its tag.
    pub etag: Option<ETag>,
    /// Its size in bytes, as the server says.
    pub size: Option<u64>,
    /// When it changed last.
    pub modified: Option<SystemTime>,
}

impl Request for ListMembers {
    type Reply = Vec<Member>;

    fn parts(&self) -> Parts {
        let prop = Element::new(names::PROP).children(PROPERTIES.map(Element::new));
        propfind(self.collection.clone(), Depth::One, prop)
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        super::collect(self, reply, part)
    }
}

impl Listing for ListMembers {
    type Item = Member;

    fn item(&self, response: Response) -> Result<Option<Member>, Error> {
        if response.trouble.is_none() && response.href == self.collection {
            return collection_fault(&response).map_or(Ok(None), Err);
        }
        Ok(member(&response))
    }
}

/// The item that a member of a listing stands for; `None` for a collection.
pub(super) fn member(response: &Response) -> Option<Member> {
    if is_collection(response) {
        return None;
    }
    let mut member = Member {
        status: response.status_or_ok(),
        trouble: response.trouble.as_deref().map(Into::into),
        href: response.href.clone(),
        etag: None,
        size: None,
        modified: None,
    };
    for property in response.found() {
        fill(&mut member, property);
    }
    Some(member)
}

fn is_collection(response: &Response) -> bool {
    response.found().any(|property| property.is(names::RESOURCETYPE) && property.find(names::COLLECTION).is_some())
}

fn fill(member: &mut Member, property: &Element) {
    let text = property.text();
    let text = text.trim();
    if property.is(names::GETETAG) {
        member.etag = ETag::new(text);
    } else if property.is(names::GETCONTENTLENGTH) {
        member.size = text.parse().ok();
    } else if property.is(names::GETLASTMODIFIED) {
        member.modified = httpdate::parse_http_date(text).ok();
    }
}
