//! What is in a collection, and whether that is all of it.
//!
//! The seam for listings by sync token (RFC 6578), remembered between runs: they will return the same [`Listing`].

use crate::dav::request::{ListMembers, Member};
use crate::dav::{Client, Collection, Error};

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

/// Lists the members of a collection with their `ETag`s.
pub(super) async fn list(client: &Client, collection: &Collection) -> Result<Listing, Error> {
    let members = client.send(&ListMembers { collection: collection.href.clone() }).await?;
    Ok(Listing::Whole(members))
}
