//! Why talking over the plugin interface failed.

/// What failed, for a person, and what kind of failure that is, for the code.
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
    /// The plugin's executable could not be started.
    Start,
    /// The plugin ended before its work was done.
    Died,
    /// The plugin gave no answer in the time that it had.
    TimedOut,
    /// The plugin said something that the interface does not allow, or more than can be taken.
    Protocol,
    /// The plugin works and says that the location or an option is wrong.
    Usage,
    /// The plugin works and says that it can't reach the other side, or is not let in.
    Access,
    /// The plugin works and says no, for another reason.
    Refused,
    /// Only this one path is affected; everything else can go on.
    Item,
    /// Standard input or output could not be used.
    Pipe,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error { kind, what: what.into(), source: None }
    }

    pub(super) fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error { source: Some(source.into()), ..self }
    }
}
