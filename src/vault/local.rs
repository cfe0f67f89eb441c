//! What a machine keeps of the vaults that it uses: never needed, and safe to delete.

use std::path::PathBuf;

/// Folders on this machine for all vaults together; where one is `None`, nothing of the kind is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Local {
    /// What was seen in each vault, so that what vanishes from one is noticed.
    pub state: Option<PathBuf>,
    /// Files of vaults, sealed as they lie there, so that they need not be fetched again.
    pub cache: Option<PathBuf>,
}
