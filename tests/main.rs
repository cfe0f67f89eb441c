//! All integration tests in one binary: one link on two cores.

mod connector_dav;
mod dav;
mod demo;
mod generated;
mod plugin;
mod rooms;
mod support;
mod vault;
mod vdir;
