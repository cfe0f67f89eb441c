//! What a host asks for that is not held: contents of items that did not change, for a host that has never seen them, and
//! contents that were given up. With each comes what it will most likely ask for next.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::buffer::{Batch, Origin, Wanted};
use super::collection::version_of;
use super::{DavSource, item};
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::dav::Href;
use crate::dav::request::{Get, Multiget};
use crate::item::terminator::to_crlf;

impl DavSource {
    /// The content of the item at `path`: the very one that the host was told of.
    pub(super) async fn content(&self, path: &str) -> Result<Bytes, Error> {
        loop {
            let moved = self.buffer.moved();
            tokio::pin!(moved);
            // From here on nothing is missed.
            moved.as_mut().enable();
            let batches = match self.buffer.take(path, self.connections.max(1)) {
                Some(Wanted::Held(content)) => return Ok(content),
                Some(Wanted::Coming) => {
                    moved.await;
                    continue;
                }
                Some(Wanted::Fetch(batches)) => batches,
                Some(Wanted::Gone) => return Err(item(format!("{path} was handed out before"))),
                None => {
                    return Err(item(format!("{path} was not listed, or the host said that it is done with it")));
                }
            };
            let coming = Coming { source: self, left: paths(&batches) };
            let fetched = self.fetch(path, batches).await;
            drop(coming);
            return fetched;
        }
    }

    /// Fetches batches; the content of `path` is among them.
    async fn fetch(&self, path: &str, batches: Vec<Batch>) -> Result<Bytes, Error> {
        let mut found = Err(item(format!("{path} can't be fetched again")));
        let mut batches =
            stream::iter(batches).map(|batch| self.batch(path, batch)).buffer_unordered(self.connections.max(1));
        while let Some(own) = batches.next().await {
            if let Some(own) = own {
                found = own;
            }
        }
        found
    }

    /// Fetches a batch; what comes is held, but for the content of `path`, which is given back.
    async fn batch(&self, path: &str, batch: Batch) -> Option<Result<Bytes, Error>> {
        let mut texts = self.texts(&batch).await;
        let mut own = None;
        for (at, origin) in &batch.items {
            let text = origin.href.as_ref().and_then(|href| texts.remove(href));
            let content = text.and_then(|text| of_version(text, origin));
            if at == path {
                let got = match content {
                    Some(content) => Ok(content),
                    None => self.got(path, &batch, origin).await,
                };
                // It is with the host now; what the host wants again it asks for again.
                self.buffer.came(at, None);
                own = Some(got);
            } else {
                self.buffer.came(at, content);
            }
        }
        own
    }

    /// The texts that a multiget gives; none where it fails. One item alone is asked for by GET.
    async fn texts(&self, batch: &Batch) -> HashMap<Href, Bytes> {
        let hrefs: Vec<Href> = batch.items.iter().filter_map(|(_, origin)| origin.href.clone()).collect();
        if hrefs.len() < 2 {
            return HashMap::new();
        }
        let vcard_version = batch.items.first().and_then(|(_, origin)| origin.vcard_version);
        let request = Multiget { kind: batch.kind, collection: batch.collection.clone(), hrefs, vcard_version };
        let fetched = self.client.send(&request).await.unwrap_or_default();
        fetched.into_iter().filter_map(|one| Some((one.href, Bytes::from(one.data?)))).collect()
    }

    /// What GET gives for an item.
    async fn got(&self, path: &str, batch: &Batch, origin: &Origin) -> Result<Bytes, Error> {
        let Some(href) = &origin.href else { return Err(item(format!("{path} was handed out before"))) };
        let got = self.client.send(&Get { at: href.clone(), vcard_version: origin.vcard_version }).await;
        let content = got.map_err(|error| failed(format!("cannot read {path}"), error))?.bytes;
        of_version(content, origin).ok_or_else(|| {
            if let Some(memory) = self.memory() {
                memory.wrong(batch.kind, &batch.collection, href);
            }
            item(format!("{path} changed on the server while it was read"))
        })
    }
}

/// What is on its way. Whoever is no longer waited for lets others fetch it.
struct Coming<'a> {
    source: &'a DavSource,
    left: Vec<String>,
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        for path in &self.left {
            self.source.buffer.came(path, None);
        }
    }
}

fn paths(batches: &[Batch]) -> Vec<String> {
    batches.iter().flat_map(|batch| &batch.items).map(|(path, _)| path.clone()).collect()
}

/// The form of a text that the host was told of.
fn of_version(text: Bytes, origin: &Origin) -> Option<Bytes> {
    let is_it = |text: &[u8]| text.len() as u64 == origin.size && version_of(text) == origin.version;
    if is_it(&text) {
        return Some(text);
    }
    let with_cr = to_crlf(&text).into_owned();
    is_it(&with_cr).then(|| Bytes::from(with_cr))
}
