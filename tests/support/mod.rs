//! What several test files need.

pub mod certificates;
pub mod connectors;
pub mod generate;
pub mod scripted;
