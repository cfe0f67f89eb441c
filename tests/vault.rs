//! The vault from outside: what goes in comes back, in few bytes, whatever happens on the way.

mod beside;
mod cache;
mod check;
mod check_cost;
mod clock;
mod copies;
mod counting;
mod crash;
mod damage;
mod faults;
mod growth;
mod keys;
mod kinds;
mod life;
mod many_backups;
mod prune;
mod repair;
mod round_trip;
mod s3;
mod seen;
mod sizes;
mod source_sizes;
mod stores;
mod uploads;
mod waiting;
pub mod world;
