//! A client for calendars and contacts on a server: `CalDAV` (RFC 4791) and `CardDAV` (RFC 6352).
//!
//! One [`Client`] speaks to one site. It signs in by the server's challenge, follows redirects, retries and bounds
//! everything that it reads; a [`Request`] only says which bytes to send and what the answer means. The room promises that
//! credentials go to no other site, that no write is repeated whose outcome is unknown, and that an answer of any size is
//! read in bounded memory. It knows nothing of backups, and keeps nothing between runs.

mod account;
mod auth;
mod body;
mod client;
mod digest;
mod discover;
mod element;
mod error;
mod etag;
mod failure;
mod href;
mod kind;
mod look;
pub mod names;
mod options;
mod others;
mod property;
pub mod request;
mod retry;
mod scheduling;
mod site;
mod srv;
mod sync_token;
mod tls;
mod unread;
mod xml;

pub use account::{Account, Collection, Home, Role, State};
pub use client::Client;
pub use discover::{Known, discover, find_again};
pub use element::{Element, Node};
pub use error::{Error, ErrorKind};
pub use etag::ETag;
pub use href::Href;
pub use kind::Kind;
pub use names::Name;
pub use options::{AuthScheme, Credentials, DEFAULT_CONNECTIONS, Options, RetryPolicy, Tls};
pub use others::{Others, add_other_properties, is_live, properties_of};
pub use property::{Property, Value};
pub use request::{Listing, Request};
pub use scheduling::{Engine, Scheduler, scheduler};
pub use sync_token::SyncToken;
pub use unread::{Missing, Unread};
pub use xml::inside;
