//! Checking every byte of one pack against the index.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::address::Address;
use super::block::Block;
use super::error::Error;
use super::hex::Id;
use super::index::{self, PackContents};
use super::objects::Objects;
use super::pack;
use super::scan::{self, Record};
use super::seal::Keys;

/// What is wrong with one pack.
#[derive(Default)]
pub(super) struct Found {
    /// Sentences.
    pub(super) why: Vec<String>,
    /// Numbers of blocks that cannot be read.
    pub(super) blocks: Vec<u32>,
    /// Objects that are not what they should be.
    pub(super) objects: Vec<Address>,
}

/// Reads all of a pack; `said` is what the index says of it.
pub(super) async fn read_pack(objects: Arc<Objects>, said: PackContents) -> Result<Found, Error> {
    let name = pack::name(&said.id);
    let bytes = objects.store.get(&name, scan::MOST_BYTES).await?;
    let checked = tokio::task::spawn_blocking(move || check_pack(&objects.keys, &said, &bytes)).await;
    checked.map_err(|error| Error::damaged(&name, "checking it was broken off").because(error))
}

fn check_pack(keys: &Keys, said: &PackContents, bytes: &Bytes) -> Found {
    let mut found = Found::default();
    let mut opened = HashMap::new();
    for record in scan::records(keys, &said.id, bytes) {
        match record {
            Record::Block { kind, at, compressed } => drop(opened.insert((kind, at), compressed)),
            Record::Bad(why) => found.why.push(why.to_owned()),
        }
    }
    for (number, contents) in (0..).zip(&said.blocks) {
        let said_block = contents.block;
        // A frame that is damaged hides blocks from the scan that the index still finds.
        let compressed = opened
            .remove(&(said_block.kind, said_block.at))
            .or_else(|| open_at(keys, &said.id, (number, said_block), bytes));
        let Some(block) = compressed.and_then(|compressed| Block::read(&compressed)) else {
            found.why.push(format!("block {number} in it cannot be read"));
            found.blocks.push(number);
            continue;
        };
        let is_there = |object, address: &Address| {
            block.object(object).is_some_and(|content| keys.address(said_block.kind, &content) == *address)
        };
        let objects = (0..).zip(&contents.objects);
        let wrong = objects.filter(|(object, (address, _))| !is_there(*object, address));
        let before = found.objects.len();
        found.objects.extend(wrong.map(|(_, (address, _))| *address));
        if found.objects.len() > before {
            found.why.push(format!("block {number} in it holds other objects than the index says"));
        }
    }
    found
}

/// The compressed bytes of the block that lies where the index says.
pub(super) fn open_at(keys: &Keys, pack: &Id, (number, said): (u32, index::Block), bytes: &[u8]) -> Option<Vec<u8>> {
    let start = usize::try_from(said.at).ok()?;
    let end = start.checked_add(usize::try_from(said.sealed).ok()?)?;
    keys.open_record(pack, number, said.kind.byte(), bytes.get(start..end)?)
}
