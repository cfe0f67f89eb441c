//! What changed in a collection since a token: `sync-collection` (RFC 6578 §3.2).

use super::list_members::{Member, PROPERTIES, member};
use super::propfind::{Depth, report};
use super::{Head, Part, Parts, Request, collection_fault};
use crate::dav::{Element, Error, Href, SyncToken, names};

/// Asks what changed in `collection` since `since`; without it, for everything that is there.
///
/// No `limit` is sent: two servers of nine cut the listing there and say nothing. What comes is a hint: others answer a token
/// from the future, or of a collection that was deleted and made again, with nothing at all.
#[derive(Debug, Clone)]
pub struct SyncCollection {
    /// The collection.
    pub collection: Href,
    /// The state that is known.
    pub since: Option<SyncToken>,
}

/// What changed since a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Items that are new or changed; some servers name unchanged ones, too.
    pub changed: Vec<Member>,
    /// Items that are no longer there.
    pub gone: Vec<Href>,
    /// The state that this leads to; without one, nothing follows from what is not here.
    pub token: Option<SyncToken>,
    /// Whether the server has more to tell, from `token` on (RFC 6578 §3.6).
    pub has_more: bool,
}

impl Request for SyncCollection {
    type Reply = Changes;

    fn parts(&self) -> Parts {
        let token = Element::new(names::SYNC_TOKEN);
        let token = match &self.since {
            Some(since) => token.with_text(since.as_str()),
            None => token,
        };
        let body = Element::new(names::SYNC_COLLECTION)
            .child(token)
            .child(Element::new(names::SYNC_LEVEL).with_text("1"))
            .child(Element::new(names::PROP).children(PROPERTIES.map(Element::new)));
        report(self.collection.clone(), Depth::Zero, &body)
    }

    fn begin(&self, _head: &Head) -> Result<Changes, Error> {
        Ok(Changes::default())
    }

    fn add(&self, changes: &mut Changes, part: Part) -> Result<(), Error> {
        match part {
            Part::SyncToken(token) => changes.token = Some(token),
            Part::Content(_) => {}
            Part::Response(response) if response.trouble.is_none() && response.href == self.collection => {
                match response.status {
                    Some(507) => changes.has_more = true,
                    _ => collection_fault(&response).map_or(Ok(()), Err)?,
                }
            }
            Part::Response(response) => match response.status {
                Some(404 | 410) if response.trouble.is_none() => changes.gone.push(response.href),
                _ => changes.changed.extend(member(&response)),
            },
        }
        Ok(())
    }
}
