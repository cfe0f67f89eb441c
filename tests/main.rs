//! All integration tests in one binary: one link on two cores.

mod generated;
mod rooms;
mod support;
