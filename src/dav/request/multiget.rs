//! Many items in one answer: calendar-multiget (RFC 4791 §7.9) and addressbook-multiget (RFC 6352 §8.7).

use super::propfind::{Depth, report};
use super::{Fetched, Head, Listing, Part, Parts, Request, VcardVersion};
use crate::dav::xml::Response;
use crate::dav::{Element, Error, Href, Kind, names};

/// Fetches the items at `hrefs`, all of `collection`.
///
/// Servers leave out what is missing, or answer 404 for it, or for the whole report: what did not come is to be asked for
/// singly. An answer that is not well-formed has kind `Malformed`; one bad item does that to the whole answer.
#[derive(Debug, Clone)]
pub struct Multiget {
    /// What the collection holds.
    pub kind: Kind,
    /// The collection.
    pub collection: Href,
    /// The items.
    pub hrefs: Vec<Href>,
    /// The version that contacts are wanted in; some servers convert to 3.0 where none is asked for.
    pub vcard_version: Option<VcardVersion>,
}

impl Request for Multiget {
    type Reply = Vec<Fetched>;

    fn parts(&self) -> Parts {
        let row = self.kind.row();
        let mut data = Element::new(row.data);
        if let (Kind::AddressBook, Some(version)) = (self.kind, self.vcard_version) {
            data = data.attribute("content-type", "text/vcard").attribute("version", version.as_str());
        }
        let hrefs = self.hrefs.iter().map(|href| Element::new(names::HREF).with_text(href.path()));
        let body = Element::new(row.multiget)
            .child(Element::new(names::PROP).child(Element::new(names::GETETAG)).child(data))
            .children(hrefs);
        report(self.collection.clone(), Depth::Zero, &body)
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        super::collect(self, reply, part)
    }

    /// Who asks for less at once gets along with it; one item may have 64 MiB.
    fn largest_answer(&self) -> u64 {
        128 << 20
    }

    fn can_be_less(&self) -> bool {
        self.hrefs.len() > 1
    }
}

impl Listing for Multiget {
    type Item = Fetched;

    fn item(&self, response: Response) -> Result<Option<Fetched>, Error> {
        super::fetched::fetched(self.kind, &self.collection, response)
    }
}
