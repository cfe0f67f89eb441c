//! What several test files need.

pub mod certificates;
pub mod connectors;
pub mod gate;
pub mod generate;
pub mod nasty;
pub mod person;
pub mod process;
pub mod provider;
pub mod s3;
pub mod scripted;
pub mod servers;
pub mod storage;
pub mod vdir;
pub mod waiting;
