//! Archives that were written elsewhere, archives that are written and read, and archives that lie.

mod golden;
mod hostile;
mod round_trip;

use super::write::File;
use super::{Archive, EntryKind};
use crate::package::Error;

/// All files of an archive, in its order.
fn read_all(bytes: &[u8]) -> Result<Vec<File>, Error> {
    let archive = Archive::open(bytes)?;
    let mut files = Vec::new();
    for entry in archive.entries() {
        if let EntryKind::File(object) = &entry.kind {
            let mut content = Vec::new();
            archive.read(object, &mut content)?;
            files.push(File { path: entry.path.clone(), permissions: entry.permissions, content });
        }
    }
    Ok(files)
}
