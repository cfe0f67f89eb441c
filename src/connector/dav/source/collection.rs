//! One collection: its folder, the files that describe it, and its items.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::at_once::Given;
use super::buffer::Origin;
use super::changes::{self, Note, Seen};
use super::fetch::{Came, Fetch};
use super::named::{New, Same, named};
use super::tree::{self, Folder};
use super::{Run, Stop};
use crate::connector::dav::described::{Between, Described, metadata_of};
use crate::connector::dav::open::failed;
use crate::connector::dav::remembered::{ItemSum, RememberedState};
use crate::connector::held::first_bytes;
use crate::connector::name::COLLECTION_FILE;
use crate::connector::{Entry, EntryKind, Found};
use crate::dav::request::Member;
use crate::dav::{Collection, Error, Kind, Role};
use crate::item::kind::Kind as ItemKind;
use crate::report::sentence;

/// So many collections lost in a row, and the server is gone.
const MOST_LOST: usize = 3;

/// How many items that did not change are made known at once, so that a host that lacks them gets many with one request.
const READ_AHEAD: usize = 200;

/// An item that was listed, and the place that it gets.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Absolute path in the snapshot.
    pub path: String,
    /// What the listing said.
    pub member: Member,
}

impl Run<'_> {
    /// Sends a collection with all that is in it.
    pub(super) async fn collection(&self, folder: Folder) -> Result<(), Stop> {
        let Folder { path, collection } = folder;
        let is_left_out = collection.role == Role::Subscribed && !self.reads_feeds;
        if !is_left_out && self.is_as_before(&path, &collection).await? {
            return Ok(());
        }
        let fetch = Fetch::new(self, &collection, &path);
        let mut given = if is_left_out { Given::default() } else { Box::pin(self.at_once(&fetch)).await? };
        let (seen, broken) = match Box::pin(self.look(&collection, is_left_out, &mut given)).await {
            Ok(seen) => (seen, None),
            Err(error) if given.is_begun() => (Seen::default(), Some(error)),
            Err(error) => return self.not_listed(path, error).await,
        };
        let Seen { same, new, part, note, contradicted } = seen;
        let mut described = self.described(&collection);
        described.incomplete |= is_left_out || given.is_narrowed || broken.is_some() || part.is_some();
        let (mut same, mut new) = named(same, new, |name| given.has_taken(name));
        described.incomplete |= !self.keep_wanted(&path, &mut same, &mut new);
        let mut sum = sum_of(&same);
        described.holds(&sum.components);
        let is_same = new.is_empty() && !given.is_begun() && broken.is_none() && part.is_none();
        let held = if is_same { self.held(&path, &collection, &sum, &described).await } else { None };
        match held {
            Some(contents) => {
                self.folder_with(&path, contents).await?;
                same.clear();
            }
            None if given.is_begun() => {}
            None => self.open(&path, &collection).await?,
        }
        if let Some(error) = broken {
            self.not_listed(path.clone(), error).await?;
        }
        self.doubts(&path, part, contradicted).await?;
        let state = self.begin(&collection, note).await;
        let (sent, came) = tokio::join!(self.same(&path, same), fetch.items(new));
        sent?;
        match came {
            Ok(Came { failures, sum: came }) => {
                described.incomplete |= failures > 0;
                described.holds(&came.components);
                sum.extend(came);
                // Of what is left out nothing was asked.
                if !is_left_out {
                    self.was_read();
                }
            }
            Err(Stop::Lost(error)) => {
                described.incomplete = true;
                self.lost(path.clone(), error).await?;
            }
            Err(stop) => return Err(stop),
        }
        self.remember(&collection, state, sum, described.incomplete);
        match held {
            Some(_) => Ok(()),
            None => self.describe(&path, &collection, described).await,
        }
    }

    /// Remembers in which state a collection was read, and what its items come to.
    fn remember(&self, collection: &Collection, state: Option<RememberedState>, sum: ItemSum, is_incomplete: bool) {
        let (Some(state), Some(memory)) = (state, self.memory) else { return };
        let state = RememberedState { sum: Some(sum), ..state };
        memory.read(collection, if is_incomplete { state.in_part() } else { state });
    }

    /// Whether a collection is as it was, and the host has it: then it is sent without a look at its items.
    async fn is_as_before(&self, path: &str, collection: &Collection) -> Result<bool, Stop> {
        let Some((memory, known)) = self.memory.and_then(|memory| Some((memory, memory.known(collection)?))) else {
            return Ok(false);
        };
        let before = &known.collection.state;
        // Which of the items the host wants now shows in their names alone.
        let is_told = changes::is_as_before(before, &collection.state, self.source.sweep);
        let Some(sum) = before.sum.as_ref().filter(|_| is_told && self.source.unwanted.get().is_none()) else {
            return Ok(false);
        };
        let mut described = self.described(collection);
        described.holds(&sum.components);
        let Some(contents) = self.held(path, collection, sum, &described).await else { return Ok(false) };
        self.folder_with(path, contents).await?;
        self.was_read();
        memory.as_before(known.id);
        Ok(true)
    }

    /// Notes that a collection was read to its end.
    fn was_read(&self) {
        self.read.store(true, Ordering::Relaxed);
        self.lost.store(0, Ordering::Relaxed);
    }

    /// The number of what is in a collection with such items, if the host has that.
    async fn held(&self, path: &str, collection: &Collection, items: &ItemSum, described: &Described) -> Option<u64> {
        if !self.held.may_have_any() {
            return None;
        }
        let mut contents = items.contents;
        let mut add = |name: &str, text: &[u8]| contents.add(name, text.len() as u64, version_of(text), None);
        for (name, value) in metadata_of(collection) {
            add(name, value.as_bytes());
        }
        add(COLLECTION_FILE, &self.description(collection, described.clone()).await?);
        let contents = contents.number();
        self.held.has(path, contents).await.then_some(contents)
    }

    /// Sends the folder of a collection and what describes it to other programs.
    pub(super) async fn open(&self, path: &str, collection: &Collection) -> Result<(), Stop> {
        self.folder(path).await?;
        self.source.buffer.place(path.to_owned(), collection.kind, collection.href.clone());
        for (name, value) in metadata_of(collection) {
            self.text(format!("{path}/{name}"), value.into_bytes()).await?;
        }
        Ok(())
    }

    /// What is known of a collection before its items are.
    fn described(&self, collection: &Collection) -> Described {
        let mut described = Described::of(collection);
        if collection.kind == Kind::Calendar {
            described.only_components.clone_from(&self.source.filter.components);
            let [since, until] = self.source.filter.edges().map(|(_, edge)| edge);
            described.only_between = (since.is_some() || until.is_some()).then_some(Between { since, until });
        }
        described
    }

    /// Sends the file with everything that vdir has no file for.
    async fn describe(&self, path: &str, collection: &Collection, described: Described) -> Result<(), Stop> {
        let file = format!("{path}/{COLLECTION_FILE}");
        match self.description(collection, described).await {
            Some(text) => self.text(file, text).await,
            None => self.failed(file, "the server did not say what other properties it has".to_owned()).await,
        }
    }

    /// What that file says; `None` where the one of the snapshot before says it better.
    async fn description(&self, collection: &Collection, described: Described) -> Option<Vec<u8>> {
        let told = self.told.wait().await;
        // That one says what else there is; but what it says of the items must hold of these.
        let is_narrowed = described.only_between.is_some() || !described.only_components.is_empty();
        if told.lacks(&collection.href) && !described.incomplete && !is_narrowed {
            return None;
        }
        Some(described.with(told.of(&collection.href)).to_bytes())
    }

    /// Says that a collection could not be listed.
    async fn not_listed(&self, path: String, error: Error) -> Result<(), Stop> {
        if error.is_about_all() {
            return self.lost(path, error).await;
        }
        self.failed(path, sentence(&error)).await
    }

    /// Says what a listing left in doubt.
    async fn doubts(&self, path: &str, part: Option<String>, contradicted: bool) -> Result<(), Stop> {
        if contradicted {
            self.source.say(format!(
                "the ctag of {path} was the one of the backup before, and something had changed: just now, or the server \
                 does not tell of all changes"
            ));
        }
        match part {
            // The folder itself: whatever the snapshot before has in it is not known to be gone.
            Some(why) => self.failed(path.to_owned(), why).await,
            None => Ok(()),
        }
    }

    /// Drops what the host does not want; whether it wants all.
    fn keep_wanted(&self, folder: &str, same: &mut Vec<Same>, new: &mut Vec<New>) -> bool {
        let before = same.len() + new.len();
        same.retain(|same| !self.is_unwanted(|| same.path(folder)));
        new.retain(|new| !self.is_unwanted(|| new.path(folder)));
        same.len() + new.len() == before
    }

    /// Whether the host does not want the item of that path.
    pub(super) fn is_unwanted(&self, path: impl FnOnce() -> String) -> bool {
        self.source.unwanted.get().is_some_and(|unwanted| unwanted(&path(), false))
    }

    /// What is in a collection beside what was `given` already, or nothing where that is not wanted.
    async fn look(&self, collection: &Collection, is_left_out: bool, given: &mut Given) -> Result<Seen, Error> {
        if is_left_out {
            return Ok(Seen::default());
        }
        let (client, sweep) = (&self.source.client, self.source.sweep);
        if let Some(rest) = given.take_rest() {
            return Ok(changes::first(client, collection, rest, sweep));
        }
        let mut seen = Box::pin(changes::look(client, self.memory, collection, sweep)).await?;
        seen.new.retain(|member| member.trouble.is_some() || !given.has(collection, &member.href));
        Ok(seen)
    }

    /// Begins to write down a collection of which nothing is known.
    pub(super) async fn begin_anew(&self, collection: &Collection) {
        if let Some(memory) = self.memory {
            memory.begin(collection, false, Vec::new()).await;
        }
    }

    /// Notes what became of a collection; the state that it is in once all of it is stored.
    async fn begin(&self, collection: &Collection, note: Note) -> Option<RememberedState> {
        match note {
            Note::None => None,
            Note::AsBefore(id) => {
                self.memory?.as_before(id);
                None
            }
            Note::Changed { forget, gone, state } => {
                self.memory?.begin(collection, forget, gone).await;
                Some(state)
            }
        }
    }

    /// Sends what is as it was; its content is asked for only by a host that lacks it.
    async fn same(&self, folder: &str, same: Vec<Same>) -> Result<(), Stop> {
        let wanted = same.into_iter().filter(|same| same.item.wanted);
        let mut same = wanted.map(|same| (same.path(folder), same.href, same.item)).peekable();
        while same.peek().is_some() {
            let next: Vec<_> = same.by_ref().take(READ_AHEAD).collect();
            // All of these are known before a host asks for the first.
            for (path, href, item) in &next {
                let (href, vcard_version) = (Some(href.clone()), item.vcard_version);
                let origin = Origin { href, vcard_version, size: item.size, version: item.version };
                self.source.buffer.expect(path.clone(), origin);
            }
            for (path, _, item) in next {
                let entry = Entry {
                    name: tree::last_name(&path).to_owned(),
                    path,
                    kind: EntryKind::File { size: item.size },
                    modified: item.modified,
                    version: item.version,
                };
                self.send(Found::Entry(entry)).await?;
            }
        }
        Ok(())
    }

    /// Says that a collection could not be read, or not to its end; gives up where others were lost before it.
    async fn lost(&self, path: String, error: Error) -> Result<(), Stop> {
        let why = sentence(&error);
        let error = failed(format!("cannot read {path}"), error);
        if self.lost.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_LOST {
            return Err(Stop::Broken(error));
        }
        // Only the first is of use: the run ends with it if nothing else can be read either.
        let _ = self.first_lost.set(error);
        self.failed(path, why).await
    }

    /// Sends a file that no request of its own gives.
    async fn text(&self, path: String, content: Vec<u8>) -> Result<(), Stop> {
        let origin =
            Origin { href: None, vcard_version: None, size: content.len() as u64, version: version_of(&content) };
        let entry = Entry {
            name: tree::last_name(&path).to_owned(),
            path,
            kind: EntryKind::File { size: origin.size },
            modified: None,
            version: origin.version,
        };
        self.file(entry, origin, Bytes::from(content)).await
    }

    /// Holds a content and says that it is there.
    pub(super) async fn file(&self, entry: Entry, origin: Origin, content: Bytes) -> Result<(), Stop> {
        self.source.buffer.hold(entry.path.clone(), origin, content).await;
        self.send(Found::Entry(entry)).await
    }
}

/// First 8 bytes of SHA-256 of the content. Not of the `ETag`: QUIRK(sogo): gives every new item the same one; QUIRK(cyrus):
/// gives one card in two versions under it.
pub(super) fn version_of(content: &[u8]) -> u64 {
    first_bytes(&Sha256::digest(content))
}

/// What items that are as they were come to.
fn sum_of(same: &[Same]) -> ItemSum {
    let mut sum = ItemSum::default();
    for same in same.iter().filter(|same| same.item.wanted) {
        sum.contents.add(&same.name(), same.item.size, same.item.version, same.item.modified);
    }
    let mut texts: Vec<&str> = same.iter().map(|same| &*same.item.components).collect();
    texts.dedup();
    sum.components = texts.into_iter().flat_map(|text| text.split(',')).filter_map(ItemKind::component_named).collect();
    sum
}
