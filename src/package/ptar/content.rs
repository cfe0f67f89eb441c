//! The content of a file: the pieces that it is put together from.

use std::io::Write;

use super::blobs::{Blobs, LARGEST_BLOB, LARGEST_RECORD};
use super::entry::Object;
use super::format::kind;
use super::hash::Mac;
use super::msgpack::Value;
use crate::package::error::{Error, ErrorKind};

/// Most bytes that all contents of a package may have together; those that come twice are stored once and written twice.
const LARGEST_PACKAGE: u64 = 2 << 30;
/// What a piece counts at least when it is asked how large a content is, in bytes: a million empty ones take time as well.
const LEAST_PIECE: u64 = 4096;

/// How much may still be put together, in bytes: a small archive can stand for any amount.
pub(super) struct Budget(u64);

impl Budget {
    /// That of one archive.
    pub fn new() -> Self {
        Budget(LARGEST_PACKAGE)
    }

    /// Takes off what it costs to put this together; none if that is more than is left.
    pub fn spend(&mut self, content: &Content) -> Option<()> {
        self.0 = self.0.checked_sub(content.cost)?;
        Some(())
    }
}

/// The pieces of a content: their MACs and lengths, and the MAC of the whole.
pub(super) struct Content {
    chunks: Vec<(Mac, usize)>,
    mac: Mac,
    length: u64,
    /// In bytes: what is read for it, its record too, and more if the pieces are small.
    cost: u64,
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
        let pieces = || chunks.iter().map(|(_, length)| *length as u64);
        let length = pieces().sum();
        let cost = record.len() as u64 + pieces().map(|length| length.max(LEAST_PIECE)).sum::<u64>().max(LEAST_PIECE);
        Some(Content { chunks, mac, length, cost })
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether it is said to be these bytes; [`Content::write`] finds out whether it is what is said of it.
    pub fn is_said_to_be(&self, blobs: &Blobs, bytes: &[u8]) -> bool {
        self.length == bytes.len() as u64 && blobs.hasher().mac(bytes) == self.mac
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
            Ok(self.length)
        } else {
            Err(Error::damaged("a file of it is put together from the wrong pieces"))
        }
    }
}
