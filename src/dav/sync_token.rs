//! The state of a collection, as its server names it.

/// A sync token (RFC 6578 §3) exactly as the server gave it: a URI by the RFC, any text in practice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SyncToken(String);

/// Longest token that is kept, in bytes; real ones have less than 200.
const LONGEST: usize = 4 << 10;

impl SyncToken {
    /// Takes a token from a property or the end of a report. `None` if it is empty or too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (1..=LONGEST).contains(&text.len()).then(|| Self(text.to_owned()))
    }

    /// The token, to be sent back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
