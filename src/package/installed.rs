//! The packages that are installed.
//!
//! Beside each other in one folder lie, for a package NAME, the record `NAME.json`, which says what is installed, and the
//! folder of its files that the record names. The record is put into place last and by one rename: what it names is whole.

mod folder;

use std::fs;
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::collect::MANIFEST;
use super::error::{Error, ErrorKind};
use super::extract::{self, Package};
use super::file_name::{FileName, Platform};
use super::manifest::{Connector, ConnectorKind, Manifest, plain_path};
use super::ptar::hex;

/// The folder of all packages of a person.
#[derive(Debug, Clone)]
pub struct Packages {
    folder: PathBuf,
}

/// A package that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name, version and platform.
    pub file_name: FileName,
    /// SHA-256 of the file that it came from, in hexadecimal.
    pub sha256: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// All packages of a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those that can be used, by name.
    pub installed: Vec<Installed>,
    /// The names of those that can't, and why.
    pub damaged: Vec<(String, Error)>,
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The package is new, or what was there of it could not be used.
    New(Installed),
    /// The same file is installed already, and all that was in it is there.
    Same(Installed),
    /// It took the place of this version.
    Replaced(Installed, String),
}

impl Installed {
    /// The program of one of its connectors.
    #[must_use]
    pub fn program(&self, connector: &Connector) -> PathBuf {
        // It was checked when the manifest was read; if it were not plain, the folder itself is no program.
        self.folder.join(plain_path(&connector.executable).unwrap_or_default())
    }
}

impl Packages {
    /// The packages in `folder`, which need not be there yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Installs the package in the file at `path`, in place of an older version of it.
    ///
    /// Everything in the file is checked first. Whatever happens on the way, the version that was there before stays whole until
    /// the new one is.
    pub fn add(&self, path: &Path) -> Result<Added, Error> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let file_name = FileName::parse(name)?;
        let here = Platform::here();
        if file_name.platform != here {
            return Err(Error::refused(format!("it is for {}, and this machine is {here}", file_name.platform)));
        }
        let bytes = extract::read_file(path)?;
        let package = Package::open(&bytes)?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let _lock = self.lock()?;
        let before = self.list()?.installed;
        check_protocols(&package.manifest, &file_name, &before)?;
        let other_case = |installed: &&Installed| {
            let known = &installed.file_name.name;
            known != &file_name.name && known.eq_ignore_ascii_case(&file_name.name)
        };
        if let Some(other) = before.iter().find(other_case) {
            return Err(Error::refused(format!("a package called {} is installed", other.file_name.name)));
        }
        let old = before.into_iter().find(|installed| installed.file_name.name == file_name.name);
        if let Some(old) = &old {
            if old.file_name.compare_version(&file_name).is_gt() {
                let version = &old.file_name.version;
                return Err(Error::new(ErrorKind::Older, format!("the newer version {version} of it is installed")));
            }
            if old.sha256 == sha256 && old.file_name == file_name && package.is_extracted(&old.folder) {
                return Ok(Added::Same(old.clone()));
            }
        }
        // What can't be removed now is in nobody's way, and can be the next time.
        let _ = self.sweep();
        let installed = self.put(&package, file_name, sha256)?;
        let _ = self.sweep();
        Ok(match old {
            Some(old) if old.sha256 != installed.sha256 => Added::Replaced(installed, old.file_name.version),
            _ => Added::New(installed),
        })
    }

    /// All that are installed. A damaged one is no reason not to list the others.
    pub fn list(&self) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for name in self.names()? {
            match self.get(&name) {
                Ok(installed) => listing.installed.push(installed),
                Err(error) => listing.damaged.push((name, error)),
            }
        }
        Ok(listing)
    }

    /// The package called `name`.
    pub fn get(&self, name: &str) -> Result<Installed, Error> {
        let record = self.record(name)?;
        let damaged = || Error::damaged(format!("what is installed as {name} is damaged"));
        let file_name = FileName::parse(&record.file).map_err(|_| damaged())?;
        if file_name.name != name || !record.folder.starts_with(&file_name.stem()) || record.folder.contains('/') {
            return Err(damaged());
        }
        let folder = self.folder.join(&record.folder);
        let manifest = folder.join(MANIFEST);
        let bytes = fs::read(&manifest).map_err(Error::disk("read", &manifest))?;
        Ok(Installed { file_name, sha256: record.sha256, folder, manifest: Manifest::read(&bytes)? })
    }

    /// The connector of this kind for locations that begin with `protocol` and `://`, and the package that it is in.
    ///
    /// If there is none and a package is damaged, nobody knows whether it would be that one: then this is the error.
    pub fn find(&self, kind: &ConnectorKind, protocol: &str) -> Result<Option<(Installed, Connector)>, Error> {
        let fits = |connector: &&Connector| {
            connector.kind == *kind && connector.protocols.iter().any(|known| known.eq_ignore_ascii_case(protocol))
        };
        let Listing { installed, damaged } = self.list()?;
        let found = installed.into_iter().find_map(|installed| {
            let connector = installed.manifest.connectors.iter().find(fits)?.clone();
            Some((installed, connector))
        });
        match (found, damaged.into_iter().next()) {
            (None, Some((name, error))) => Err(Error {
                kind: error.kind,
                what: format!("the package {name} can't be used, and no other is for {protocol}://"),
                source: Some(error.into()),
            }),
            (found, _) => Ok(found),
        }
    }

    /// Removes the package called `name`. A damaged one is removed as well.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let _lock = self.lock()?;
        let path = self.record_path(name)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() == Io::NotFound => return Err(self.not_installed(name)),
            removed => removed.map_err(Error::disk("remove", &path))?,
        }
        self.sweep()
    }
}

/// Whether the protocols of a package are free: for each kind of connector one package speaks a protocol.
fn check_protocols(manifest: &Manifest, file_name: &FileName, installed: &[Installed]) -> Result<(), Error> {
    for connector in &manifest.connectors {
        for protocol in &connector.protocols {
            let speaks = |other: &&Installed| {
                let is_same = |known: &Connector| {
                    known.kind == connector.kind && known.protocols.iter().any(|own| own.eq_ignore_ascii_case(protocol))
                };
                other.file_name.name != file_name.name && other.manifest.connectors.iter().any(is_same)
            };
            if let Some(other) = installed.iter().find(speaks) {
                let name = &other.file_name.name;
                return Err(Error::refused(format!(
                    "it is for {protocol}://, which the package {name} speaks already"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
