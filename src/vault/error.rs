//! Why the vault could not do something.

use std::sync::Arc;

/// Why something could not be done, on what.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// What a caller may branch on.
    pub kind: ErrorKind,
    /// What failed on what, lower case, without its cause and without a secret.
    pub what: String,
    /// The cause.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no vault at this place.
    NotAVault,
    /// Something is there already.
    Exists,
    /// No key slot opens with this passphrase or key file.
    WrongPassphrase,
    /// What should be removed is needed: the key that opened the vault.
    InUse,
    /// Bytes in the vault are not what was written there.
    Damaged,
    /// An object that the vault needs is not there.
    Missing,
    /// No such snapshot, or no such path in it.
    NotFound,
    /// More than one snapshot fits.
    Ambiguous,
    /// The storage itself failed: no permission, no space, no connection.
    Storage,
    /// The caller asked for something that makes no sense.
    Usage,
    /// The vault has this format version, which is newer than this program.
    TooNew(u32),
}

impl Error {
    pub(super) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), source: None }
    }

    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    pub(super) fn damaged(object: &str, why: &str) -> Self {
        Self::new(ErrorKind::Damaged, format!("{object} is damaged: {why}"))
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}
