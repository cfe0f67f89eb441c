//! A local folder as an account: a vdir, as khal, vdirsyncer, pimsync and todoman read and write it.
//!
//! The folder may be the tree of a snapshot (`calendars/`, `contacts/`), a folder of collections at any depth, or one
//! collection. Promises: bytes are exact in both directions; a file is either the old one or the new one, whatever happens;
//! nothing outside the folder is read or written. It never decides who a file is by its name where it has a UID.

use std::io;

use super::{Error, ErrorKind};

mod destination;
mod layout;
mod source;

pub use destination::Destination;
pub use source::Source;

/// Most folders within each other that are looked into.
const DEEPEST: usize = 8;

fn failed(kind: ErrorKind, what: String, source: io::Error) -> Error {
    Error { kind, what, source: Some(Box::new(source)) }
}

/// What ends too early is a fault of ours: a task that was torn down.
fn torn(error: tokio::task::JoinError) -> Error {
    Error { kind: ErrorKind::Other, what: "the work on the folder was torn down".into(), source: Some(Box::new(error)) }
}
