//! Requests: each says which bytes to send and what the answer means. No file here does any I/O.

mod delete;
mod features;
mod fetched;
mod get;
mod list_members;
mod make_collection;
mod multiget;
mod properties;
mod propfind;
mod proppatch;
mod put;
mod query;
mod stored_as;
mod streamed;
mod subscribe;
mod sync_collection;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::element::Element;
use super::error::{Error, ErrorKind};
use super::href::Href;
use super::sync_token::SyncToken;
use fetched::{collect, collection_fault};

pub use super::xml::{Propstat, Response};

pub use delete::Delete;
pub use features::{Features, Told};
pub use fetched::{Fetched, VcardVersion};
pub use get::{Get, Got};
pub use list_members::{ListMembers, Member};
pub use make_collection::{How, MakeCollection};
pub use multiget::Multiget;
pub use properties::{Properties, Wanted};
pub use propfind::{Depth, FoundProperty, Propfind, PropfindReply, Resource};
pub use proppatch::{PropertyStatus, Proppatch};
pub use put::{Put, When};
pub use query::Query;
pub use stored_as::StoredAs;
pub use streamed::Streamed;
pub use subscribe::Subscribe;
pub use sync_collection::{Changes, SyncCollection};

/// Bytes in, value out: what to send, and what the answer means.
///
/// [`Client::send`](super::Client::send) builds the reply while the answer arrives: `begin` once for its head, then `add`
/// for each part. Of a multistatus one member is in memory at a time, and what `add` keeps of those before: an answer of
/// 200 MB needs no 200 MB. An attempt that fails is thrown away with its half-made reply.
pub trait Request: Send + Sync {
    /// What comes of it.
    type Reply: Send;

    /// What to send.
    fn parts(&self) -> Parts;

    /// The head of an answer with an expected status is there.
    fn begin(&self, head: &Head) -> Result<Self::Reply, Error>;

    /// A further part of the answer is there.
    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error>;

    /// Ends when there is room for what the next member of a multistatus leads to; until then none is read.
    fn room(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Largest multistatus that is read, in bytes after decompression; it bounds what can be kept of it.
    fn largest_answer(&self) -> u64 {
        LARGEST_ANSWER
    }

    /// Whether the caller can ask for less where this is too much: then it is not sent again after a 502 or 504.
    fn can_be_less(&self) -> bool {
        false
    }
}

/// Largest multistatus, in bytes: a listing of 400,000 items, as the wordiest servers write them.
const LARGEST_ANSWER: u64 = 256 << 20;

/// A request whose answer is a list of like things.
pub trait Listing: Request<Reply = Vec<Self::Item>> {
    /// One of the things.
    type Item: Send;

    /// What one member of the answer means, `None` if nothing; an error ends the listing.
    fn item(&self, response: Response) -> Result<Option<Self::Item>, Error>;
}

/// The bytes of a request.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub at: Href,
    /// Headers beside those that the client sets itself.
    pub headers: HeaderMap,
    /// The body; sent with its length, never in chunks.
    pub body: Bytes,
    /// What the answer must be.
    pub expects: Expects,
    /// Whether sending it twice is the same as sending it once.
    pub repeatable: bool,
}

/// What the answer to a request must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// 207 with a `multistatus` body; each member becomes a [`Part`].
    Multistatus,
    /// Any 2xx; the body becomes one [`Part::Content`].
    Content,
    /// Any 2xx; a 207 is read as a multistatus, any other body is ignored.
    Done,
}

/// The head of an answer.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Where the answer came from, after redirects.
    pub url: Url,
}

/// A part of an answer.
#[derive(Debug)]
pub enum Part {
    /// A member of a multistatus.
    Response(Response),
    /// The token at the end of a multistatus (RFC 6578 §6.2).
    SyncToken(SyncToken),
    /// The whole body.
    Content(Bytes),
}

impl Head {
    /// A header as text, if it is there once and readable.
    pub(super) fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The classes in the `DAV` header (RFC 4918 §10.1).
    pub(super) fn features(&self) -> Vec<String> {
        let lines = self.headers.get_all("dav").iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|class| class.trim().to_owned()).collect()
    }
}

fn xml_body(root: &Element, finish: impl FnOnce(String) -> String) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}", finish(root.to_xml()));
    (headers, Bytes::from(body))
}

/// A 207 for something that is done or not done: a failing status in it means that it is not.
fn refused_member(part: &Part) -> Result<(), Error> {
    let Part::Response(response) = part else {
        return Ok(());
    };
    if let Some(fault) = collection_fault(response) {
        return Err(fault);
    }
    match response.propstats.iter().find(|propstat| propstat.status >= 400) {
        Some(propstat) => {
            let names: Vec<&str> = propstat.properties.iter().map(|p| p.local.as_str()).collect();
            let why = format!("the server refused {} with {}", names.join(", "), propstat.status);
            Err(Error::new(ErrorKind::Refused, why).with_status(propstat.status))
        }
        None => Ok(()),
    }
}
