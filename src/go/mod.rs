//! Go's numbers and names, which plakar puts into its plugin interface and its packages: the bits of `fs.FileMode`, and what
//! systems and processors are called. Constants and pure functions of the standard library alone.

/// Bits of `fs.FileMode` beside the nine of Unix's permissions.
pub mod mode {
    /// A folder.
    pub const FOLDER: u32 = 1 << 31;
    /// A symbolic link.
    pub const LINK: u32 = 1 << 27;
    /// A block device, or with [`CHARACTER`] one of characters.
    pub const DEVICE: u32 = 1 << 26;
    /// A named pipe.
    pub const PIPE: u32 = 1 << 25;
    /// A socket.
    pub const SOCKET: u32 = 1 << 24;
    /// Unix's 0o4000.
    pub const SETUID: u32 = 1 << 23;
    /// Unix's 0o2000.
    pub const SETGID: u32 = 1 << 22;
    /// Beside [`DEVICE`]: a character device.
    pub const CHARACTER: u32 = 1 << 21;
    /// Unix's 0o1000.
    pub const STICKY: u32 = 1 << 20;
    /// Something else that is no file.
    pub const IRREGULAR: u32 = 1 << 19;
    /// What kind of thing it is: none of these is set for a plain file.
    pub const TYPE: u32 = FOLDER | LINK | DEVICE | PIPE | SOCKET | CHARACTER | IRREGULAR;
    /// Unix's permissions of owner, group and others.
    pub const PERMISSIONS: u32 = 0o777;
}

/// The operating system that this program was built for (`GOOS`).
#[must_use]
pub fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    }
}

/// The processor that this program was built for (`GOARCH`).
#[must_use]
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        arch => arch,
    }
}
