//! What several test files need.

pub mod certificates;
pub mod generate;
pub mod scripted;
