//! What is in a collection, and whether that is all of it.

use crate::dav::request::{Fetched, ListMembers, Member, Query};
use crate::dav::{Client, Collection, Error, ErrorKind, Kind};
use crate::report::sentence;

/// The members of a collection, as far as they could be listed.
pub(super) enum Listing {
    /// All of them; what is not here is not there.
    Whole(Vec<Member>),
    /// Some of them; nothing follows from one that is not here.
    Part {
        /// Those that are known.
        members: Vec<Member>,
        /// Why the others are not, one sentence.
        why: String,
    },
}

/// Lists the members of a collection with their `ETag`s; where the server will not list it, what a query finds.
pub(super) async fn list(client: &Client, collection: &Collection) -> Result<Listing, Error> {
    let refused = match client.send(&ListMembers { collection: collection.href.clone() }).await {
        Ok(members) => return Ok(Listing::Whole(members)),
        Err(error) => error,
    };
    match refused.kind {
        ErrorKind::TooLarge
        | ErrorKind::Malformed
        | ErrorKind::Refused
        | ErrorKind::Unsupported
        | ErrorKind::Server => {}
        _ => return Err(refused),
    }
    let Ok(members) = query(client, collection).await else { return Err(refused) };
    let why = format!("not listed as a whole, only what a query finds was read: {}", sentence(&refused));
    Ok(Listing::Part { members, why })
}

async fn query(client: &Client, collection: &Collection) -> Result<Vec<Member>, Error> {
    let known = || ["VEVENT", "VTODO", "VJOURNAL"].map(str::to_owned).to_vec();
    let components: Vec<Option<String>> = match (collection.kind, collection.components.is_empty()) {
        (Kind::AddressBook, _) => vec![None],
        (Kind::Calendar, true) => known().into_iter().map(Some).collect(),
        (Kind::Calendar, false) => collection.components.iter().cloned().map(Some).collect(),
    };
    let mut members = Vec::new();
    for component in components {
        let (kind, collection) = (collection.kind, collection.href.clone());
        let found = client.send(&Query { kind, collection, component, with_data: false }).await?;
        members.extend(found.into_iter().map(member));
    }
    Ok(members)
}

fn member(found: Fetched) -> Member {
    let Fetched { href, status, trouble, etag, .. } = found;
    Member { href, status, trouble: trouble.map(Into::into), etag, size: None, modified: None }
}
