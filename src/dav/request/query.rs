//! Items by what they are: calendar-query (RFC 4791 §7.8) and addressbook-query (RFC 6352 §8.6).

use super::propfind::{Depth, report};
use super::{Fetched, Head, Listing, Part, Parts, Request};
use crate::dav::xml::Response;
use crate::dav::{Element, Error, Href, Kind, names};

/// Lists the items of `collection` that have `component`, or all contacts.
///
/// A calendar should be asked once for each component. QUIRK(sogo): without one it finds nothing.
/// QUIRK(ox): without a time range it gives about a year to either side; so this is no proof that something is gone.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the collection holds.
    pub kind: Kind,
    /// The collection.
    pub collection: Href,
    /// `VEVENT`, `VTODO`, …; ignored for contacts.
    pub component: Option<String>,
    /// Whether the content is wanted, or only the tags.
    pub with_data: bool,
}

impl Query {
    fn filter(&self) -> Element {
        let filter = Element::new(self.kind.row().filter);
        let component = |name: &str| Element::new(names::CALENDAR_COMP_FILTER).attribute("name", name);
        match self.kind {
            Kind::Calendar => filter.child(component("VCALENDAR").children(self.component.as_deref().map(component))),
            // QUIRK(google): answers 400 to a query without a filter; every contact has an FN (RFC 6350 §6.2.1).
            Kind::AddressBook => filter.child(Element::new(names::ADDRESSBOOK_PROP_FILTER).attribute("name", "FN")),
        }
    }
}

impl Request for Query {
    type Reply = Vec<Fetched>;

    fn parts(&self) -> Parts {
        let row = self.kind.row();
        let mut properties = Element::new(names::PROP).child(Element::new(names::GETETAG));
        if self.with_data {
            properties = properties.child(Element::new(row.data));
        }
        let body = Element::new(row.query).child(properties).child(self.filter());
        report(self.collection.clone(), Depth::One, &body)
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        super::collect(self, reply, part)
    }
}

impl Listing for Query {
    type Item = Fetched;

    fn item(&self, response: Response) -> Result<Option<Fetched>, Error> {
        super::fetched::fetched(self.kind, &self.collection, response)
    }
}
