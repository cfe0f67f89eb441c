//! Why something did not work: a kind for the code, a sentence for the person.

use std::time::Duration;

/// Why a request, or a whole discovery, failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// What a caller may branch on.
    pub kind: ErrorKind,
    /// What failed and why: method, URL without query or user, status, the server's own short reason. No secret.
    pub what: String,
    /// The HTTP status, where the server gave one.
    pub status: Option<u16>,
    /// Local name of the precondition that the server named in `DAV:error` (RFC 4918 §16), such as `no-uid-conflict`.
    pub condition: Option<String>,
    /// Whether the server asked to wait for longer than a request waits (`Retry-After`, RFC 9110 §10.2.3).
    pub asks_to_wait: bool,
    /// The cause below HTTP, where there is one.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An option or a name can't be used: nothing was sent.
    Usage,
    /// No connection: unknown host, refused port, or a connection that kept breaking.
    Unreachable,
    /// The server's certificate, or our own, was not accepted.
    Tls,
    /// The server did not accept who we are (401).
    Unauthorised,
    /// We may not do this (403).
    Forbidden,
    /// It is not there (404, 410), also where a 207 says so.
    NotFound,
    /// A condition did not hold (412): it changed, or is there already.
    Precondition,
    /// The server sees a conflict (409): a missing parent, or a UID that is there already.
    Conflict,
    /// Too much at once: 413, a listing that the server cut short, or an answer over our limits.
    TooLarge,
    /// The answer is none of a `WebDAV` server.
    NotDav,
    /// The answer is not well-formed XML, or says what it can't mean; single GETs may still work.
    Malformed,
    /// The server sends us to another site, which gets no credentials.
    Redirected,
    /// Nothing came for too long.
    TimedOut,
    /// The server failed (5xx), or is too busy (429), also after retries.
    Server,
    /// No space left for this account (507).
    Quota,
    /// The server has no such method here (405, 501).
    Unsupported,
    /// Any other refusal (4xx).
    Refused,
    /// A write was sent and no answer came: look before doing anything else.
    OutcomeUnknown,
}

impl Error {
    /// Whether the server takes no more for now: it was asked too much in too short a time.
    #[must_use]
    pub fn is_about_rate(&self) -> bool {
        self.status == Some(429)
            || matches!(self.condition.as_deref(), Some("rateLimitExceeded" | "userRateLimitExceeded"))
    }

    /// Whether what follows would fare no better: nobody answers, nobody lets us in, or no more is
    /// answered for now.
    #[must_use]
    pub fn is_about_all(&self) -> bool {
        use ErrorKind::{TimedOut, Tls, Unauthorised, Unreachable};
        matches!(self.kind, TimedOut | Tls | Unauthorised | Unreachable) || self.is_about_rate() || self.asks_to_wait
    }

    /// Whether the same may well be answered another time: the server fails, is away, or takes no more for now.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.kind == ErrorKind::Server || self.is_about_all()
    }

    /// The same for another who waited for the same answer, with the cause in its sentence.
    #[must_use]
    pub fn told(&self) -> Self {
        let what = crate::report::sentence(self);
        Self { what, condition: self.condition.clone(), source: None, ..*self }
    }

    /// Adds how long the server asks to wait.
    pub(super) fn asking(mut self, delay: Option<Duration>) -> Self {
        if let Some(delay) = delay {
            self.asks_to_wait = true;
            self.what = format!("{}; it asks to wait {} minutes", self.what, delay.as_secs().div_ceil(60));
        }
        self
    }

    pub(super) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), status: None, condition: None, asks_to_wait: false, source: None }
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Puts what was being done in front of the sentence.
    pub(super) fn doing(mut self, action: &str) -> Self {
        self.what = format!("{action}: {}", self.what);
        self
    }
}
