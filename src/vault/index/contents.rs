//! What index files speak of: packs, the blocks in them, and the objects in those.

use crate::vault::address::Address;
use crate::vault::hex::Id;
use crate::vault::seal::{Kind, OVERHEAD};

/// A pack, without what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Pack {
    pub(in crate::vault) id: Id,
    /// Length of the whole file in bytes.
    pub(in crate::vault) size: u64,
    /// How many blocks it has.
    pub(in crate::vault) blocks: u32,
}

/// A block of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Block {
    pub(in crate::vault) kind: Kind,
    /// Where its sealed bytes begin in the pack.
    pub(in crate::vault) at: u64,
    /// Length of its sealed bytes.
    pub(in crate::vault) sealed: u32,
    /// Length before compression, with the header.
    pub(in crate::vault) raw: u32,
}

impl Block {
    /// Whether it can lie in a pack of this size.
    pub(super) fn fits(&self, size: u64) -> bool {
        let is_long_enough = usize::try_from(self.sealed).is_ok_and(|sealed| sealed > OVERHEAD);
        is_long_enough && self.at.checked_add(u64::from(self.sealed)).is_some_and(|end| end <= size)
    }
}

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct At {
    pub(in crate::vault) pack: Id,
    /// Which block of the pack it is in.
    pub(in crate::vault) number: u32,
    pub(in crate::vault) block: Block,
    /// Which object of the block it is.
    pub(in crate::vault) object: u32,
    /// Length of the object.
    pub(in crate::vault) length: u32,
}

/// A pack and all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct PackContents {
    pub(in crate::vault) id: Id,
    /// Length of the whole file in bytes.
    pub(in crate::vault) size: u64,
    /// All blocks, in order.
    pub(in crate::vault) blocks: Vec<BlockContents>,
}

/// A block and the objects in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct BlockContents {
    pub(in crate::vault) block: Block,
    /// Address and length of each object, in order.
    pub(in crate::vault) objects: Vec<(Address, u32)>,
}
