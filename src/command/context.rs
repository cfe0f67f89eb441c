//! What every command knows: the global options, the configuration, the clock.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::config::{self, Config};
use crate::vault::Local;

use super::arguments::Global;
use super::failure::Failure;
use super::local;

/// The surroundings of a command.
pub struct Context {
    /// The vault as written on the command line or in the environment.
    pub at: Option<String>,
    /// The key file, if one is named.
    pub keyfile: Option<PathBuf>,
    /// Whether lists and summaries are printed as JSON.
    pub json: bool,
    /// Whether only failures are printed.
    pub quiet: bool,
    /// Where this machine keeps what it remembers of vaults.
    pub local: Local,
    /// Where the configuration lies.
    pub config_path: PathBuf,
    /// What is configured.
    pub config: Config,
}

impl Context {
    /// Reads the environment and the configuration.
    pub fn new(global: &Global) -> Result<Context, Failure> {
        let config_path = config::default_path(|name| std::env::var_os(name))?;
        let repository = || std::env::var("DAVAULT_REPOSITORY").ok().filter(|at| !at.is_empty());
        Ok(Context {
            at: global.at.clone().or_else(repository),
            keyfile: global.keyfile.clone(),
            json: global.json,
            quiet: global.quiet,
            local: local::folders(|name| std::env::var_os(name)),
            config: config::load(&config_path)?,
            config_path,
        })
    }

    /// The time now. Rooms below take it as an argument.
    #[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
    pub fn now() -> SystemTime {
        SystemTime::now()
    }
}
