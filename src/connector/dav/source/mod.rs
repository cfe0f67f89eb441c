//! An account as a source: discover, list each collection, fetch what is listed, and hand it on as the tree of a snapshot.
//!
//! Collections are worked on side by side, so one is listed while another is fetched. Promised: every collection and item
//! that the server names is sent as an entry or as a failure, once; sizes are exact; memory stays bounded (`buffer`).

mod ahead;
mod at_once;
mod buffer;
mod changes;
mod collection;
mod deliver;
mod early;
mod exact;
mod fetch;
mod find;
mod flow;
mod listing;
mod marks;
mod memory;
mod named;
mod others;
mod pace;
mod radicale;
mod sweep;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{OnceCell, SetOnce, mpsc};

use super::open::{Opened, failed};
use super::remembered::Identity;
use crate::connector::filter::Filter;
use crate::connector::options::is_on;
use crate::connector::{About, Entry, EntryKind, Error, ErrorKind, Found, Held, Source, Unwanted};
use crate::dav::{self, Client, Kind};
use buffer::Buffer;
use flow::Flow;
use memory::Memory;
use others::{Others, Told};
use sweep::Sweep;
use tree::Tree;

pub(super) use tree::folder_of;

/// An account on a server, to read from.
pub(in crate::connector) struct DavSource {
    client: Client,
    about: About,
    kinds: Vec<Kind>,
    connections: usize,
    filter: Filter,
    /// Whether the items of subscribed calendars are wanted.
    include_subscribed: bool,
    /// Whether what was deleted is wanted.
    include_trash: bool,
    unwanted: OnceLock<Unwanted>,
    /// What the host has already, as it will tell in the next listing.
    held: Mutex<Held>,
    buffer: Buffer,
    /// How often everything is listed.
    sweep: Sweep,
    identity: Identity,
    /// Where it remembers what saves requests in the next run.
    folder: Option<PathBuf>,
    memory: OnceCell<Option<Memory>>,
    /// The account as it was found, until it is listed.
    found: Mutex<Option<Account>>,
    /// What a person should read.
    sentences: Mutex<Vec<String>>,
}

/// An account that was found.
struct Account {
    account: dav::Account,
    /// What else its collections have.
    others: Others,
}

/// One listing of a [`DavSource`].
struct Run<'a> {
    source: &'a DavSource,
    memory: Option<&'a Memory>,
    found: mpsc::Sender<Found>,
    /// What the host has already.
    held: Held,
    /// What else its collections have, once that is known.
    told: SetOnce<Told>,
    /// What its collections share.
    flow: Flow,
    /// How many collections in a row could not be read because nobody answered.
    lost: AtomicUsize,
    first_lost: OnceLock<Error>,
    /// Whether anything could be read: an item, or a collection to its end.
    read: AtomicBool,
    /// Whether the items of subscriptions are read: asked for, or because the location is one.
    reads_feeds: bool,
}

/// Why a listing ends before its end.
enum Stop {
    /// Nobody listens any more.
    Unheard,
    /// Nothing further can be read, and what was read is not the whole.
    Broken(Error),
    /// Nothing further of one collection can be read.
    Lost(dav::Error),
}

impl DavSource {
    /// A source over an opened account; the options are checked ones.
    ///
    /// In `folder` it remembers what saves requests in the next run.
    pub fn new(opened: Opened, options: &BTreeMap<String, String>, folder: Option<PathBuf>) -> Result<Self, Error> {
        let Opened { client, about, kinds, connections, identity } = opened;
        let filter = Filter::new(options)?;
        Ok(Self {
            client,
            about,
            kinds,
            connections,
            filter,
            include_subscribed: is_on(options, "include_subscribed"),
            include_trash: is_on(options, "include_trash"),
            unwanted: OnceLock::new(),
            held: Mutex::default(),
            buffer: Buffer::default(),
            sweep: Sweep::new(options.get("verify").map(String::as_str)),
            identity,
            folder,
            memory: OnceCell::new(),
            found: Mutex::default(),
            sentences: Mutex::default(),
        })
    }

    /// What is remembered, once a run has begun.
    fn memory(&self) -> Option<&Memory> {
        self.memory.get().and_then(Option::as_ref)
    }

    fn say(&self, sentence: String) {
        lock(&self.sentences).push(sentence);
    }
}

#[async_trait]
impl Source for DavSource {
    fn about(&self) -> About {
        self.about.clone()
    }

    async fn ping(&self) -> Result<(), Error> {
        let found = self.find().await?;
        *lock(&self.found) = Some(found);
        Ok(())
    }

    fn leave_out(&self, unwanted: Unwanted) {
        // Said once; the first stands.
        let _ = self.unwanted.set(unwanted);
    }

    fn hold(&self, held: Held) {
        *lock(&self.held) = held;
    }

    async fn list(&self, found: mpsc::Sender<Found>) -> Result<(), Error> {
        let found_before = lock(&self.found).take();
        let Account { account, others } = match found_before {
            Some(account) => account,
            None => self.find().await?,
        };
        self.buffer.clear();
        let run = Run {
            source: self,
            memory: self.memory(),
            found,
            held: std::mem::take(&mut lock(&self.held)),
            told: SetOnce::new(),
            flow: Flow::new(self.connections),
            lost: AtomicUsize::new(0),
            first_lost: OnceLock::new(),
            read: AtomicBool::new(false),
            reads_feeds: self.include_subscribed || account.only,
        };
        match run.beside(others, Box::pin(run.account(account))).await {
            Ok(()) if run.read.into_inner() => Ok(()),
            Ok(()) => run.first_lost.into_inner().map_or(Ok(()), Err),
            Err(Stop::Unheard) => Ok(()),
            Err(Stop::Broken(error)) => Err(error),
            Err(Stop::Lost(error)) => Err(failed(format!("cannot read {}", self.about.origin), error)),
        }
    }

    async fn read(&self, path: &str) -> Result<Bytes, Error> {
        self.content(path).await
    }

    fn settled(&self, path: &str) {
        self.buffer.settle(path);
        if let Some(memory) = self.memory() {
            memory.settled(path);
        }
    }

    async fn end(&self, takes_rest: bool) -> Vec<String> {
        if let Some(memory) = self.memory() {
            memory.end(takes_rest).await;
        }
        std::mem::take(&mut *lock(&self.sentences))
    }
}

impl Run<'_> {
    async fn account(&self, account: dav::Account) -> Result<(), Stop> {
        self.folder("/").await?;
        let Tree { folders, missed } = tree::tree(account, &self.source.filter);
        for (path, why) in missed {
            self.failed(path, why).await?;
        }
        for kind in Kind::ALL {
            if folders.iter().any(|folder| folder.collection.kind == kind) {
                self.folder(tree::root_of(kind)).await?;
            }
        }
        self.flow.begin(folders.len());
        let read = |folder| async move {
            Box::pin(self.collection(folder)).await?;
            self.flow.done();
            Ok(())
        };
        stream::iter(folders).map(read).buffer_unordered(self.flow.collections()).try_collect::<()>().await
    }

    async fn folder(&self, path: &str) -> Result<(), Stop> {
        self.folder_with(path, 0).await
    }

    /// Sends a folder with what the host has in it, as the number of its contents; 0 where all in it will be sent.
    async fn folder_with(&self, path: &str, contents: u64) -> Result<(), Stop> {
        let entry = Entry {
            path: path.to_owned(),
            name: tree::last_name(path).to_owned(),
            kind: EntryKind::Folder,
            modified: None,
            version: contents,
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

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn item(what: String) -> Error {
    Error { kind: ErrorKind::Item, what, source: None }
}
