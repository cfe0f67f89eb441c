//! Marks: which packs and index files are about to be deleted, and which snapshots were removed on purpose.
//!
//! A mark is never taken back: what it names is deleted sooner or later, and what is still needed of it is stored again
//! before. So who begins after a mark was written need only look whether it is there.

use std::collections::HashSet;
use std::time::SystemTime;

use futures_util::{StreamExt, stream};
use prost::Message as _;

use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::message;
use super::objects::{AT_ONCE, Objects};
use super::seal::Keys;
use super::squeeze;

/// Largest mark before compression, in bytes: names of half a million packs.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Times that the marks are listed anew because one was deleted between listing and reading.
const MOST_LISTINGS: usize = 16;

/// A mark as it lies in the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Name below `marks/`.
    pub(super) name: String,
    /// When it was written, by the store's clock.
    pub(super) modified: SystemTime,
    pub(super) packs: Vec<Id>,
    /// Names below `index/`.
    pub(super) indexes: Vec<String>,
    /// Names below `snapshots/`.
    pub(super) snapshots: Vec<String>,
    /// Whether it does not open; then it names nothing.
    pub(super) damaged: bool,
}

impl Mark {
    /// The mark of this id, which the store says is from `modified`.
    pub(super) fn open(keys: &Keys, id: &Id, modified: SystemTime, sealed: &[u8]) -> Self {
        let plain = keys.open_mark(id, sealed).and_then(|frame| squeeze::expand(&frame, MOST_BYTES));
        let mark = plain.and_then(|plain| message::Mark::decode(plain.as_slice()).ok());
        let damaged = mark.is_none();
        let message::Mark { packs, indexes, snapshots } = mark.unwrap_or_default();
        let packs = packs.iter().filter_map(|id| id.as_slice().try_into().ok()).collect();
        Self { name: hex::encode(id), modified, packs, indexes, snapshots, damaged }
    }

    /// As it is sealed under this id.
    pub(super) fn seal(keys: &Keys, id: &Id, mark: &message::Mark) -> Vec<u8> {
        keys.seal_mark(id, &squeeze::compress(&mark.encode_to_vec()))
    }
}

/// Where the mark of this name lies.
pub(super) fn path(name: &str) -> String {
    format!("marks/{name}")
}

/// Every mark that is there.
pub(super) async fn read_all(objects: &Objects) -> Result<Vec<Mark>, Error> {
    for _ in 0..MOST_LISTINGS {
        if let Some(marks) = try_read_all(objects).await? {
            return Ok(marks);
        }
    }
    Err(Error::new(ErrorKind::Storage, "the marks in the vault change faster than they can be read"))
}

/// The packs that any of these marks names.
pub(super) fn packs(marks: &[Mark]) -> HashSet<Id> {
    marks.iter().flat_map(|mark| &mark.packs).copied().collect()
}

/// Names of the snapshots that any of these marks names.
pub(super) fn snapshots(marks: &[Mark]) -> HashSet<&String> {
    marks.iter().flat_map(|mark| &mark.snapshots).collect()
}

/// Writes a mark; its name. One that names nothing is good for telling the store's time.
pub(super) async fn write(objects: &Objects, mark: &message::Mark) -> Result<String, Error> {
    let id = hex::new_id();
    let name = hex::encode(&id);
    objects.store.put(&path(&name), Mark::seal(&objects.keys, &id, mark)).await?;
    Ok(name)
}

/// `None` if one was deleted meanwhile: then another may stand in its place that the listing did not have yet.
async fn try_read_all(objects: &Objects) -> Result<Option<Vec<Mark>>, Error> {
    let listed = objects.store.list("marks").await?;
    let named = listed.into_iter().filter_map(|file| Some((hex::decode(&file.name)?, file)));
    let read = stream::iter(named).map(|(id, file)| async move {
        let sealed = objects.store.get(&path(&file.name), MOST_BYTES as u64).await?;
        Ok(Mark::open(&objects.keys, &id, file.modified, &sealed))
    });
    let mut marks = Vec::new();
    for mark in read.buffered(AT_ONCE).collect::<Vec<Result<Mark, Error>>>().await {
        match mark {
            Ok(mark) => marks.push(mark),
            Err(error) if error.kind == ErrorKind::Missing => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(marks))
}
