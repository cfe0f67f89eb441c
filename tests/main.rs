//! All integration tests in one binary: one link on two cores.

mod cli;
mod connector_dav;
mod dav;
mod demo;
mod generated;
mod plugin;
mod rooms;
mod story_bad_homes;
mod story_bad_servers;
mod story_copies;
mod story_huge;
mod story_interrupted;
mod story_keys;
mod story_killed;
mod story_many_writers;
mod story_mirror;
mod story_parts;
mod story_reader;
mod story_refused;
mod story_s3;
mod story_servers;
mod story_setup;
mod story_vdirsyncer;
mod support;
mod vault;
mod vdir;
