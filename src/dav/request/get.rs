//! GET of one item.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};

use super::{Expects, Head, Part, Parts, Request, VcardVersion};
use crate::dav::{ETag, Error, Href};

/// Fetches the item at `at`.
#[derive(Debug, Clone)]
pub struct Get {
    /// The item.
    pub at: Href,
    /// The version that a contact is wanted in; some servers convert to 3.0 where none is asked for.
    pub vcard_version: Option<VcardVersion>,
}

/// An item as GET gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// Its bytes, exactly.
    pub bytes: Bytes,
    /// Its tag.
    pub etag: Option<ETag>,
    /// When it changed last.
    pub modified: Option<SystemTime>,
    /// Its media type.
    pub content_type: Option<String>,
}

impl Request for Get {
    type Reply = Got;

    fn parts(&self) -> Parts {
        let mut headers = HeaderMap::new();
        if let Some(version) = self.vcard_version {
            let wish = match version {
                VcardVersion::V3 => "text/vcard; version=3.0, text/vcard;q=0.9, */*;q=0.1",
                VcardVersion::V4 => "text/vcard; version=4.0, text/vcard;q=0.9, */*;q=0.1",
            };
            headers.insert(header::ACCEPT, HeaderValue::from_static(wish));
        }
        Parts {
            method: Method::GET,
            at: self.at.clone(),
            headers,
            body: Bytes::new(),
            expects: Expects::Content,
            repeatable: true,
        }
    }

    fn begin(&self, head: &Head) -> Result<Got, Error> {
        Ok(Got {
            bytes: Bytes::new(),
            etag: head.header(header::ETAG).and_then(ETag::new),
            modified: head.header(header::LAST_MODIFIED).and_then(|date| httpdate::parse_http_date(date).ok()),
            content_type: head.header(header::CONTENT_TYPE).map(str::to_owned),
        })
    }

    fn add(&self, reply: &mut Got, part: Part) -> Result<(), Error> {
        if let Part::Content(bytes) = part {
            reply.bytes = bytes;
        }
        Ok(())
    }
}
