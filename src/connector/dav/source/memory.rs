//! What a run knows from the runs before it, and what it writes down for the next.
//!
//! An item is written down when the host has settled it, a collection when all of its items are. Nothing here ever fails a
//! backup: what can't be remembered is read again.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::early::Early;
use crate::connector::dav::remembered::{
    End, Identity, Remembered, RememberedAccount, RememberedCollection, RememberedItem, RememberedState,
};
use crate::dav::{Client, Collection, Href, Kind, Others, is_live};

/// Items that are written down at once.
const AT_ONCE: usize = 500;

/// The memory of one source.
pub(super) struct Memory {
    remembered: Arc<Remembered>,
    client: Client,
    run: Mutex<This>,
    to_writer: mpsc::UnboundedSender<Note>,
    early: Early,
}

/// What this run has learned so far.
#[derive(Default)]
struct This {
    /// What was known of each collection when the run began.
    known: HashMap<(Kind, Href), Known>,
    /// What the host has not settled yet, by path.
    open: HashMap<String, (i64, RememberedItem)>,
    /// The collections that are written down, and their numbers.
    writing: HashMap<(Kind, Href), i64>,
    /// How many items of each collection the host has not settled.
    unsettled: HashMap<i64, usize>,
    end: End,
}

/// What is known of a collection.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its number.
    pub id: i64,
    /// As it was.
    pub collection: RememberedCollection,
}

/// What is to be written down.
enum Note {
    Item(i64, RememberedItem),
    Gone(i64, Box<str>),
    /// Other than was remembered.
    Wrong(i64, Box<str>),
    /// All before it is to be written first.
    Then(oneshot::Sender<()>),
}

impl Memory {
    /// Opens the memory of an account in `folder`; `None` where that is not possible.
    pub async fn open(folder: &Path, identity: &Identity, client: &Client) -> Option<Self> {
        let remembered = Arc::new(Remembered::open(folder, identity).await.ok()?);
        let (to_writer, notes) = mpsc::unbounded_channel();
        tokio::spawn(write(Arc::clone(&remembered), notes));
        Some(Self { remembered, client: client.clone(), run: Mutex::default(), to_writer, early: Early::default() })
    }

    fn run(&self) -> MutexGuard<'_, This> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run: where the account was, if what is remembered of its items holds for this `filter`, too. Where the host may have
    /// folders as they are, items are read early only of those that can't be summed up.
    pub async fn account(&self, filter: &str, may_hold: bool) -> Option<RememberedAccount> {
        *self.run() = This::default();
        let account = self.remembered.account().await.ok().flatten()?;
        if account.filter != filter {
            self.remembered.forget_collections().await.ok()?;
        }
        let collections = self.remembered.collections().await.ok()?;
        let mut to_read = collections.clone();
        to_read.retain(|(_, known)| known.state.whole && !(may_hold && known.state.sum.is_some()));
        self.early.begin(Arc::clone(&self.remembered), to_read);
        let known = collections.into_iter().filter_map(|(id, collection)| {
            let href = self.client.href(&collection.href).ok()?;
            Some(((collection.kind, href), Known { id, collection }))
        });
        let known = known.collect();
        self.run().known = known;
        Some(account)
    }

    /// Remembers where the account is.
    pub async fn keep(&self, account: &RememberedAccount) {
        // Where that is not possible, it is searched for again.
        let _ = self.remembered.keep(account).await;
    }

    /// Remembers that the account was found where it was, once the run is over: a run that is broken off leaves no trace of that.
    pub fn keep_at_end(&self, account: RememberedAccount) {
        self.run().end.account = Some(account);
    }

    /// What is known of a collection.
    pub fn known(&self, collection: &Collection) -> Option<Known> {
        self.run().known.get(&(collection.kind, collection.href.clone())).cloned()
    }

    /// The other properties that the collections had.
    pub fn others(&self) -> Others {
        let run = self.run();
        let of_one = |((_, href), known): (&(Kind, Href), &Known)| {
            let properties = known.collection.properties.clone().into_iter();
            let href = href.clone();
            properties.map(move |(namespace, name, is_empty)| (href.clone(), namespace, name, is_empty))
        };
        Others::of(run.known.iter().flat_map(of_one))
    }

    /// The items that a collection had; `None` where that can't be told.
    pub async fn items(&self, known: &Known) -> Option<Vec<RememberedItem>> {
        if let Some((writer, items)) = self.early.take(known.id)
            && self.remembered.is_still(known.id, &known.collection, writer).await.unwrap_or(false)
        {
            return Some(items);
        }
        let read = self.remembered.items(known.id, &known.collection).await.ok().flatten();
        read.map(|(_, items)| items)
    }

    /// Takes down what else collections have; of those that are `undescribed` nobody knows.
    pub async fn describe(&self, collections: &[Collection], undescribed: &HashSet<Href>) {
        let described = collections.iter().map(|collection| {
            let others = collection.other.iter().filter(|one| !is_live(&one.namespace, &one.name));
            let properties = others.map(|one| (one.namespace.clone(), one.name.clone(), one.is_empty())).collect();
            let is_known = !undescribed.contains(&collection.href);
            (collection.kind, self.text_of(&collection.href), is_known.then_some(properties))
        });
        // What is not taken down is asked for by its name again.
        let _ = self.remembered.describe(&described.collect::<Vec<_>>()).await;
    }

