//! The messages of index files and trees, in Protocol Buffers so that later fields do not break earlier readers.
//! Every field is described in docs/vault-format.md.

/// What an index file tells of, and where its chunks lie.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Directory {
    #[prost(message, repeated, tag = "1")]
    pub(super) packs: Vec<Pack>,
    /// How many blocks a chunk of blocks tells of; the last one fewer.
    #[prost(uint32, tag = "2")]
    pub(super) blocks_each: u32,
    /// Lengths of the sealed chunks of blocks.
    #[prost(uint32, repeated, tag = "3")]
    pub(super) blocks: Vec<u32>,
    /// Lengths of the sealed chunks of objects.
    #[prost(uint32, repeated, tag = "4")]
    pub(super) objects: Vec<u32>,
    /// The first eight bytes of the first address of each chunk of objects, big endian.
    #[prost(fixed64, repeated, tag = "5")]
    pub(super) firsts: Vec<u64>,
    /// Ids of index files that this one stands for; they are not read any more.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) replaces: Vec<Vec<u8>>,
}

/// A pack.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Pack {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    /// Length of the whole pack in bytes.
    #[prost(uint64, tag = "2")]
    pub(super) size: u64,
    /// How many blocks it has.
    #[prost(uint32, tag = "3")]
    pub(super) blocks: u32,
}

/// Blocks, one value of each for every block.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Blocks {
    /// As in `seal::Kind::byte`.
    #[prost(uint32, repeated, tag = "1")]
    pub(super) kinds: Vec<u32>,
    /// Where the sealed bytes begin in the pack.
    #[prost(uint64, repeated, tag = "2")]
    pub(super) at: Vec<u64>,
    /// Length of the sealed bytes.
    #[prost(uint32, repeated, tag = "3")]
    pub(super) sealed: Vec<u32>,
    /// Length before compression, with the header.
    #[prost(uint32, repeated, tag = "4")]
    pub(super) raw: Vec<u32>,
}

/// Objects sorted by address, one value of each for every object.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Objects {
    /// One after the other.
    #[prost(bytes = "vec", tag = "1")]
    pub(super) addresses: Vec<u8>,
    /// Which block of the file's packs.
    #[prost(uint32, repeated, tag = "2")]
    pub(super) blocks: Vec<u32>,
    /// Which object of the block.
    #[prost(uint32, repeated, tag = "3")]
    pub(super) numbers: Vec<u32>,
    #[prost(uint32, repeated, tag = "4")]
    pub(super) lengths: Vec<u32>,
}

/// What is about to be deleted, and which snapshots were removed on purpose.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Mark {
    /// Ids of packs.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) packs: Vec<Vec<u8>>,
    /// Names of index files.
    #[prost(string, repeated, tag = "2")]
    pub(super) indexes: Vec<String>,
    /// Names of snapshots.
    #[prost(string, repeated, tag = "3")]
    pub(super) snapshots: Vec<String>,
}

/// A node of a folder's tree: entries at level 0, branches above.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Tree {
    #[prost(uint32, tag = "1")]
    pub(super) level: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) entries: Vec<Entry>,
    #[prost(message, repeated, tag = "3")]
    pub(super) branches: Vec<Branch>,
}

/// A node of the level below.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Branch {
    /// The last name below it.
    #[prost(string, tag = "1")]
    pub(super) last: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) address: Vec<u8>,
}

/// A folder or file.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entry {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    /// 1 folder, 2 file, 3 symbolic link, 4 to 7 other things without content; others may come.
    #[prost(uint32, tag = "2")]
    pub(super) kind: u32,
    #[prost(uint32, tag = "3")]
    pub(super) mode: u32,
    /// When it changed, seconds since 1970.
    #[prost(sint64, optional, tag = "4")]
    pub(super) seconds: Option<i64>,
    #[prost(uint32, tag = "5")]
    pub(super) nanos: u32,
    #[prost(fixed64, tag = "6")]
    pub(super) version: u64,
    #[prost(uint64, tag = "7")]
    pub(super) size: u64,
    /// The addresses of a file's content, one after the other.
    #[prost(bytes = "vec", tag = "8")]
    pub(super) contents: Vec<u8>,
    /// The address of a folder's tree.
    #[prost(bytes = "vec", tag = "9")]
    pub(super) tree: Vec<u8>,
    /// What lies below a folder.
    #[prost(message, optional, tag = "10")]
    pub(super) below: Option<Totals>,
    #[prost(uint64, optional, tag = "20")]
    pub(super) uid: Option<u64>,
    #[prost(uint64, optional, tag = "21")]
    pub(super) gid: Option<u64>,
    #[prost(uint64, optional, tag = "22")]
    pub(super) dev: Option<u64>,
    #[prost(uint64, optional, tag = "23")]
    pub(super) nlink: Option<u64>,
    #[prost(string, optional, tag = "24")]
    pub(super) user: Option<String>,
    #[prost(string, optional, tag = "25")]
    pub(super) group: Option<String>,
    #[prost(string, optional, tag = "26")]
    pub(super) symlink: Option<String>,
    #[prost(message, repeated, tag = "27")]
    pub(super) xattrs: Vec<Xattr>,
    #[prost(uint32, tag = "28")]
    pub(super) flags: u32,
    #[prost(uint32, tag = "29")]
    pub(super) attributes: u32,
}

/// How much lies below a folder.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Totals {
    #[prost(uint64, tag = "1")]
    pub(super) folders: u64,
    #[prost(uint64, tag = "2")]
    pub(super) items: u64,
    #[prost(uint64, tag = "3")]
    pub(super) bytes: u64,
}

/// An extended attribute.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Xattr {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
    /// 0 for an extended attribute; others as the source said.
    #[prost(uint32, tag = "3")]
    pub(super) kind: u32,
}
