//! Where accounts are read from and put back to: [`Source`] and [`Destination`], and who implements them.
//!
//! A connector turns a CalDAV/CardDAV account or a local folder into the tree of a snapshot (a vdir) and back. It promises
//! exact bytes, and that one item's trouble never ends the run. It never decides what is stored or kept: the host does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

mod dav;
mod filter;
mod held;
mod location;
pub mod name;
mod on_conflict;
mod options;
pub mod secret;
pub mod vdir;

pub use held::{Contents, Held};
pub use location::SCHEMES;
pub use options::{OPTIONS, OptionSpec, is_on, is_secret, without_password};

use location::Location;

/// What a connector is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Data are read from it.
    Source,
    /// Data are put into it.
    Destination,
}

/// Checks a location and the names and values of its options; touches neither disk nor network.
pub fn check(role: Role, location: &str, options: &BTreeMap<String, String>) -> Result<(), Error> {
    let location = Location::parse(location)?;
    options::check(role, matches!(location, Location::Vdir(_)), options)
}

/// Lets an account be worked on by at most `at_once` requests at the same time, 0 for no limit; never more than without a
/// limit, and the option `connections` has the last word. A folder needs none.
pub fn limit(location: &str, options: &mut BTreeMap<String, String>, at_once: usize) {
    let usual = crate::dav::DEFAULT_CONNECTIONS;
    if at_once > 0 && at_once < usual && matches!(Location::parse(location), Ok(Location::Dav(_))) {
        options.entry("connections".to_owned()).or_insert_with(|| at_once.to_string());
    }
}

/// Whether it is an account on a server, and no folder: what is put there may be read back and compared, as a server may make
/// something else of it.
#[must_use]
pub fn is_account(location: &str) -> bool {
    matches!(Location::parse(location), Ok(Location::Dav(_)))
}

/// Whether the content of a `.collection.json` says that its folder is what lay in an account's bin.
#[must_use]
pub fn is_bin(content: &[u8]) -> bool {
    dav::is_bin(content)
}

/// Opens a location to read from; signs in only when something is asked of it. In the folder `memory` an account may remember
/// what saves requests in the next run; it holds no content and no secret, and may be deleted at any time.
pub async fn source(
    location: &str,
    options: &BTreeMap<String, String>,
    memory: Option<PathBuf>,
) -> Result<Box<dyn Source>, Error> {
    check(Role::Source, location, options)?;
    match Location::parse(location)? {
        Location::Dav(site) => Ok(Box::new(dav::DavSource::new(dav::open(site, options).await?, options, memory)?)),
        Location::Vdir(path) => Ok(Box::new(vdir::Source::open(&path, options)?)),
    }
}

/// Opens a location to put things back to; signs in only when something is asked of it.
pub async fn destination(location: &str, options: &BTreeMap<String, String>) -> Result<Box<dyn Destination>, Error> {
    check(Role::Destination, location, options)?;
    match Location::parse(location)? {
        Location::Dav(site) => Ok(Box::new(dav::DavDestination::new(dav::open(site, options).await?, options))),
        Location::Vdir(path) => Ok(Box::new(vdir::Destination::open(&path, options)?)),
    }
}

/// Which paths a host does not want in its snapshot: a path, and whether it is a folder.
pub type Unwanted = Arc<dyn Fn(&str, bool) -> bool + Send + Sync>;

/// Reads an account as the tree of a snapshot.
#[async_trait]
pub trait Source: Send + Sync {
    /// Who this is; needs no connection.
    fn about(&self) -> About;

    /// Connects, signs in and finds the account, and reads nothing else.
    async fn ping(&self) -> Result<(), Error>;

    /// Says, before anything is listed, what the host will leave out. It need not be read; a collection that lacks something for
    /// this reason is not said to be whole, or a restore that mirrors the snapshot would delete it.
    fn leave_out(&self, _unwanted: Unwanted) {}

    /// Says, before anything is listed, where the host will tell in the next listing which folders it has as they are. Of a folder
    /// that it has with the same [`Contents`] nothing need be sent but the folder, with the number of its contents as version.
    fn hold(&self, _held: Held) {}

    /// Sends every folder and item once, a folder before what is in it, `/` first, sizes exact.
    ///
    /// An item that can't be read is sent as [`Found::Failed`] and the listing goes on; an `Err` means that the listing as a
    /// whole can't be trusted. The content of an entry may be asked for by [`Source::read`] as soon as it was sent. A receiver
    /// that is gone ends the listing without an error.
    async fn list(&self, found: mpsc::Sender<Found>) -> Result<(), Error>;

    /// The content of the item at `path`, as sent by [`Source::list`]; asked for at most once unless it failed.
    async fn read(&self, path: &str) -> Result<Bytes, Error>;

    /// The host needs nothing more of `path`: it took the content, or had it already. What is held for it may go.
    fn settled(&self, path: &str);

    /// The host has settled all that it will; where `takes_rest`, it has taken what it said nothing of, too. What the next run
    /// goes by is written down now. Given back are sentences that a person should read.
    async fn end(&self, _takes_rest: bool) -> Vec<String> {
        Vec::new()
    }
}

