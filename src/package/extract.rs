//! From the file of a package to its files in a new folder.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::collect::MANIFEST;
use super::error::{Error, ErrorKind};
use super::manifest::{self, Manifest};
use super::ptar::{Archive, Entry, EntryKind, Object};

/// Largest file of a package, in bytes. It is read as a whole.
pub(super) const LARGEST_ARCHIVE: u64 = 512 << 20;

/// Reads the file of a package, as it is.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    // Asked first: to open a pipe is to wait for whoever writes to it.
    if !fs::metadata(path).map_err(Error::disk("read", path))?.is_file() {
        return Err(Error::usage(format!("{} is no file", path.display())));
    }
    let file = fs::File::open(path).map_err(Error::disk("read", path))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_ARCHIVE + 1).read_to_end(&mut bytes).map_err(Error::disk("read", path))?;
    if bytes.len() as u64 > LARGEST_ARCHIVE {
        return Err(Error::refused("it is larger than a package may be"));
    }
    Ok(bytes)
}

/// An archive that is a package: only files and folders, and a manifest that fits them.
pub(super) struct Package<'b> {
    archive: Archive<'b>,
    pub manifest: Manifest,
}

impl<'b> Package<'b> {
    /// Reads and checks a package.
    pub fn open(bytes: &'b [u8]) -> Result<Self, Error> {
        let archive = Archive::open(bytes)?;
        for entry in archive.entries() {
            match &entry.kind {
                EntryKind::File(_) | EntryKind::Folder => {}
                EntryKind::Link(_) => {
                    return Err(Error::refused(format!("{:?} is a symbolic link, which no package holds", entry.path)));
                }
                EntryKind::Other => {
                    return Err(Error::refused(format!("{:?} is neither file nor folder", entry.path)));
                }
            }
        }
        let mut package = Package { archive, manifest: Manifest::default() };
        let Some((_, object)) = package.file(MANIFEST) else {
            return Err(Error::refused("it holds no manifest.yaml"));
        };
        if package.archive.length(object)? > manifest::LONGEST {
            return Err(Error::refused("its manifest.yaml is too long"));
        }
        let mut bytes = Vec::new();
        package.archive.read(object, &mut bytes)?;
        package.manifest = Manifest::read(&bytes)?;
        package.check_files()?;
        Ok(package)
    }

    /// Whether the programs that the manifest names are there, and all that it names would be below its folder.
    fn check_files(&self) -> Result<(), Error> {
        for connector in &self.manifest.connectors {
            let executable = manifest::plain_path(&connector.executable)?;
            let is_executable = |(entry, _): (&Entry, _)| entry.permissions & 0o111 != 0;
            if !self.file(&executable).is_some_and(is_executable) {
                return Err(Error::refused(format!(
                    "{executable:?}, which its manifest names, is no executable file in it"
                )));
            }
        }
        // Of the others only the names: plakar 1.0 packs no validators.
        self.manifest.files().map(|_| ())
    }

    /// The folder that was packed, without a slash at its end; empty for the root, which it is of every package.
    fn directory(&self) -> &str {
        self.archive.directory().trim_end_matches('/')
    }

    /// The file at a path below the folder that was packed.
    fn file(&self, path: &str) -> Option<(&Entry, &Object)> {
        let path = format!("{}/{path}", self.directory());
        let entry = self.archive.entries().iter().find(|entry| entry.path == path)?;
        if let EntryKind::File(object) = &entry.kind { Some((entry, object)) } else { None }
    }

    /// Writes all files below `folder`, which is made; there must be nothing yet.
    ///
    /// Paths have been checked when the archive was read, and nothing in the new folder is a link: nothing is written outside of
    /// it. Only its owner may write what is there; setuid bits and owners of the archive are not taken over.
    pub fn extract(&self, folder: &Path) -> Result<(), Error> {
        make_folder(folder)?;
        let mut folders = vec![folder.to_owned()];
        for (entry, below) in self.below() {
            let path = folder.join(below);
            if let EntryKind::File(object) = &entry.kind {
                self.extract_file(entry, object, &path)?;
            } else {
                make_folder(&path)?;
                folders.push(path);
            }
        }
        // The names of files are on the disk only when their folder is.
        for folder in folders {
            fs::File::open(&folder).and_then(|open| open.sync_all()).map_err(Error::disk("write", &folder))?;
        }
        Ok(())
    }

    /// Whether `folder` holds the files of this package, as they were extracted.
    pub fn is_extracted(&self, folder: &Path) -> bool {
        self.below().all(|(entry, below)| {
            let path = folder.join(below);
            let Ok(about) = fs::symlink_metadata(&path) else { return false };
            let EntryKind::File(object) = &entry.kind else { return about.is_dir() };
            let mut content = Vec::new();
            let is_whole = about.is_file() && about.permissions().mode() & 0o7777 == permissions(entry);
            is_whole && self.archive.read(object, &mut content).is_ok() && fs::read(&path).is_ok_and(|is| is == content)
        })
    }

    /// Everything below the folder that was packed, and its path from there.
    fn below(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.archive.entries().iter().filter_map(move |entry| {
            let below = entry.path.strip_prefix(self.directory())?.strip_prefix('/')?;
            (!below.is_empty()).then_some((entry, below))
        })
    }

    fn extract_file(&self, entry: &Entry, object: &Object, path: &Path) -> Result<(), Error> {
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = match opened {
            // On a file system that does not tell upper from lower case two names may be one.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Error::refused(format!(
                    "{:?} has a name that this disk can't tell from another",
                    entry.path
                )));
            }
            opened => opened.map_err(Error::disk("write", path))?,
        };
        let read = self.archive.read(object, &mut file);
        read.map_err(|error| match error.kind {
            ErrorKind::Storage => Error { what: format!("cannot write {}", path.display()), ..error },
            _ => error,
        })?;
        let permissions = fs::Permissions::from_mode(permissions(entry));
        let finished = file.flush().and_then(|()| file.set_permissions(permissions)).and_then(|()| file.sync_all());
        finished.map_err(Error::disk("write", path))
    }
}

/// The permission bits of a file that is extracted: its owner may change it, and nobody else.
fn permissions(entry: &Entry) -> u32 {
    entry.permissions & 0o755 | 0o600
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().mode(0o755).create(path).map_err(Error::disk("create", path))
}
