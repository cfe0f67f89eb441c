//! Which contacts are stored in a version of vCard: addressbook-query by VERSION (RFC 6352 §8.6, §10.5.4).

use super::propfind::{Depth, report};
use super::{Fetched, Head, Listing, Part, Parts, Request};
use crate::dav::xml::Response;
use crate::dav::{Element, Error, Href, Kind, names};

/// Lists the contacts of `collection` that are stored in that version, also where the server would give them in another.
///
/// QUIRK(cyrus): converts a 4.0 card that is not asked for as such, under its own tag and often in its own size.
#[derive(Debug, Clone)]
pub struct StoredAs {
    /// The address book.
    pub collection: Href,
    /// `3.0` or `4.0`.
    pub version: &'static str,
}

impl Request for StoredAs {
    type Reply = Vec<Fetched>;

    fn parts(&self) -> Parts {
        let row = Kind::AddressBook.row();
        let properties = Element::new(names::PROP).child(Element::new(names::GETETAG));
        let version = Element::new(names::ADDRESSBOOK_PROP_FILTER)
            .attribute("name", "VERSION")
            .child(Element::new(names::ADDRESSBOOK_TEXT_MATCH).with_text(self.version));
        let body = Element::new(row.query).child(properties).child(Element::new(row.filter).child(version));
        report(self.collection.clone(), Depth::One, &body)
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        super::collect(self, reply, part)
    }
}

impl Listing for StoredAs {
    type Item = Fetched;

    fn item(&self, response: Response) -> Result<Option<Fetched>, Error> {
        super::fetched::fetched(Kind::AddressBook, &self.collection, response)
    }
}
