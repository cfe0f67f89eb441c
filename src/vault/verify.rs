//! Checking every byte of one pack against the index.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::address::Address;
use super::block::Block;
use super::error::Error;
use super::hex::Id;
use super::index::{self, At, Pack};
use super::objects::Objects;
use super::pack;
use super::scan::{self, Record};
use super::seal::{Keys, Kind};

/// What is wrong with one pack.
#[derive(Default)]
pub(super) struct Found {
    /// Sentences.
    pub(super) why: Vec<String>,
    /// Blocks that cannot be read, by their number in the index.
    pub(super) blocks: Vec<u32>,
    /// Objects that are not what they should be.
    pub(super) objects: Vec<Address>,
}

/// Reads the pack of this number in the index; `addresses` are all objects by place.
pub(super) async fn read_pack(
    objects: Arc<Objects>,
    addresses: Arc<Vec<(At, Address)>>,
    number: u32,
    pack: Pack,
) -> Result<Found, Error> {
    let bytes = objects.store.get(&pack::name(&pack.id), scan::MOST_BYTES).await?;
    let checked = tokio::task::spawn_blocking(move || check_pack(&objects, &addresses, number, &bytes)).await;
    checked.map_err(|error| Error::damaged(&pack::name(&pack.id), "checking it was broken off").because(error))
}

fn check_pack(objects: &Objects, addresses: &[(At, Address)], number: u32, bytes: &Bytes) -> Found {
    let blocks = objects.with_index(|index| index.blocks_of(number));
    let id = objects.with_index(|index| index.pack(number).map(|pack| pack.id)).unwrap_or_default();
    let mut found = Found::default();
    let mut opened = HashMap::new();
    for record in scan::records(&objects.keys, &id, bytes) {
        match record {
            Record::Block { kind, at, compressed } => drop(opened.insert((kind, at), compressed)),
            Record::Bad(why) => found.why.push(why.to_owned()),
        }
    }
    for (number, said) in blocks {
        // A frame that is damaged hides blocks from the scan that the index still finds.
        let compressed = opened.remove(&(said.kind, said.at)).or_else(|| open_at(&objects.keys, &id, &said, bytes));
        let block = compressed.and_then(|compressed| Block::read(&compressed));
        let Some(block) = block else {
            found.why.push(format!("block {} in it cannot be read", said.number));
            found.blocks.push(number);
            continue;
        };
        let start = addresses.partition_point(|(at, _)| at.block < number);
        let of_block = addresses.iter().skip(start).take_while(|(at, _)| at.block == number);
        let wrong = of_block.filter(|(at, address)| !is_there(&objects.keys, &block, said.kind, *at, address));
        let before = found.objects.len();
        found.objects.extend(wrong.map(|(_, address)| *address));
        if found.objects.len() > before {
            found.why.push(format!("block {} in it holds other objects than the index says", said.number));
        }
    }
    found
}

fn open_at(keys: &Keys, pack: &Id, said: &index::Block, bytes: &[u8]) -> Option<Vec<u8>> {
    let start = usize::try_from(said.at).ok()?;
    let end = start.checked_add(usize::try_from(said.sealed).ok()?)?;
    keys.open_record(pack, said.number, said.kind.byte(), bytes.get(start..end)?)
}

fn is_there(keys: &Keys, block: &Block, kind: Kind, at: At, address: &Address) -> bool {
    block.object(at.number).is_some_and(|content| keys.address(kind, &content) == *address)
}
