//! Items with their content, as a report gives them.

use super::{Error, Listing, Part};
use crate::dav::xml::Response;
use crate::dav::{ETag, ErrorKind, Href, Kind, names};

/// An item as a report gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub href: Href,
    /// 200, or why it is not here (404, 403, …).
    pub status: u16,
    /// Why its href can't be used as the server wrote it; then `href` only stands for it.
    pub trouble: Option<String>,
    /// Its tag.
    pub etag: Option<ETag>,
    /// Its content as the XML holds it: the server may have lost or changed line ends.
    pub data: Option<Vec<u8>>,
}

/// A version of the vCard format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VcardVersion {
    /// RFC 2426.
    V3,
    /// RFC 6350.
    V4,
}

impl VcardVersion {
    /// As the `VERSION` property writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "3.0",
            Self::V4 => "4.0",
        }
    }
}

/// What one member of a report means; the collection itself is none of its items.
pub(super) fn fetched(kind: Kind, collection: &Href, response: Response) -> Result<Option<Fetched>, Error> {
    if response.trouble.is_none() && response.href == *collection {
        return super::collection_fault(&response).map_or(Ok(None), Err);
    }
    let mut item = Fetched {
        status: response.status_or_ok(),
        href: response.href,
        trouble: response.trouble,
        etag: None,
        data: None,
    };
    for propstat in response.propstats {
        for property in propstat.properties {
            let is_data = property.is(kind.row().data);
            if propstat.status != 200 {
                // A member whose data alone is refused carries that status.
                item.status = if is_data { propstat.status } else { item.status };
            } else if property.is(names::GETETAG) {
                item.etag = ETag::new(&property.text());
            } else if is_data {
                item.data = Some(property.into_text().into_bytes());
            }
        }
    }
    Ok(Some(item))
}

/// A failing status of the collection itself ends a listing: it is not there, or the listing is cut short.
pub(super) fn collection_fault(response: &Response) -> Option<Error> {
    let status = response.status?;
    let (kind, why) = match status {
        200..=299 => return None,
        404 | 410 => (ErrorKind::NotFound, "the collection is not there".to_owned()),
        403 => (ErrorKind::Forbidden, "the collection may not be read".to_owned()),
        507 => (ErrorKind::TooLarge, "the server cut the listing short".to_owned()),
        500..=599 => (ErrorKind::Server, format!("the server answered {status} for the collection")),
        _ => (ErrorKind::Refused, format!("the server answered {status} for the collection")),
    };
    let mut error = Error::new(kind, why).with_status(status);
    error.condition.clone_from(&response.condition);
    Some(error)
}

pub(super) fn collect<L: Listing>(listing: &L, reply: &mut Vec<L::Item>, part: Part) -> Result<(), Error> {
    if let Part::Response(response) = part {
        reply.extend(listing.item(response)?);
    }
    Ok(())
}
