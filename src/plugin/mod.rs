//! plakar's plugin interface: gRPC over the standard input and output of a child process.
//!
//! [`serve`] offers a connector to a host of generation 1.1 or 1.0, [`host`] starts a plugin of 1.1 and drives it; davault's own
//! backup and restore use both ends. Promises that whatever a plugin does ends in one sentence, in bounded memory and without a
//! zombie, and that nothing but gRPC is ever written to standard output. Never decides what is stored, and knows nothing of
//! calendars.

mod error;
pub mod host;
mod path;
mod pipe;
pub mod serve;
mod wire;

pub use error::{Error, ErrorKind};
