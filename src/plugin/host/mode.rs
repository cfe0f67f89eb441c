//! Go's `fs.FileMode`, which the interface speaks, and what it means: a kind and Unix's permission bits.

use crate::go::mode::{
    CHARACTER, DEVICE, FOLDER, IRREGULAR, LINK, PERMISSIONS, PIPE, SETGID, SETUID, SOCKET, STICKY, TYPE,
};

/// What something in a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file with a content.
    File,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// Something else that is no file.
    Other,
}

/// The same three bits in Go's words and in Unix's.
const SPECIAL_BITS: [(u32, u32); 3] = [(SETUID, 0o4000), (SETGID, 0o2000), (STICKY, 0o1000)];

/// What `mode` says that something is.
#[must_use]
pub fn kind(mode: u32) -> Kind {
    match mode & TYPE {
        0 => Kind::File,
        bits if bits & FOLDER != 0 => Kind::Folder,
        LINK => Kind::Link,
        PIPE => Kind::Pipe,
        SOCKET => Kind::Socket,
        DEVICE => Kind::BlockDevice,
        // QUIRK(plakar tar): the second bit alone.
        bits if bits & !DEVICE == CHARACTER => Kind::CharacterDevice,
        _ => Kind::Other,
    }
}

/// The permission bits of `mode` as Unix has them, with setuid, setgid and sticky.
///
/// QUIRK(plakar tar): these three stand where Unix has them, and where Go has nothing.
#[must_use]
pub fn permissions(mode: u32) -> u32 {
    let special = SPECIAL_BITS.iter().filter(|(go, _)| mode & go != 0).map(|(_, unix)| unix);
    special.fold(mode & 0o7777, |bits, unix| bits | unix)
}

/// Go's mode of something of this kind with such permission bits.
#[must_use]
pub fn mode(kind: Kind, permissions: u32) -> u32 {
    let kind = match kind {
        Kind::Folder => FOLDER,
        Kind::File => 0,
        Kind::Link => LINK,
        Kind::Pipe => PIPE,
        Kind::Socket => SOCKET,
        Kind::CharacterDevice => DEVICE | CHARACTER,
        Kind::BlockDevice => DEVICE,
        Kind::Other => IRREGULAR,
    };
    let special = SPECIAL_BITS.iter().filter(|(_, unix)| permissions & unix != 0).map(|(go, _)| go);
    special.fold(kind | permissions & PERMISSIONS, |bits, go| bits | go)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_says_is_what_unix_means_and_back() {
        for (go, is, unix) in [
            (0o644, Kind::File, 0o644),
            (SETUID | SETGID | 0o755, Kind::File, 0o6755),
            (FOLDER | STICKY | 0o777, Kind::Folder, 0o1777),
            (LINK | 0o777, Kind::Link, 0o777),
            (PIPE | 0o600, Kind::Pipe, 0o600),
            (SOCKET | 0o600, Kind::Socket, 0o600),
            (DEVICE | CHARACTER | 0o620, Kind::CharacterDevice, 0o620),
            (DEVICE | 0o660, Kind::BlockDevice, 0o660),
            (IRREGULAR, Kind::Other, 0),
        ] {
            assert_eq!((kind(go), permissions(go), mode(is, unix)), (is, unix, go));
        }
        assert_eq!((kind(CHARACTER), permissions(0o4755)), (Kind::CharacterDevice, 0o4755));
        assert_eq!(kind(LINK | PIPE), Kind::Other);
    }
}
