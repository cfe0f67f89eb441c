//! How often everything is listed although the server says that nothing changed.

/// How many backups may go by what a server says of changes before everything is listed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sweep(Option<u32>);

/// Where nothing is said.
const USUAL: u32 = 20;

impl Default for Sweep {
    fn default() -> Self {
        Self(Some(USUAL))
    }
}

impl Sweep {
    /// Reads the option `verify`: `always`, `never` or every how many backups. It is a checked one.
    pub fn new(option: Option<&str>) -> Self {
        match option {
            Some("never") => Self(None),
            Some("always") => Self(Some(1)),
            Some(number) => Self(number.parse().ok().or(Some(USUAL))),
            None => Self::default(),
        }
    }

    /// Whether it is time, after so many backups without.
    pub fn is_due(self, unswept: u32) -> bool {
        self.0.is_some_and(|every| unswept.saturating_add(1) >= every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_listed_every_so_many_backups() {
        let due = |option, unswept| Sweep::new(option).is_due(unswept);
        assert!(due(Some("always"), 0));
        assert!(!due(Some("never"), u32::MAX));
        assert!(!due(Some("3"), 1) && due(Some("3"), 2));
        assert!(!due(None, 18) && due(None, 19));
    }
}
