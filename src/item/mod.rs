//! What an `.ics` or `.vcf` says: which kind it is, its UID, a title for a person, when it happens, and whether
//! two of them say the same.
//!
//! Pure functions over bytes: no I/O, no clock, no panic on any input. They work on content lines (RFC 5545 §3.1, RFC 6350
//! §3.2), so that what nobody knows is kept as it is. Nothing here rewrites what is stored; some functions make what is sent:
//! [`terminator::to_crlf`] puts back line ends, [`copy::with_new_uid`] makes a copy that can stand beside its original,
//! [`guests`] keeps a server from telling the guests of an event, and [`method::without`] takes off what no calendar holds.

mod component;
pub mod copy;
pub mod difference;
pub mod guests;
pub mod identity;
pub mod kind;
mod lines;
pub mod method;
pub mod normal;
pub mod occurrence;
pub mod people;
pub mod revised;
pub mod search;
pub mod summary;
pub mod terminator;
mod text;
pub mod window;
