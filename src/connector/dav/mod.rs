//! Accounts on `CalDAV` and `CardDAV` servers, as a source and as a destination.
//!
//! [`open`](open()) makes the client from a location and its options; `source` reads an account as the tree of a snapshot, and
//! `destination` puts such a tree back. What both must agree on, the files that describe a collection, is `described`.

mod described;
mod destination;
mod open;
mod remembered;
mod source;

pub(super) use described::is_bin;
pub(super) use destination::DavDestination;
pub(super) use open::open;
pub(super) use source::DavSource;
