//! Who serves a location: davault itself, or the connector of a package that is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::connector::{self, Role, SCHEMES};
use crate::package::ConnectorKind;

use super::failure::Failure;
use super::{open, pkg};

/// What an option of others' connectors is called whose value is better not shown.
const SECRET_WORDS: [&str; 7] = ["pass", "secret", "token", "key", "credential", "auth", "pwd"];

/// Who serves a location.
#[derive(Debug, Clone)]
pub enum Served {
    /// davault.
    Own,
    /// A package.
    Package(Box<Serving>),
}

/// A connector of a package.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The package.
    pub name: String,
    /// What to start.
    pub program: PathBuf,
    /// The program's arguments.
    pub args: Vec<String>,
    /// What a host must know of it before.
    pub flags: Vec<String>,
}

impl Served {
    /// Whether davault serves it itself.
    pub fn is_own(&self) -> bool {
        matches!(self, Served::Own)
    }

    /// Whether the manifest says so.
    pub fn has_flag(&self, flag: &str) -> bool {
        matches!(self, Served::Package(package) if package.flags.iter().any(|known| known == flag))
    }
}

/// Whether davault itself reads and writes such a location, whatever is installed.
pub fn is_own(location: &str) -> bool {
    scheme(location).is_none_or(|scheme| SCHEMES.iter().any(|own| own.eq_ignore_ascii_case(scheme)))
}

/// Finds out who serves `location`, and checks location and options as far as they are known here. Touches no network.
pub fn by(role: Role, location: &str, options: &BTreeMap<String, String>) -> Result<Served, Failure> {
    let Some(scheme) = scheme(location).filter(|_| !is_own(location)) else {
        connector::check(role, location, options)?;
        return Ok(Served::Own);
    };
    let kind = match role {
        Role::Source => ConnectorKind::Importer,
        Role::Destination => ConnectorKind::Exporter,
    };
    if let Some(package) = find(&kind, scheme)? {
        return Ok(Served::Package(Box::new(package)));
    }
    Err(unknown(role, location, scheme))
}

/// A location as it may be remembered: what is on this machine's disk becomes absolute, so that it means the same everywhere.
pub fn remembered(role: Role, location: &str) -> Result<String, Failure> {
    let location = open::absolute(location)?;
    let served = by(role, &location, &BTreeMap::new());
    // What is wrong with it is said by who checks it with its options.
    let Ok(true) = served.map(|served| served.has_flag("localfs")) else { return Ok(location) };
    match location.split_once("://") {
        Some((scheme, path)) if !Path::new(path).is_absolute() && !path.is_empty() => {
            Ok(format!("{scheme}://{}", open::absolute(path)?))
        }
        _ => Ok(location),
    }
}

/// Whether the value of an option may be shown. Which of others' options are secrets nobody knows; it is guessed by the name.
pub fn is_secret(location: &str, option: &str) -> bool {
    let guessed = || SECRET_WORDS.iter().any(|word| option.to_ascii_lowercase().contains(word));
    connector::is_secret(option) || (!is_own(location) && guessed())
}

fn scheme(location: &str) -> Option<&str> {
    let (scheme, _) = location.trim().split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some(scheme)
}

fn find(kind: &ConnectorKind, scheme: &str) -> Result<Option<Serving>, Failure> {
    // Without a home nothing is installed.
    let Some(packages) = pkg::installed() else { return Ok(None) };
    let found = packages.find(kind, scheme);
    let found = found.map_err(|error| pkg::failure("cannot look for the connector of this location", &error))?;
    Ok(found.map(|(installed, connector)| Serving {
        program: installed.program(&connector),
        name: installed.file_name.name,
        args: connector.args,
        flags: connector.location_flags,
    }))
}

fn unknown(role: Role, location: &str, scheme: &str) -> Failure {
    let scheme = scheme.to_ascii_lowercase();
    let (does, other) = match role {
        Role::Source => ("reads", ConnectorKind::Exporter),
        Role::Destination => ("writes", ConnectorKind::Importer),
    };
    if let Ok(Some(package)) = find(&other, &scheme) {
        let what = format!("the package {} knows {scheme}:// and none that is installed {does} it", package.name);
        return Failure::usage(what).hint("See what each is for with `davault pkg list`.");
    }
    // These have an answer of their own.
    if let ("http" | "https" | "file", Err(error)) =
        (scheme.as_str(), connector::check(role, location, &BTreeMap::new()))
    {
        return error.into();
    }
    Failure::usage(format!(
        "unknown scheme {scheme}://: davault itself {does} caldav://, carddav://, dav://, vdir:// and plain paths, and no \
         package that is installed {does} {scheme}://"
    ))
    .hint("Install a package with a connector for it: `davault pkg add FILE.ptar`.")
}
