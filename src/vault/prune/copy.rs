//! Writing the needed objects of packs into new packs: trees and contents apart, each sorted so that like lies beside like.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::look::Look;
use super::plan::Plan;
use super::usage::Order;
use crate::vault::address::Address;
use crate::vault::error::Error;
use crate::vault::hex::Id;
use crate::vault::index::{At, PackContents};
use crate::vault::objects::{AT_ONCE, Objects};
use crate::vault::seal::Kind;
use crate::vault::writer::Writer;

/// Bytes of opened blocks that are sorted together: bounds the memory.
const BATCH_BYTES: u64 = 192 * 1024 * 1024;

/// An object to be written anew.
struct Item {
    order: Order,
    address: Address,
    at: At,
}

/// Copies what the plan says; the new packs, of which no index file tells yet. Every object is checked on the way.
pub(super) async fn copy(objects: &Arc<Objects>, look: &Look, plan: &Plan) -> Result<Vec<PackContents>, Error> {
    let mut packs = Vec::new();
    for kind in [Kind::Tree, Kind::Data] {
        // Of an empty index, as what is stored already is to be stored again.
        let empty = Arc::new(objects.afresh(objects.store.clone()));
        let writer = Writer::of_packs(empty);
        for batch in batches(look, plan, kind) {
            write(objects, &writer, kind, batch).await?;
        }
        packs.extend(writer.close().await?);
    }
    Ok(packs)
}

/// The objects of one kind to be copied, in portions that fit in memory.
fn batches(look: &Look, plan: &Plan, kind: Kind) -> Vec<Vec<Item>> {
    let mut batches = vec![Vec::new()];
    let mut bytes = 0;
    for place in &plan.copied {
        let Some(pack) = look.packs.get(*place) else { continue };
        for (number, contents) in (0..).zip(&pack.blocks).filter(|(_, contents)| contents.block.kind == kind) {
            let items = (0..).zip(&contents.objects).filter_map(|(object, (address, length))| {
                let is_here = plan.homes.get(address) == Some(place);
                let order = *look.usage.get(address).filter(|_| is_here)?;
                let at = At { pack: pack.id, number, block: contents.block, object, length: *length };
                Some(Item { order, address: *address, at })
            });
            let items: Vec<Item> = items.collect();
            if items.is_empty() {
                continue;
            }
            if bytes > BATCH_BYTES {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += u64::from(contents.block.raw);
            if let Some(batch) = batches.last_mut() {
                batch.extend(items);
            }
        }
    }
    batches
}

async fn write(objects: &Arc<Objects>, writer: &Writer, kind: Kind, items: Vec<Item>) -> Result<(), Error> {
    let mut blocks: BTreeMap<(Id, u32), Vec<Item>> = BTreeMap::new();
    for item in items {
        blocks.entry((item.at.pack, item.at.number)).or_default().push(item);
    }
    let read = blocks.into_values().map(|items| async move {
        let mut read: Vec<(Order, Address, Bytes)> = Vec::with_capacity(items.len());
        for Item { order, address, at } in items {
            read.push((order, address, objects.object_at(kind, &address, &at).await?));
        }
        Ok::<_, Error>(read)
    });
    let read: Vec<Vec<_>> = stream::iter(read).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut read: Vec<(Order, Address, Bytes)> = read.into_iter().flatten().collect();
    read.sort_unstable_by_key(|(order, address, _)| (*order, *address));
    for (_, address, content) in read {
        writer.add(kind, address, &content).await?;
    }
    Ok(())
}
