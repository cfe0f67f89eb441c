//! One collection: its folder, the files that describe it, and its items.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::buffer::Origin;
use super::fetch::Came;
use super::listing::{self, Listing};
use super::tree::{self, Folder};
use super::{Run, Stop};
use crate::connector::dav::described::{Between, COLLECTION_FILE, Described, metadata_of};
use crate::connector::dav::open::failed;
use crate::connector::name::safe_names;
use crate::connector::{Entry, EntryKind, Found};
use crate::dav::request::Member;
use crate::dav::{Collection, Error, Kind, Role};
use crate::report::sentence;

/// So many collections lost in a row, and the server is gone.
const MOST_LOST: usize = 3;

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
        let listing = match self.listing(&collection, is_left_out).await {
            Ok(listing) => listing,
            Err(error) if error.is_about_all() => return self.lost(path, error).await,
            Err(error) => return self.failed(path, sentence(&error)).await,
        };
        self.folder(&path).await?;
        for (name, value) in metadata_of(&collection) {
            self.text(format!("{path}/{name}"), value.into_bytes()).await?;
        }
        let mut described = Described::of(&collection);
        described.incomplete |= is_left_out;
        if collection.kind == Kind::Calendar {
            described.only_components.clone_from(&self.source.filter.components);
            let [since, until] = self.source.filter.edges().map(|(_, edge)| edge);
            described.only_between = (since.is_some() || until.is_some()).then_some(Between { since, until });
        }
        let members = match listing {
            Listing::Whole(members) => members,
            Listing::Part { members, why } => {
                described.incomplete = true;
                // The folder itself: whatever the snapshot before has in it is not known to be gone.
                self.failed(path.clone(), why).await?;
                members
            }
        };
        let is_unwanted = |item: &Item| self.source.unwanted.get().is_some_and(|unwanted| unwanted(&item.path, false));
        let mut items = items(&path, members);
        let unwanted: Vec<_> = items.extract_if(.., |item| is_unwanted(item)).collect();
        described.incomplete |= !unwanted.is_empty();
        match self.fetch(&collection, items).await {
            Ok(Came { failures, components }) => {
                described.incomplete |= failures > 0;
                described.holds(&components);
                // Of what is left out nothing was asked.
                if !is_left_out {
                    self.read.store(true, Ordering::Relaxed);
                    self.lost.store(0, Ordering::Relaxed);
                }
            }
            Err(Stop::Lost(error)) => {
                described.incomplete = true;
                self.lost(path.clone(), error).await?;
            }
            Err(stop) => return Err(stop),
        }
        let file = format!("{path}/{COLLECTION_FILE}");
        // The one of the snapshot before says what else there is; but what it says of the items must hold of these.
        let is_narrowed = described.only_between.is_some() || !described.only_components.is_empty();
        if self.undescribed.contains(&collection.href) && !described.incomplete && !is_narrowed {
            return self.failed(file, "the server did not say what other properties it has".to_owned()).await;
        }
        self.text(file, described.to_bytes()).await
    }

    /// What is in a collection, or nothing where that is not wanted.
    async fn listing(&self, collection: &Collection, is_left_out: bool) -> Result<Listing, Error> {
        if is_left_out {
            return Ok(Listing::Whole(Vec::new()));
        }
        listing::list(&self.source.client, collection).await
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
        let origin = Origin { href: None, vcard_version: None, size: content.len() as u64 };
        let entry = Entry {
            name: tree::last_name(&path).to_owned(),
            path,
            kind: EntryKind::File { size: origin.size },
            modified: None,
            version: version_of(&content),
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
    let digest = Sha256::digest(content);
    digest.iter().take(8).fold(0, |version, byte| version << 8 | u64::from(*byte))
}

/// The members with their paths: names depend on no order, and no two are alike.
fn items(folder: &str, mut members: Vec<Member>) -> Vec<Item> {
    // A member whose href can't be used stands for itself: it is no second one of the href that stands for it.
    members.sort_by(|one, other| (one.trouble.is_some(), &one.href).cmp(&(other.trouble.is_some(), &other.href)));
    members.dedup_by(|one, other| one.trouble.is_none() && other.trouble.is_none() && one.href == other.href);
    let stored: Vec<_> = members.iter().map(|member| member.href.last_segment_decoded()).collect();
    let paths = safe_names(&stored).into_iter().map(|name| format!("{folder}/{name}"));
    paths.zip(members).map(|(path, member)| Item { path, member }).collect()
}
