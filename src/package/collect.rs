//! Making a package: the manifest and what it names, read from disk and packed.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::extract::LARGEST_ARCHIVE;
use super::manifest::{self, Manifest};
use super::ptar::{self, File};

/// The name that hosts look for, in the archive's root.
pub(super) const MANIFEST: &str = "manifest.yaml";

/// A package that was made.
#[derive(Debug)]
pub struct Made {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The bytes of its file.
    pub bytes: Vec<u8>,
    /// The folders that its manifest names, as paths below its own: each is there, with nothing in it that is not named itself.
    pub folders: Vec<String>,
}

/// Makes the package of the manifest at `path` and all that it names.
///
/// Executables become 0755 and all else 0644, owners and times are left out: only names and contents count, so that the same
/// files are the same bytes on every machine. `seconds` since 1970 is what a host shows as the time of making; `client` the
/// program that it shows. All that the manifest names must be below its folder, executables executable, a validator a JSON
/// object; and of a folder among the extra files only the folder itself is packed: as plakar's own `pkg create` has it.
pub fn create(path: &Path, seconds: u32, client: &str) -> Result<Made, Error> {
    if path.file_name().and_then(|name| name.to_str()) != Some(MANIFEST) {
        return Err(Error::usage(format!("{} is not called {MANIFEST}, as hosts want it", path.display())));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(Error::disk("open", folder))?;
    let (manifest_bytes, _) = read(&folder, MANIFEST, manifest::LONGEST)?;
    let manifest = Manifest::read(&manifest_bytes)?;
    let mut files = vec![File { path: format!("/{MANIFEST}"), permissions: 0o644, content: manifest_bytes }];
    let mut left = LARGEST_ARCHIVE;
    let mut folders = Vec::new();
    for name in manifest.files()?.iter().filter(|name| *name != MANIFEST) {
        if is_extra(&manifest, name) && folder.join(name).is_dir() {
            below(&folder, &folder.join(name))?;
            folders.push(name.clone());
            continue;
        }
        let (content, is_executable) = read(&folder, name, left)?;
        left -= left.min(content.len() as u64);
        check_use(&manifest, name, &content, is_executable)?;
        files.push(File { path: format!("/{name}"), permissions: if is_executable { 0o755 } else { 0o644 }, content });
    }
    let paths: Vec<String> = folders.iter().map(|name| format!("/{name}")).collect();
    Ok(Made { manifest, bytes: ptar::write_reproducible(&files, &paths, seconds, client), folders })
}

/// Where `path` really is: links are followed, and may not lead out of the folder.
fn below(folder: &Path, path: &Path) -> Result<PathBuf, Error> {
    let real = fs::canonicalize(path).map_err(Error::disk("read", path))?;
    if real.starts_with(folder) {
        return Ok(real);
    }
    Err(Error::refused(format!("{} leads out of the manifest's folder", path.display())))
}

/// Reads a file below `folder`; also whether it is executable.
fn read(folder: &Path, name: &str, most: u64) -> Result<(Vec<u8>, bool), Error> {
    let path: PathBuf = folder.join(name);
    let real = below(folder, &path)?;
    // Asked first: to open a pipe is to wait for whoever writes to it.
    let about = fs::metadata(&real).map_err(Error::disk("read", &path))?;
    if !about.is_file() {
        return Err(Error::refused(format!("{} is no file", path.display())));
    }
    let file = fs::File::open(&real).map_err(Error::disk("read", &path))?;
    let mut content = Vec::new();
    file.take(most + 1).read_to_end(&mut content).map_err(Error::disk("read", &path))?;
    if content.len() as u64 > most {
        return Err(Error::refused(format!("{} is too large for a package", path.display())));
    }
    Ok((content, about.permissions().mode() & 0o111 != 0))
}

/// Whether a name is only one of extra files.
fn is_extra(manifest: &Manifest, name: &str) -> bool {
    let is_named = |path: &str| manifest::plain_path(path).is_ok_and(|path| path == name);
    !manifest.connectors.iter().any(|connector| is_named(&connector.executable) || is_named(&connector.validator))
}

/// Checks that a file can be what the manifest says that it is.
fn check_use(manifest: &Manifest, name: &str, content: &[u8], is_executable: bool) -> Result<(), Error> {
    let is_named = |path: &str| manifest::plain_path(path).is_ok_and(|path| path == name);
    if !is_executable && manifest.connectors.iter().any(|connector| is_named(&connector.executable)) {
        return Err(Error::refused(format!("{name} is not executable: chmod +x it")));
    }
    let validates = manifest.connectors.iter().any(|connector| is_named(&connector.validator));
    if validates && !serde_json::from_slice::<serde_json::Value>(content).is_ok_and(|value| value.is_object()) {
        return Err(Error::refused(format!("{name} is a validator and no JSON object")));
    }
    Ok(())
}
