//! The folder of packages on the disk: records, the folders that they name, and the lock.

use std::fs::{self, File};
use std::io::{ErrorKind as Io, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::error::{Error, ErrorKind};
use super::super::extract::Package;
use super::super::file_name::FileName;
use super::super::ptar::hex;
use super::{Installed, Packages};

/// How the name of a record ends until it is put into place.
const UNFINISHED: &str = "new";

/// What stands in `NAME.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub file: String,
    pub sha256: String,
    pub folder: String,
}

impl Packages {
    /// Extracts a package into a folder of its own, and then names that folder in the record.
    pub(super) fn put(&self, package: &Package, file_name: FileName, sha256: String) -> Result<Installed, Error> {
        let unique = hex(&rand::random::<[u8; 8]>());
        let folder_name = format!("{}-{unique}", file_name.stem());
        let folder = self.folder.join(&folder_name);
        let record = Record { file: file_name.to_string(), sha256: sha256.clone(), folder: folder_name };
        let written = package.extract(&folder).and_then(|()| self.write_record(&file_name.name, &record));
        if let Err(error) = written {
            // Should this fail as well, the next installation sweeps it away: no record names it.
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
        Ok(Installed { file_name, sha256, folder, manifest: package.manifest.clone() })
    }

    fn write_record(&self, name: &str, record: &Record) -> Result<(), Error> {
        let path = self.record_path(name)?;
        let temporary = path.with_extension(UNFINISHED);
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(serde_json::to_string(record)?.as_bytes())?;
            file.sync_all()?;
            File::open(&self.folder)?.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(Error::disk("write", &path))?;
        // It is in place: should this fail, what is there after a loss of power is whole, the old one or the new one.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Removes the folders of packages that no record names: what an installation left that was broken off, or replaced.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        let records: Result<Vec<Record>, Error> = self.names()?.iter().map(|name| self.record(name)).collect();
        // Of a record that can't be read nobody knows which folder it means.
        let Ok(records) = records else { return Ok(()) };
        for entry in fs::read_dir(&self.folder).map_err(Error::disk("read", &self.folder))?.flatten() {
            let name = entry.file_name();
            let is_named = records.iter().any(|record| name.to_str() == Some(&record.folder));
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let (path, remove) = (entry.path(), "remove");
            if is_folder && !is_named && name.to_str().is_some_and(is_folder_name) {
                fs::remove_dir_all(&path).map_err(Error::disk(remove, &path))?;
            } else if !is_folder && path.extension() == Some(UNFINISHED.as_ref()) {
                fs::remove_file(&path).map_err(Error::disk(remove, &path))?;
            }
        }
        Ok(())
    }

    pub(super) fn names(&self) -> Result<Vec<String>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == Io::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::disk("read", &self.folder))?,
        };
        let name_of = |entry: fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned());
        let mut names: Vec<String> = entries.flatten().filter_map(name_of).collect();
        names.sort();
        Ok(names)
    }

    pub(super) fn record(&self, name: &str) -> Result<Record, Error> {
        let path = self.record_path(name)?;
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == Io::NotFound => return Err(self.not_installed(name)),
            read => read.map_err(Error::disk("read", &path))?,
        };
        serde_json::from_slice(&bytes).map_err(|_| Error::damaged(format!("{} can't be understood", path.display())))
    }

    /// Where the record of a package is; a name that could lead elsewhere has none.
    pub(super) fn record_path(&self, name: &str) -> Result<PathBuf, Error> {
        let is_plain = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if is_plain { Ok(self.folder.join(format!("{name}.json"))) } else { Err(self.not_installed(name)) }
    }

    pub(super) fn not_installed(&self, name: &str) -> Error {
        let names = self.names().unwrap_or_default();
        let known =
            if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
        Error::new(ErrorKind::NotFound, format!("no package {name:?} is installed ({known})"))
    }

    /// One process at a time changes what is installed; others wait.
    pub(super) fn lock(&self) -> Result<File, Error> {
        let create = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        create.map_err(Error::disk("create", &self.folder))?;
        let path = self.folder.join("lock");
        let open = fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = open.map_err(Error::disk("open", &path))?;
        file.lock().map_err(Error::disk("lock", &path))?;
        Ok(file)
    }
}

/// Whether a folder is that of a package: the name of its file without the ending, and a number.
fn is_folder_name(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(stem, _)| FileName::parse(&format!("{stem}.ptar")).is_ok())
}
