//! The `.ptar` format: a Kloset store of plakar's in one file, read and written whole in memory.

mod archive;
mod blobs;
mod configuration;
mod content;
mod dirpack;
mod entry;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hash;
mod layout;
mod lz4;
mod msgpack;
mod snapshot;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use entry::{Entry, EntryKind, Object};
pub use hash::Hashing;
pub(super) use hash::hex;
#[cfg(test)]
pub(super) use write::crafted;
pub use write::{File, write_reproducible};
