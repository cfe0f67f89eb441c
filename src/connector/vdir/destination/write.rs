//! Files that are either the old one or the new one, whatever happens meanwhile.

use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use crate::connector::name::with_suffix;

/// Writes a whole file beside its place and moves it there once it is safe on the disk.
pub(super) fn whole(at: &Path, bytes: &[u8], modified: Option<SystemTime>) -> io::Result<()> {
    let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    // Hidden and with the end of unfinished files, so that no reader takes it for an item.
    let unfinished = folder.join(with_suffix(".davault.tmp", &name.to_string_lossy(), 0));
    let written = fill(&unfinished, bytes, modified).and_then(|()| fs::rename(&unfinished, at));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Makes what happened in a folder safe on the disk, where folders can be opened.
pub(super) fn folder(at: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(at)?.sync_all() } else { Ok(()) }
}

fn fill(at: &Path, bytes: &[u8], modified: Option<SystemTime>) -> io::Result<()> {
    let mut file = File::create(at)?;
    file.write_all(bytes)?;
    if let Some(modified) = modified {
        file.set_times(FileTimes::new().set_modified(modified))?;
    }
    file.sync_all()
}
