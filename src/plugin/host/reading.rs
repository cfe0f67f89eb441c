//! A content on its way from an importer.

use bytes::Bytes;
use tokio::sync::SemaphorePermit;
use tonic::Streaming;

use super::link::Link;
use crate::plugin::error::{Error, ErrorKind};
use crate::plugin::path;
use crate::proto::importer::OpenResponse;

/// Messages without content that one content may hold; some plugins send one before they notice the end.
const EMPTY_CHUNKS: usize = 1000;

/// A content that is being read; dropping it ends that.
pub struct Reading<'a> {
    link: &'a Link,
    path: String,
    chunks: Streaming<OpenResponse>,
    empty: usize,
    _place: Option<SemaphorePermit<'a>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(link: &'a Link, path: &str, chunks: Streaming<OpenResponse>) -> Self {
        Reading { link, path: path.into(), chunks, empty: 0, _place: None }
    }

    /// Keeps a place among the contents that are read at the same time.
    pub(super) fn holding(self, place: SemaphorePermit<'a>) -> Self {
        Reading { _place: Some(place), ..self }
    }

    /// The next piece; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let quiet = self.link.limits.quiet;
        let message = self.link.answer(&doing(&self.path), quiet, self.chunks.message()).await.map_err(of_item)?;
        let Some(chunk) = message.map(|message| message.chunk) else { return Ok(None) };
        self.empty += usize::from(chunk.is_empty());
        if self.empty > EMPTY_CHUNKS {
            let what = format!("{} has a content without an end and without anything in it", path::shown(&self.path));
            return Err(Error::new(ErrorKind::Item, what));
        }
        Ok(Some(chunk))
    }
}

/// What reading the content at `path` is called, behind "cannot".
pub(super) fn doing(path: &str) -> String {
    format!("read {}", path::shown(path))
}

/// The plugin's refusal of one content is that item's alone.
pub(super) fn of_item(error: Error) -> Error {
    match error.kind {
        ErrorKind::Refused | ErrorKind::Usage | ErrorKind::Access => Error { kind: ErrorKind::Item, ..error },
        _ => error,
    }
}
