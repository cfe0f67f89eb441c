//! The version of one item, as its server names it.

/// An entity tag (RFC 9110 §8.8.3) exactly as the server gave it, so that it can be sent back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ETag(Box<str>);

/// Longest tag that is kept, in bytes; real ones have less than 100.
const LONGEST: usize = 1 << 10;

impl ETag {
    /// Takes a tag from a header or a property. `None` if it is empty, too long, or could not be sent back in a header.
    ///
    /// QUIRK(calypso): its tags have no quotes; they are kept, and sent back, without.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let sendable = text.chars().all(|c| !c.is_control());
        (!text.is_empty() && text.len() <= LONGEST && sendable).then(|| Self(text.into()))
    }

    /// The tag with its quotes and, if it is a weak one, `W/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server promises only that the meaning is the same, not the bytes.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.0.starts_with("W/")
    }
}

#[cfg(test)]
mod tests {
    use super::ETag;

    #[test]
    fn a_tag_is_kept_as_given_and_an_empty_endless_or_unsendable_one_is_none() {
        assert_eq!(ETag::new(" \"a b\" ").unwrap().as_str(), "\"a b\"");
        assert_eq!(ETag::new("bare").unwrap().as_str(), "bare");
        assert!(ETag::new("W/\"x\"").unwrap().is_weak());
        assert_eq!((ETag::new(" "), ETag::new(&"x".repeat(1025))), (None, None));
        assert_eq!(ETag::new("a\r\nX-Evil: 1"), None);
    }
}
