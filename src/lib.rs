//! davault: backups for calendars and contacts.
//!
//! The rooms and what each may import are listed in CONTRIBUTING.md and checked by `tests/rooms.rs`.

pub mod command;
pub mod config;
pub mod connector;
pub mod dav;
pub mod environment;
pub mod go;
pub mod item;
pub mod package;
pub mod plugin;
pub mod proto;
pub mod report;
pub mod vault;
