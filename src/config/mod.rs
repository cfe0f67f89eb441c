//! What the person has set up: sources, destinations and stores, in one file of their own.
//!
//! Reads and writes `$XDG_CONFIG_HOME/davault/config.toml` (mode 0600), always as a whole and atomically, one writer at a
//! time. It keeps what it is given; which options exist and what they mean is the connectors' and the vault's business.

mod file;
mod policy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use file::{load, update};
pub use policy::Policy;

/// Everything that is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the store that is used when no other is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_store: Option<String>,
    /// Where accounts are read from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Place>,
    /// Where accounts are put back to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub destinations: BTreeMap<String, Place>,
    /// Where vaults lie.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<String, Place>,
    /// Which snapshots stay when old ones are removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, Policy>,
}

/// A location and its options, as given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, file::Text>")]
pub struct Place {
    /// The location, such as `caldav://alice@dav.example.com`.
    pub location: String,
    /// Option names and values; values may be secrets.
    #[serde(flatten)]
    pub options: BTreeMap<String, String>,
}

/// Names the options only: any value may be a secret.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("options", &self.options.keys()).finish_non_exhaustive()
    }
}

/// The three lists of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `source …`
    Sources,
    /// `destination …`
    Destinations,
    /// `store …`
    Stores,
}

impl Section {
    /// The word for one of its members, as on the command line.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Section::Sources => "source",
            Section::Destinations => "destination",
            Section::Stores => "store",
        }
    }
}

impl Config {
    /// The list that `section` names.
    #[must_use]
    pub fn section(&self, section: Section) -> &BTreeMap<String, Place> {
        match section {
            Section::Sources => &self.sources,
            Section::Destinations => &self.destinations,
            Section::Stores => &self.stores,
        }
    }

    /// The list that `section` names, to be changed.
    pub fn section_mut(&mut self, section: Section) -> &mut BTreeMap<String, Place> {
        match section {
            Section::Sources => &mut self.sources,
            Section::Destinations => &mut self.destinations,
            Section::Stores => &mut self.stores,
        }
    }

    /// What is configured as `name`, or an error that lists what there is.
    pub fn get(&self, section: Section, name: &str) -> Result<&Place, Error> {
        find(section.noun(), self.section(section), name)
    }

    /// The policy called `name`, or an error that lists what there is.
    pub fn policy(&self, name: &str) -> Result<&Policy, Error> {
        find("policy", &self.policies, name)
    }
}

fn find<'c, T>(noun: &'static str, known: &'c BTreeMap<String, T>, name: &str) -> Result<&'c T, Error> {
    let names = || known.keys().cloned().collect::<Vec<_>>().join(", ");
    known.get(name).ok_or_else(|| Error::Unknown {
        noun,
        name: name.into(),
        known: if known.is_empty() { "there is none".into() } else { format!("there are: {}", names()) },
    })
}

/// Whether `name` can stand behind `@`: 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit.
pub fn check_name(name: &str) -> Result<(), Error> {
    let good = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if good { Ok(()) } else { Err(Error::Name { name: name.into() }) }
}

/// The configuration file: `$XDG_CONFIG_HOME/davault/config.toml`, else `~/.config/davault/config.toml`.
///
/// `variable` looks up an environment variable. An `XDG_CONFIG_HOME` that is not absolute is ignored, as the XDG Base
/// Directory Specification asks.
pub fn default_path(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf, Error> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    folder.map(|folder| folder.join("davault").join("config.toml")).ok_or(Error::NoHome)
}

/// Why the configuration could not be read, changed or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `XDG_CONFIG_HOME` nor `HOME` is set.
    #[error("cannot tell where the configuration is: neither XDG_CONFIG_HOME nor HOME names a folder")]
    NoHome,
    /// The name can't be used.
    #[error(
        "'{name}' is no good name: use up to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Nothing has that name.
    #[error("there is no {noun} '{name}' ({known})")]
    Unknown {
        /// `source`, `destination`, `store` or `policy`.
        noun: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is no configuration. The parser's own message is not passed on: it quotes the line, and so a secret.
    #[error("{} is not a davault configuration: line {line} can't be understood", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Line number, from 1; 0 if unknown.
        line: usize,
    },
}

impl Error {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { action, path, source }
    }
}
