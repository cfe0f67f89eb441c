//! The messages of index files and trees, in Protocol Buffers so that later fields do not break earlier readers.
//! Every field is described in docs/vault-format.md.

/// Where objects lie.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Index {
    #[prost(message, repeated, tag = "1")]
    pub(super) packs: Vec<Pack>,
    /// Ids of index files that this one stands for; they are not read any more.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(super) replaces: Vec<Vec<u8>>,
}

/// A pack and its blocks, in order.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Pack {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    /// Length of the whole pack in bytes.
    #[prost(uint64, tag = "2")]
    pub(super) size: u64,
    #[prost(message, repeated, tag = "3")]
    pub(super) blocks: Vec<Block>,
}

/// A block of a pack.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Block {
    /// As in `seal::Kind::byte`.
    #[prost(uint32, tag = "1")]
    pub(super) kind: u32,
    /// Where its sealed bytes begin in the pack.
    #[prost(uint64, tag = "2")]
    pub(super) at: u64,
    /// Length of its sealed bytes.
    #[prost(uint32, tag = "3")]
    pub(super) sealed: u32,
    /// Length before compression, with the header.
    #[prost(uint32, tag = "4")]
    pub(super) raw: u32,
    /// The addresses of its objects, one after the other.
    #[prost(bytes = "vec", tag = "5")]
    pub(super) addresses: Vec<u8>,
    /// The lengths of its objects.
    #[prost(uint32, repeated, tag = "6")]
    pub(super) lengths: Vec<u32>,
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
    /// 1 folder, 2 file, 3 symbolic link; others may come.
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
    #[prost(uint32, optional, tag = "20")]
    pub(super) uid: Option<u32>,
    #[prost(uint32, optional, tag = "21")]
    pub(super) gid: Option<u32>,
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
}
