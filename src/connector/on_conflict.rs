//! What a destination does with an item that differs from what stands where it belongs.

use std::collections::BTreeMap;

/// What the option `on_conflict` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnConflict {
    /// What stands there stays, and the other one is reported.
    Keep,
    /// What stands there is replaced.
    Overwrite,
    /// What stands there stays, and the other one is put beside it under a new UID.
    Copy,
}

impl OnConflict {
    /// Reads checked options.
    pub fn of(options: &BTreeMap<String, String>) -> Self {
        match options.get("on_conflict").map(String::as_str) {
            Some("overwrite") => Self::Overwrite,
            Some("copy") => Self::Copy,
            _ => Self::Keep,
        }
    }
}
