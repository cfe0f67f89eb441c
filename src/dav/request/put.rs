//! PUT of one item, never over something that was not seen.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{Expects, Head, Part, Parts, Request};
use crate::dav::{ETag, Error, Href, Kind};

/// Stores an item. The reply is its new tag, where the server says it; kind `Precondition` if [`When`] does not hold.
///
/// QUIRK(sogo): ignores [`When::Absent`] and overwrites; look first.
#[derive(Debug, Clone)]
pub struct Put {
    /// Where.
    pub at: Href,
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub body: Bytes,
    /// On which condition.
    pub when: When,
    /// Asks the server to send no invitations. `Schedule-Reply: F` is obeyed by `SabreDAV` and its children,
    /// `x-nc-scheduling: false` by Nextcloud; others do not know these.
    pub silent: bool,
}

/// The condition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Nothing is there.
    Absent,
    /// What is there still has this tag.
    Matches(ETag),
}

impl Request for Put {
    type Reply = Option<ETag>;

    fn parts(&self) -> Parts {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind.content_type()));
        match &self.when {
            When::Absent => headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*")),
            When::Matches(etag) => headers.insert(header::IF_MATCH, header_value(etag)),
        };
        if self.silent {
            keep_silent(&mut headers);
        }
        Parts {
            method: Method::PUT,
            at: self.at.clone(),
            headers,
            body: self.body.clone(),
            expects: Expects::Done,
            repeatable: false,
        }
    }

    fn begin(&self, head: &Head) -> Result<Self::Reply, Error> {
        Ok(head.header(header::ETAG).and_then(ETag::new))
    }

    /// QUIRK(xandikos): older ones answer a PUT with 207.
    fn add(&self, _reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        super::refused_member(&part)
    }
}

/// A tag holds no control characters, so this always works; an impossible tag would match nothing.
pub(super) fn header_value(etag: &ETag) -> HeaderValue {
    HeaderValue::from_bytes(etag.as_str().as_bytes()).unwrap_or(HeaderValue::from_static("\"\""))
}

pub(super) fn keep_silent(headers: &mut HeaderMap) {
    headers.insert(HeaderName::from_static("schedule-reply"), HeaderValue::from_static("F"));
    headers.insert(HeaderName::from_static("x-nc-scheduling"), HeaderValue::from_static("false"));
}
