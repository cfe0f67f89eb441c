//! All items of a collection in one, so that it can be said that none of them changed without reading each.

use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::connector::Contents;
use crate::item::kind::Kind as ItemKind;

/// What the items of a collection come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::dav) struct ItemSum {
    /// Those that are handed on, each as its file in the folder.
    pub contents: Contents,
    /// The kinds of components of all, `VEVENT`, `VTODO`, …; none for contacts.
    pub components: BTreeSet<&'static str>,
}

impl ItemSum {
    /// Adds what other items of the same collection come to.
    pub fn extend(&mut self, others: ItemSum) {
        self.contents.extend(others.contents);
        self.components.extend(others.components);
    }

    pub(super) fn read(row: &SqliteRow) -> Result<Option<Self>, sqlx::Error> {
        let contents: Option<i64> = row.try_get("contents")?;
        let components: &str = row.try_get("components")?;
        let components = components.split(',').filter_map(ItemKind::component_named).collect();
        Ok(contents.map(|sum| Self { contents: Contents::of_sum(sum.cast_unsigned()), components }))
    }

    /// The kinds of components, comma-separated.
    pub(super) fn components_text(&self) -> String {
        self.components.iter().copied().collect::<Vec<_>>().join(",")
    }
}
