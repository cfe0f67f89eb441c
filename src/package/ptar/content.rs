//! The content of a file: the pieces that it is put together from.

use std::io::Write;

use super::blobs::{Blobs, LARGEST_BLOB, LARGEST_RECORD};
use super::entry::Object;
use super::format::kind;
use super::hash::Mac;
use super::msgpack::Value;
use crate::package::error::{Error, ErrorKind};

/// What a piece counts at least when it is asked how large a content is, in bytes: a million empty ones take time as well.
const LEAST_PIECE: u64 = 4096;

/// The pieces of a content: their MACs and lengths, and the MAC of the whole.
pub(super) struct Content {
    chunks: Vec<(Mac, usize)>,
    mac: Mac,
}

impl Content {
    /// Reads what an object says; the pieces themselves are not looked at.
    pub fn of(blobs: &Blobs, object: &Object) -> Result<Content, Error> {
        let record = blobs.read(&(kind::OBJECT, object.mac), LARGEST_RECORD)?;
        Content::read(&record).ok_or_else(|| Error::damaged("what is said of a file's content is damaged"))
    }

    fn read(record: &[u8]) -> Option<Content> {
        let value = Value::read(record)?;
        let mac = value.get("contentMAC")?.bytes()?;
        let mut chunks = Vec::new();
        for chunk in value.get("chunks").map_or(Some(<&[Value]>::default()), Value::list)? {
            let length = chunk.get("length")?.number().filter(|length| *length <= LARGEST_BLOB)?;
            chunks.push((chunk.get("contentMAC")?.bytes()?, length));
        }
        Some(Content { chunks, mac })
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.chunks.iter().map(|(_, length)| *length as u64).sum()
    }

    /// What it costs to put it together, in bytes: its length, and more if the pieces are small.
    pub fn cost(&self) -> u64 {
        self.chunks.iter().map(|(_, length)| (*length as u64).max(LEAST_PIECE)).sum::<u64>().max(LEAST_PIECE)
    }

    /// Writes it to `out`, each piece checked before it is written, and returns its length in bytes.
    pub fn write(&self, blobs: &Blobs, out: &mut dyn Write) -> Result<u64, Error> {
        let mut running = blobs.hasher().start();
        for (mac, expected) in &self.chunks {
            let chunk = blobs.read(&(kind::CHUNK, *mac), *expected)?;
            if chunk.len() != *expected {
                return Err(Error::damaged("a piece of a file has another length than is said of it"));
            }
            running.update(&chunk);
            out.write_all(&chunk).map_err(|error| Error {
                kind: ErrorKind::Storage,
                what: "cannot write a file of it".into(),
                source: Some(error.into()),
            })?;
        }
        if running.finish() == self.mac {
            Ok(self.length())
        } else {
            Err(Error::damaged("a file of it is put together from the wrong pieces"))
        }
    }
}
