//! Why a package could not be read, written or installed.

/// Why something could not be done, on what.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// What a caller may branch on.
    pub kind: ErrorKind,
    /// What failed on what, lower case, without its cause.
    pub what: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are not what was written: cut, flipped, or never a package.
    Damaged,
    /// It can be read, and must not or cannot be used here.
    Refused,
    /// A newer version is installed.
    Older,
    /// Nothing of that name is installed.
    NotFound,
    /// The disk failed: no permission, no space.
    Storage,
    /// The caller asked for something that makes no sense.
    Usage,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), source: None }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Damaged, what)
    }

    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, what)
    }

    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    /// A failure of the disk: `cannot ACTION PATH`, with its cause.
    pub(super) fn disk(action: &str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let what = format!("cannot {action} {}", path.display());
        move |source| Self { kind: ErrorKind::Storage, what, source: Some(source.into()) }
    }
}
