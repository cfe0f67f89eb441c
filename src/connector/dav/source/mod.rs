//! An account as a source: discover, list each collection, fetch what is listed, and hand it on as the tree of a snapshot.
//!
//! Collections are worked on side by side, so one is listed while another is fetched. Promised: every collection and item
//! that the server names is sent as an entry or as a failure, once; sizes are exact; memory stays bounded (`buffer`).

mod buffer;
mod collection;
mod deliver;
mod exact;
mod fetch;
mod listing;
mod tree;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Semaphore, mpsc};

use super::open::{Opened, failed};
use crate::connector::filter::Filter;
use crate::connector::{About, Entry, EntryKind, Error, ErrorKind, Found, Source};
use crate::dav::request::Get;
use crate::dav::{self, Client, Kind};
use crate::report::sentence;
use buffer::{Buffer, Wanted};

/// An account on a server, to read from.
pub(in crate::connector) struct DavSource {
    client: Client,
    about: About,
    kinds: Vec<Kind>,
    connections: usize,
    filter: Filter,
    buffer: Buffer,
}

/// One listing of a [`DavSource`].
struct Run<'a> {
    source: &'a DavSource,
    found: mpsc::Sender<Found>,
    /// Bounds how many batches of contents are in memory besides the buffer.
    batches: Semaphore,
}

/// Why a listing ends before its end.
enum Stop {
    /// Nobody listens any more.
    Unheard,
    /// Nothing further can be read, and what was read is not the whole.
    Broken(Error),
}

impl DavSource {
    /// A source over an opened account; the options are checked ones.
    pub fn new(opened: Opened, options: &BTreeMap<String, String>) -> Result<Self, Error> {
        let Opened { client, about, kinds, connections } = opened;
        Ok(Self { client, about, kinds, connections, filter: Filter::new(options)?, buffer: Buffer::default() })
    }

    async fn discover(&self) -> Result<dav::Account, Error> {
        let found = dav::discover(&self.client, &self.kinds).await;
        found.map_err(|error| failed(format!("cannot find the account at {}", self.about.origin), error))
    }
}

#[async_trait]
impl Source for DavSource {
    fn about(&self) -> About {
        self.about.clone()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.discover().await.map(drop)
    }

    async fn list(&self, found: mpsc::Sender<Found>) -> Result<(), Error> {
        let account = self.discover().await?;
        self.buffer.clear();
        let run = Run { source: self, found, batches: Semaphore::new(self.connections.max(1)) };
        match run.account(account).await {
            Ok(()) | Err(Stop::Unheard) => Ok(()),
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    async fn read(&self, path: &str) -> Result<Bytes, Error> {
        let origin = match self.buffer.take(path) {
            Some(Wanted::Held(content)) => return Ok(content),
            Some(Wanted::Elsewhere(origin)) => origin,
            None => return Err(item(format!("{path} was not listed"))),
        };
        let Some(href) = origin.href else { return Err(item(format!("{path} was handed out before"))) };
        let got = self.client.send(&Get { at: href, vcard_version: origin.vcard_version }).await;
        let content = got.map_err(|error| failed(format!("cannot read {path}"), error))?.bytes;
        if content.len() as u64 != origin.size {
            return Err(item(format!("{path} changed on the server while it was read")));
        }
        Ok(content)
    }

    fn settled(&self, path: &str) {
        self.buffer.settle(path);
    }
}

impl Run<'_> {
    async fn account(&self, account: dav::Account) -> Result<(), Stop> {
        self.folder("/").await?;
        for failure in &account.failures {
            // The folder above all of them: no collection that the snapshot before has is known to be gone.
            let why = format!("{} could not be listed: {}", failure.href, sentence(&failure.why));
            for home in account.homes.iter().filter(|home| home.href == failure.href) {
                self.failed(tree::root_of(home.kind).to_owned(), why.clone()).await?;
            }
        }
        let folders = tree::folders(account.collections, &self.source.filter);
        for kind in Kind::ALL {
            if folders.iter().any(|folder| folder.collection.kind == kind) {
                self.folder(tree::root_of(kind)).await?;
            }
        }
        stream::iter(folders)
            .map(|folder| async move { self.collection(folder).await })
            .buffer_unordered(self.source.connections.max(1))
            .try_collect::<()>()
            .await
    }

    async fn folder(&self, path: &str) -> Result<(), Stop> {
        let entry = Entry {
            path: path.to_owned(),
            name: tree::last_name(path).to_owned(),
            kind: EntryKind::Folder,
            modified: None,
            version: 0,
        };
        self.send(Found::Entry(entry)).await
    }

    async fn failed(&self, path: String, why: String) -> Result<(), Stop> {
        self.send(Found::Failed { path, why }).await
    }

    async fn send(&self, found: Found) -> Result<(), Stop> {
        self.found.send(found).await.map_err(|_| Stop::Unheard)
    }
}

fn item(what: String) -> Error {
    Error { kind: ErrorKind::Item, what, source: None }
}
