//! The dav connector against a scripted server: what is asked, and what becomes of answers that real servers give.

mod at_once;
pub mod calendar;
mod collections;
mod guarding;
mod mirror;
mod pace;
mod planning;
mod reading;
mod scheduling;
pub mod writing;
