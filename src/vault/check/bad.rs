//! Which parts of packs cannot be read.

use std::collections::HashSet;

use crate::vault::address::Address;
use crate::vault::hex::Id;
use crate::vault::index::{At, Index, PackContents};
use crate::vault::pack;

/// What cannot be read.
#[derive(Clone, Default)]
pub(super) struct Bad {
    pub(super) packs: HashSet<Id>,
    /// By pack, and number in it.
    pub(super) blocks: HashSet<(Id, u32)>,
    /// By pack.
    pub(super) objects: HashSet<(Id, Address)>,
}

impl Bad {
    /// Takes in what else cannot be read.
    pub(super) fn extend(&mut self, other: &Bad) {
        self.packs.extend(&other.packs);
        self.blocks.extend(&other.blocks);
        self.objects.extend(&other.objects);
    }

    /// Whether everything can be read.
    pub(super) fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.blocks.is_empty() && self.objects.is_empty()
    }

    /// Notes the blocks of a pack that do not lie within its first `size` bytes.
    pub(super) fn beyond(&mut self, pack: &PackContents, size: u64) {
        let blocks = (0..).zip(&pack.blocks);
        let beyond = blocks.filter(|(_, contents)| contents.block.at + u64::from(contents.block.sealed) > size);
        self.blocks.extend(beyond.map(|(number, _)| (pack.id, number)));
    }

    /// Why an object cannot be read; `None` if it can.
    pub(super) fn why_lost(&self, index: &Index, address: &Address) -> Option<String> {
        let places = index.places(address);
        let is_bad = |at: &At| {
            let Bad { packs, blocks, objects } = self;
            packs.contains(&at.pack) || blocks.contains(&(at.pack, at.number)) || objects.contains(&(at.pack, *address))
        };
        match places.first() {
            None => Some(format!("object {address} is in no index file")),
            Some(first) if places.iter().all(is_bad) => {
                Some(format!("{} is damaged or missing", pack::name(&first.pack)))
            }
            Some(_) => None,
        }
    }
}
