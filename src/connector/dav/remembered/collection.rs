//! A collection as it was when it was last read.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::account::kind;
use super::item_sum::ItemSum;
use crate::dav::{Kind, SyncToken};

/// The run that wrote a collection.
pub(in crate::connector::dav) type Writer = i64;

/// A collection as it was when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector::dav) struct RememberedCollection {
    /// What it holds.
    pub kind: Kind,
    /// Its href.
    pub href: String,
    /// In which state it was.
    pub state: RememberedState,
    /// The other properties that it had: namespace, name, and whether there was nothing in it.
    pub properties: Vec<(String, String, bool)>,
}

/// In which state a collection was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::dav) struct RememberedState {
    /// Whether every item that it had is remembered.
    pub whole: bool,
    /// Its ctag before it was listed; none where nothing follows from the same one.
    pub ctag: Option<String>,
    /// The token of the state that was read.
    pub sync_token: Option<SyncToken>,
    /// What tells it from another of the same name.
    pub born: Option<String>,
    /// How often it was not listed as a whole since it last was.
    pub unswept: u32,
    /// What its items come to, where that is all of them.
    pub sum: Option<ItemSum>,
}

impl RememberedCollection {
    pub(super) async fn read_all(database: &mut SqliteConnection) -> Result<Vec<(i64, Self)>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM collection ORDER BY id").fetch_all(&mut *database).await?;
        let mut all: Vec<(i64, Self)> = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(kind) = kind(row) else { continue };
            all.push((row.try_get("id")?, Self::read(row, kind)?));
        }
        let properties = sqlx::query("SELECT * FROM property ORDER BY collection").fetch_all(&mut *database).await?;
        for row in &properties {
            let id: i64 = row.try_get("collection")?;
            let Ok(at) = all.binary_search_by_key(&id, |(id, _)| *id) else { continue };
            if let Some((_, collection)) = all.get_mut(at) {
                let names = (row.try_get("namespace")?, row.try_get("name")?, row.try_get("empty")?);
                collection.properties.push(names);
            }
        }
        Ok(all)
    }

    /// By whom the collection of that number was written, if it is this one, in this state.
    pub(super) async fn written_by(
        &self,
        id: i64,
        database: &mut SqliteConnection,
    ) -> Result<Option<Writer>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM collection WHERE id = ?").bind(id).fetch_optional(database).await?;
        let Some((row, kind)) = row.as_ref().and_then(|row| Some((row, kind(row)?))) else { return Ok(None) };
        let now = Self::read(row, kind)?;
        let is_still = (now.kind, &now.href, &now.state) == (self.kind, &self.href, &self.state);
        Ok(if is_still { Some(row.try_get("writer")?) } else { None })
    }

    fn read(row: &SqliteRow, kind: Kind) -> Result<Self, sqlx::Error> {
        let sync_token: Option<&str> = row.try_get("sync_token")?;
        let state = RememberedState {
            whole: row.try_get("whole")?,
            ctag: row.try_get("ctag")?,
            sync_token: sync_token.and_then(SyncToken::new),
            born: row.try_get("born")?,
            unswept: row.try_get("unswept")?,
            sum: ItemSum::read(row)?,
        };
        Ok(Self { kind, href: row.try_get("href")?, state, properties: Vec::new() })
    }
}

impl RememberedState {
    /// The same where not all of it is remembered. The ctag stays: one that counts may go back all the same.
    pub fn in_part(self) -> Self {
        Self { whole: false, sync_token: None, unswept: 0, sum: None, ..self }
    }

    /// Writes the state of a collection, if `writer` is still the one who writes it.
    pub(super) async fn write(
        &self,
        collection: i64,
        writer: i64,
        database: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let update = sqlx::query(
            "UPDATE collection SET whole = ?, ctag = ?, sync_token = ?, born = ?, unswept = ?, contents = ?, components = ? \
             WHERE id = ? AND writer = ?",
        );
        update
            .bind(self.whole)
            .bind(&self.ctag)
            .bind(self.sync_token.as_ref().map(SyncToken::as_str))
            .bind(&self.born)
            .bind(self.unswept)
            .bind(self.sum.as_ref().map(|sum| sum.contents.sum().cast_signed()))
            .bind(self.sum.as_ref().map(ItemSum::components_text).unwrap_or_default())
            .bind(collection)
            .bind(writer)
            .execute(database)
            .await?;
        Ok(())
    }
}
