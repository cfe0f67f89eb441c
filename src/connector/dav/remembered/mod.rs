//! What is remembered of an account between runs: where it lies, in which state its collections were, and which version and
//! size each item had.
//!
//! No content and no secret. It saves requests and nothing else: whoever can't open it, or finds another's in its place, reads
//! the account as if for the first time. Runs may overlap: each writes a collection as a whole, and the last one stands.

mod item;
mod schema;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::dav::{Home, Href, Kind, SyncToken};

pub(super) use item::RememberedItem;

/// How long a run waits for another that is writing.
const WAIT: Duration = Duration::from_secs(10);

/// Items that are read at once; bounds the memory, not the account.
const PAGE: i64 = 2_000;

/// The remembered state of one account.
pub(super) struct Remembered {
    database: Mutex<SqliteConnection>,
}

/// A collection as it was when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RememberedCollection {
    /// What it holds.
    pub kind: Kind,
    /// Where it is.
    pub href: Href,
    /// Its ctag before it was listed; none where something of it could not be read.
    pub ctag: Option<String>,
    /// The token of the state that was read.
    pub sync_token: Option<SyncToken>,
    /// What tells it from another of the same name: its resource-id or creation date.
    pub born: Option<String>,
    /// How its answers become what is stored, in one word.
    pub reading: String,
    /// How often it has been taken as unchanged, or listed by its token, since it was last listed as a whole.
    pub unswept: u32,
}

/// Whose state it is. Another server, user, kind or version of davault has another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// The address that the account was named by, without a secret.
    pub location: String,
    /// The user.
    pub username: Option<String>,
    /// The kinds of collections that are read.
    pub kinds: Vec<Kind>,
}

impl Identity {
    /// The name of its file.
    fn file_name(&self) -> String {
        let words: Vec<&str> = self.kinds.iter().map(|kind| kind.word()).collect();
        let parts = [self.location.as_str(), self.username.as_deref().unwrap_or_default(), &words.join(",")];
        let digest = Sha256::digest(parts.join("\n"));
        let half = digest.iter().take(16).fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
        format!("{half:032x}.v{}.sqlite", schema::VERSION)
    }
}

impl Remembered {
    /// Opens the state of an account in `folder`, which is made if it is not there; only its owner may read it.
    pub async fn open(folder: &Path, identity: &Identity) -> Result<Self, sqlx::Error> {
        make_private(folder).await.map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join(identity.file_name()))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What a power cut takes is read again from the server.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(WAIT);
        let mut database = SqliteConnection::connect_with(&options).await?;
        for statement in schema::TABLES {
            sqlx::query(statement).execute(&mut database).await?;
        }
        Ok(Self { database: Mutex::new(database) })
    }

    async fn database(&self) -> MutexGuard<'_, SqliteConnection> {
        self.database.lock().await
    }

    /// Where the account's collections lie; empty where that is not known.
    pub async fn homes(&self, base: &Href) -> Result<Vec<Home>, sqlx::Error> {
        let rows = sqlx::query("SELECT kind, href FROM home ORDER BY kind, href");
        let rows = rows.fetch_all(&mut *self.database().await).await?;
        Ok(rows.iter().filter_map(|row| Some(Home { kind: kind(row)?, href: href(row, base)? })).collect())
    }

    /// Remembers where the account's collections lie.
    pub async fn keep_homes(&self, homes: &[Home]) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin().await?;
        sqlx::query("DELETE FROM home").execute(&mut *all).await?;
        for home in homes {
            let insert = sqlx::query("INSERT OR IGNORE INTO home (kind, href) VALUES (?, ?)");
            insert.bind(home.kind.word()).bind(home.href.url().as_str()).execute(&mut *all).await?;
        }
        all.commit().await
    }

    /// A collection as it was when it was last read.
    pub async fn collection(&self, kind: Kind, href: &Href) -> Result<Option<RememberedCollection>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM collection WHERE kind = ? AND href = ?");
        let row = row.bind(kind.word()).bind(href.path()).fetch_optional(&mut *self.database().await).await?;
        let Some(row) = row else { return Ok(None) };
        let sync_token: Option<String> = row.try_get("sync_token")?;
        Ok(Some(RememberedCollection {
            kind,
            href: href.clone(),
            ctag: row.try_get("ctag")?,
            sync_token: sync_token.as_deref().and_then(SyncToken::new),
            born: row.try_get("born")?,
            reading: row.try_get("reading")?,
            unswept: row.try_get("unswept")?,
        }))
    }

    /// The items of a collection by name, a page at a time: those after `after`; empty after the last.
    pub async fn items(&self, collection: &Href, after: Option<&str>) -> Result<Vec<RememberedItem>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT item.* FROM item JOIN collection ON collection.id = item.collection \
             WHERE collection.href = ? AND item.href > ? ORDER BY item.href LIMIT ?",
        );
        let rows = rows.bind(collection.path()).bind(after.unwrap_or_default()).bind(PAGE);
        let rows = rows.fetch_all(&mut *self.database().await).await?;
        rows.iter().map(RememberedItem::read).collect()
    }

    /// Remembers a collection as it was read: its state, items that are new or other than before, and which are gone.
    pub async fn keep(
        &self,
        collection: &RememberedCollection,
        items: &[RememberedItem],
        gone: &[String],
    ) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        let id = upsert(&mut all, collection).await?;
        for href in gone {
            let delete = sqlx::query("DELETE FROM item WHERE collection = ? AND href = ?");
            delete.bind(id).bind(href).execute(&mut *all).await?;
        }
        for item in items {
            item.write(id, &mut all).await?;
        }
        all.commit().await
    }

    /// Forgets every collection that is not among these.
    pub async fn keep_only(&self, collections: &[(Kind, Href)]) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        let rows = sqlx::query("SELECT id, kind, href FROM collection").fetch_all(&mut *all).await?;
        for row in rows {
            let (id, path): (i64, String) = (row.try_get("id")?, row.try_get("href")?);
            let is_there = collections.iter().any(|(one, href)| Some(*one) == kind(&row) && href.path() == path);
            if !is_there {
                sqlx::query("DELETE FROM collection WHERE id = ?").bind(id).execute(&mut *all).await?;
            }
        }
        all.commit().await
    }
}

async fn upsert(database: &mut SqliteConnection, collection: &RememberedCollection) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO collection (kind, href, ctag, sync_token, born, reading, unswept) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (kind, href) DO UPDATE SET ctag = excluded.ctag, sync_token = excluded.sync_token, \
         born = excluded.born, reading = excluded.reading, unswept = excluded.unswept RETURNING id",
    );
    let row = row
        .bind(collection.kind.word())
        .bind(collection.href.path())
        .bind(&collection.ctag)
        .bind(collection.sync_token.as_ref().map(SyncToken::as_str))
        .bind(&collection.born)
        .bind(&collection.reading)
        .bind(collection.unswept)
        .fetch_one(database)
        .await?;
    row.try_get("id")
}

fn kind(row: &SqliteRow) -> Option<Kind> {
    let word: String = row.try_get("kind").ok()?;
    Kind::ALL.into_iter().find(|kind| kind.word() == word)
}

fn href(row: &SqliteRow, base: &Href) -> Option<Href> {
    let text: String = row.try_get("href").ok()?;
    Href::new(base.url(), &text).ok()
}

async fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

#[cfg(test)]
mod tests;
