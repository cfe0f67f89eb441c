//! The store: encrypted, deduplicated, written once and never changed; `docs/vault-format.md` says every byte.
//!
//! A [`Vault`] lies at a [`Place`] and holds [`Snapshot`]s of trees of named bytes; it knows nothing of calendars. It promises
//! that a snapshot which was reported as made can be read back exactly, that what is stored is checked against its address
//! whenever it is read, and that a crash at any point leaves every earlier snapshot whole. It takes no locks, and no file that
//! it wrote is ever changed. It never prints, and no message holds a secret or a content.

mod address;
mod backup;
mod block;
mod cache;
mod check;
mod config;
mod copy;
mod cut;
mod details;
mod entries;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gathered;
mod hex;
#[cfg(test)]
mod hostile;
mod index;
mod keep;
mod key;
mod keyring;
mod lean;
mod local;
mod lookup;
mod mark;
mod message;
mod node;
mod objects;
mod once;
mod open;
mod pack;
mod place;
mod prune;
mod reach;
mod remove;
mod repair;
mod scan;
mod seal;
mod seen;
mod sizes;
mod snapshot;
mod squeeze;
mod store;
mod tree;
mod upload;
mod verify;
mod walk;
mod writer;

pub use backup::{Backup, Whole};
pub use check::{CheckDepth, CheckSummary, Lost, Problem};
pub use copy::{Copied, Lacking};
pub use cut::{Growing, LARGEST_CONTENT};
pub use details::{Details, LARGEST_XATTR, Xattr};
pub use error::{Error, ErrorKind};
pub use keep::{Choice, Keep, choose};
pub use key::{KeyCost, NewKey, Unlock};
pub use keyring::{KeyAbout, KeyChange, KeyRing, KeySlot};
pub use local::Local;
pub use node::{Meta, Node, NodeKind, Special, Totals};
pub use open::{Snapshots, Vault};
pub use place::{Place, check_options, is_secret_option};
pub use prune::{Amount, Grace, PruneSummary};
pub use repair::{Gone, RepairSummary};
pub use sizes::{Files, Sizes, SourceSizes};
pub use snapshot::{BEFORE_RESTORE, Ending, Snapshot, SnapshotHead};
pub use walk::Walk;
pub use writer::Written;