/// Puts the tree of a snapshot back.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Who this is; needs no connection.
    fn about(&self) -> About;

    /// Connects, signs in and finds the account, and changes nothing.
    async fn ping(&self) -> Result<(), Error>;

    /// Whether `entry` must be stored before anything after it may be begun (folders, and what describes them).
    fn in_order(&self, entry: &Entry) -> bool;

    /// Whether which entry comes first decides what becomes of them. The first step of [`Destination::store`] is taken in the
    /// order of the entries then; it must not take long.
    fn begins_in_order(&self) -> bool {
        false
    }

    /// How many entries may be stored at the same time, at least 1.
    fn width(&self) -> usize;

    /// Stores one entry; `content` is there exactly for files. Entries come with folders before what is in them.
    async fn store(&self, entry: Entry, content: Option<Bytes>) -> Result<Outcome, Error>;

    /// Called after the last entry: makes empty collections, sets properties that came late.
    async fn finish(&self) -> Result<(), Error>;

    /// What one with `dry_run` would do besides what [`Destination::store`] said of each entry; complete after
    /// [`Destination::finish`].
    async fn foreseen(&self) -> Vec<Foreseen> {
        Vec::new()
    }

    /// The destination that does what this one, which has `dry_run`, was given as a plan. It knows what this one saw, so it looks
    /// at little twice; it needs only the entries that are to be stored; and it writes over nothing and deletes nothing that
    /// changed since, or came. `None` where planning and doing begin anew each.
    fn carry_out(&self) -> Option<Box<dyn Destination>> {
        None
    }
}

/// What would be done with the collection that a folder of a snapshot goes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// The folder in the snapshot that is restored.
    pub folder: String,
    /// Where its collection stands: a path on the server, or on the disk.
    pub at: String,
    /// What a source calls that collection: the folder that it has in a snapshot of this place.
    pub name: String,
    /// The collection has to be made.
    pub makes: bool,
    /// Names of its properties that would be set.
    pub sets: Vec<String>,
    /// What `mirror` would delete in it.
    pub deletes: Vec<String>,
    /// What `mirror` would leave although the snapshot lacks it, and why: sentences.
    pub leaves: Vec<String>,
    /// How many items would be put with `SCHEDULE-AGENT=CLIENT`.
    pub left_to_client: u64,
    /// How many would be put with their guests as notes.
    pub guests_as_notes: u64,
}

/// Who a connector speaks to, for a person and for the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Where the data come from or go to, such as `alice@dav.example.com`; no secret.
    pub origin: String,
    /// The scheme: `caldav`, `carddav`, `dav` or `vdir`.
    pub scheme: String,
    /// The path in the snapshot under which everything lies; always absolute.
    pub root: String,
}

/// What a source sends while it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A folder or an item.
    Entry(Entry),
    /// Something that is there but can't be read; `why` is one sentence.
    Failed {
        /// Path that it would have in the snapshot.
        path: String,
        /// The reason.
        why: String,
    },
}

/// A folder or a file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path in the snapshot, `/` between names, without `.`, `..` or NUL: `/calendars/work/a.ics`.
    pub path: String,
    /// Last name of the path; for the `/` of a partial restore the name of the folder that it stands for.
    pub name: String,
    /// Folder or file.
    pub kind: EntryKind,
    /// When it last changed, as far as known.
    pub modified: Option<SystemTime>,
    /// Changes exactly when the content does (first 8 bytes of its SHA-256); of a folder that the host [`Held`] the number of its
    /// [`Contents`]; 0 where there is no such thing.
    pub version: u64,
}

/// What an [`Entry`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file of exactly so many bytes.
    File {
        /// Length of the content in bytes.
        size: u64,
    },
}

/// What became of an entry at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there and now is.
    Created,
    /// Something else was there and was replaced.
    Replaced,
    /// It was put without its METHOD line, which no calendar may hold (RFC 4791 §4.1) and the server refused.
    WithoutMethod,
    /// It was put with `SCHEDULE-AGENT=CLIENT` (RFC 6638 §7.1), which keeps the server from telling its guests, now and later.
    LeftToClient,
    /// It was put with its guests as notes, so that it has none for the server.
    GuestsAsNotes,
    /// The same was there already, by bytes or by normal form; nothing was sent.
    Identical,
    /// It is no item (a folder, or metadata that is set with its collection).
    Noted,
}

/// Why a connector could not do something, on what.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// What a caller may branch on.
    pub kind: ErrorKind,
    /// What failed on what, lower case, without its cause and without a secret.
    pub what: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The location or an option is wrong: nothing was tried.
    Usage,
    /// The server or folder could not be reached, or refused to let us in.
    Access,
    /// Something else stands where this should go, and was left alone.
    Conflict,
    /// Somebody would be told of it by the server, so it was not done.
    HeldBack,
    /// The other side refused this one thing, or gave something that can't be used.
    Item,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_ask_for_fewer_requests_and_the_option_has_the_last_word() {
        let limited = |location: &str, given: Option<&str>, at_once: usize| {
            let mut options = BTreeMap::new();
            options.extend(given.map(|value| ("connections".to_owned(), value.to_owned())));
            limit(location, &mut options, at_once);
            options.remove("connections")
        };
        assert_eq!(limited("caldav://h/", None, 1).as_deref(), Some("1"));
        assert_eq!(limited("caldav://h/", Some("8"), 1).as_deref(), Some("8"));
        assert_eq!(limited("caldav://h/", None, 0), None);
        assert_eq!(limited("caldav://h/", None, 31), None, "not more than without a limit");
        assert_eq!(limited("/srv/calendars", None, 1), None, "a folder takes no such option");
    }
}
