//! The vault from outside: what goes in comes back, in few bytes, whatever happens on the way.

mod beside;
mod copies;
mod counting;
mod crash;
mod damage;
mod faults;
mod growth;
mod keys;
mod life;
mod many_backups;
mod prune;
mod repair;
mod round_trip;
mod s3;
mod seen;
mod sizes;
pub mod world;