    /// Forgets what is known of all collections: they are somebody else's.
    pub async fn forget(&self) {
        self.run().known.clear();
        let _ = self.remembered.forget_collections().await;
    }

    /// An href as it is written down.
    pub fn text_of(&self, href: &Href) -> Box<str> {
        match self.client.href(href.path()) {
            Ok(own) if own == *href => href.path().into(),
            _ => String::from(href.url()).into(),
        }
    }

    /// Begins to write a collection down, `forget`ting what its items were, and without those that are `gone`.
    pub async fn begin(&self, collection: &Collection, forget: bool, gone: Vec<Box<str>>) {
        let href = self.text_of(&collection.href);
        let Ok(id) = self.remembered.begin(collection.kind, &href, forget).await else { return };
        self.run().writing.insert((collection.kind, collection.href.clone()), id);
        for href in gone {
            let _ = self.to_writer.send(Note::Gone(id, href));
        }
    }

    fn number(&self, collection: &Collection) -> Option<i64> {
        self.run().writing.get(&(collection.kind, collection.href.clone())).copied()
    }

    /// An item is about to be handed to the host, which may settle it from then on.
    pub fn handed_on(&self, collection: &Collection, path: &str, item: RememberedItem) {
        let Some(id) = self.number(collection) else { return };
        let mut run = self.run();
        *run.unsettled.entry(id).or_default() += 1;
        run.open.insert(path.to_owned(), (id, item));
    }

    /// An item is left out for what it is.
    pub fn left_out(&self, collection: &Collection, item: RememberedItem) {
        if let Some(id) = self.number(collection) {
            let _ = self.to_writer.send(Note::Item(id, item));
        }
    }

    /// The host is done with `path`.
    pub fn settled(&self, path: &str) {
        let mut run = self.run();
        let Some((collection, item)) = run.open.remove(path) else { return };
        if let Some(unsettled) = run.unsettled.get_mut(&collection) {
            *unsettled = unsettled.saturating_sub(1);
        }
        drop(run);
        let _ = self.to_writer.send(Note::Item(collection, item));
    }

    /// An item is other than was remembered: nothing of it is known any more, and its collection is to be listed, whatever else
    /// this run writes down of it.
    pub fn wrong(&self, kind: Kind, collection: &Href, item: &Href) {
        let key = (kind, collection.clone());
        let id = {
            let run = self.run();
            run.writing.get(&key).copied().or_else(|| run.known.get(&key).map(|known| known.id))
        };
        let Some(id) = id else { return };
        let _ = self.to_writer.send(Note::Wrong(id, self.text_of(item)));
    }

    /// The account has these collections, and no other: what is known of others is of no use any more.
    pub fn only(&self, collections: &[Collection], trash: &[Collection]) {
        let there: HashSet<_> = collections.iter().chain(trash).map(|one| (one.kind, one.href.clone())).collect();
        let mut run = self.run();
        let gone = run.known.iter().filter(|(key, _)| !there.contains(*key)).map(|(_, known)| known.id);
        run.end.gone = gone.collect();
    }

    /// A collection was as before.
    pub fn as_before(&self, collection: i64) {
        self.run().end.unchanged.push(collection);
    }

    /// A collection was read; its state holds once its items are settled.
    pub fn read(&self, collection: &Collection, state: RememberedState) {
        let Some(id) = self.number(collection) else { return };
        self.run().end.written.push((id, state));
    }

    /// Ends a run. Where `takes_rest`, the host has taken what it did not settle, too.
    pub async fn end(&self, takes_rest: bool) {
        self.early.end();
        let end = {
            let mut run = self.run();
            if takes_rest {
                for (_, (collection, item)) in std::mem::take(&mut run.open) {
                    let _ = self.to_writer.send(Note::Item(collection, item));
                }
                run.unsettled.clear();
            }
            let mut end = std::mem::take(&mut run.end);
            for (id, state) in &mut end.written {
                if run.unsettled.get(id).is_some_and(|count| *count > 0) {
                    *state = state.clone().in_part();
                }
            }
            *run = This::default();
            end
        };
        let (done, written) = oneshot::channel();
        let _ = self.to_writer.send(Note::Then(done));
        // Without a writer nothing was written, and nothing may count as whole.
        if written.await.is_ok() {
            let _ = self.remembered.end(&end).await;
        }
    }
}

/// Writes notes down, as many at once as there are.
async fn write(remembered: Arc<Remembered>, mut notes: mpsc::UnboundedReceiver<Note>) {
    let mut waiting = Vec::with_capacity(AT_ONCE);
    while notes.recv_many(&mut waiting, AT_ONCE).await > 0 {
        let (mut items, mut gone, mut wrong, mut then) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for note in waiting.drain(..) {
            match note {
                Note::Item(collection, item) => items.push((collection, item)),
                Note::Gone(collection, href) => gone.push((collection, href)),
                Note::Wrong(collection, href) => wrong.push((collection, href)),
                Note::Then(done) => then.push(done),
            }
        }
        let written = async {
            if !items.is_empty() || !gone.is_empty() {
                remembered.write(&items, &gone).await?;
            }
            if wrong.is_empty() { Ok(()) } else { remembered.doubt(&wrong).await }
        };
        // Who waits for all of it must not be told that it is there.
        if written.await.is_err() {
            return;
        }
        for done in then {
            let _ = done.send(());
        }
    }
}
