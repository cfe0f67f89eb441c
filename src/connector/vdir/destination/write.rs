//! Files that are either the old one or the new one, whatever happens meanwhile.

use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use crate::connector::name::with_suffix;

/// Whether all that was written to a disk can be made safe in one go: ten thousand small files are written in a fraction of
/// the time that it takes to wait for each of them.
const IS_SAFE_AT_THE_END: bool = cfg!(target_os = "linux");

/// Writes a whole file beside its place and moves it there; whatever stood there stays until the new one is safe on the disk.
/// A file where none was is safe once [`disk`] was called.
pub(super) fn whole(at: &Path, bytes: &[u8], modified: Option<SystemTime>) -> io::Result<()> {
    let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    // Hidden and with the end of unfinished files, so that no reader takes it for an item.
    let unfinished = folder.join(with_suffix(".davault.tmp", &name.to_string_lossy(), 0));
    let may_wait = IS_SAFE_AT_THE_END && !at.try_exists().unwrap_or(true);
    let written = fill(&unfinished, bytes, modified, may_wait).and_then(|()| fs::rename(&unfinished, at));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Makes all that happened on the disk of a folder safe, or at least what happened in the folder itself.
pub(super) fn disk(at: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(at)?)?);
    #[cfg(not(target_os = "linux"))]
    File::open(at)?.sync_all()
}

/// Folders of the same number are made safe together by [`disk`].
pub(super) fn disk_of(at: &Path) -> io::Result<u64> {
    Ok(if IS_SAFE_AT_THE_END { fs::metadata(at)?.dev() } else { fs::metadata(at)?.ino() })
}

fn fill(at: &Path, bytes: &[u8], modified: Option<SystemTime>, may_wait: bool) -> io::Result<()> {
    let mut file = File::create(at)?;
    file.write_all(bytes)?;
    if let Some(modified) = modified {
        file.set_times(FileTimes::new().set_modified(modified))?;
    }
    if may_wait { Ok(()) } else { file.sync_all() }
}
