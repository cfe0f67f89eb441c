//! Packages of connectors as plakar makes them: `manifest.yaml`, the `.ptar` archive around it, and those that are installed.
//!
//! An archive is anyone's bytes. Promises that every hash in it is checked before anything of it is used, that what it can make
//! this machine read, hold or write is bounded, that an installation is there as a whole or not at all, and that nothing
//! outside of the folder of packages is ever written. What it writes are the same bytes for the same files. It starts nothing,
//! and does not know what a connector does.

mod collect;
mod error;
mod extract;
mod file_name;
mod installed;
mod manifest;
pub mod ptar;
mod yaml;

pub use collect::{Made, create};
pub use error::{Error, ErrorKind};
pub use file_name::{FileName, Platform};
pub use installed::{Added, Installed, Listing, Packages};
pub use manifest::{Connector, ConnectorKind, Manifest};
