//! What is remembered of an account between runs: where it lies, in which state its collections were, and which version and
//! size each item had.
//!
//! No content and no secret. It saves requests and nothing else: whoever can't open it, or finds another's in its place, reads
//! the account as if for the first time. Runs may overlap: a collection is written by the run that began with it last, and
//! counts as whole only when that run is done.

mod account;
mod collection;
mod item;
mod item_sum;
mod schema;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::dav::Kind;

pub(super) use account::RememberedAccount;
pub(super) use collection::{RememberedCollection, RememberedState, Writer};
pub(super) use item::RememberedItem;
pub(super) use item_sum::ItemSum;

/// How long a run waits for another that is writing.
const WAIT: Duration = Duration::from_secs(10);

/// The remembered state of one account.
pub(super) struct Remembered {
    database: Mutex<SqliteConnection>,
    /// Tells this run from others.
    writer: Writer,
}

/// Whose state it is. Another server, user, kind or version of davault has another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector) struct Identity {
    /// The address that the account was named by, without a secret.
    pub location: String,
    /// The user.
    pub username: Option<String>,
    /// The kinds of collections that are read.
    pub kinds: Vec<Kind>,
    /// What of their items is wanted, as a person wrote it.
    pub filter: String,
}

impl Identity {
    /// The name of its file.
    fn file_name(&self) -> String {
        let words: Vec<&str> = self.kinds.iter().map(|kind| kind.word()).collect();
        let parts =
            [self.location.as_str(), self.username.as_deref().unwrap_or_default(), &words.join(","), &self.filter];
        let digest = Sha256::digest(parts.join("\n"));
        let half = digest.iter().take(16).fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
        format!("{half:032x}.v{}.sqlite", schema::VERSION)
    }
}

impl Remembered {
    /// Opens the state of an account in `folder`, which is made if it is not there; only its owner may read it. A file that is
    /// no state, or a broken one, is thrown away.
    pub async fn open(folder: &Path, identity: &Identity) -> Result<Self, sqlx::Error> {
        make_private(folder).await.map_err(sqlx::Error::Io)?;
        let file = folder.join(identity.file_name());
        let opened = match open(&file).await {
            Err(error) if is_broken(&error) => {
                for end in ["", "-wal", "-shm"] {
                    let mut path = file.clone().into_os_string();
                    path.push(end);
                    // One that is not there need not go.
                    let _ = tokio::fs::remove_file(PathBuf::from(path)).await;
                }
                open(&file).await
            }
            opened => opened,
        };
        Ok(Self { database: Mutex::new(opened?), writer: rand::random_range(1..=i64::MAX) })
    }

    async fn database(&self) -> MutexGuard<'_, SqliteConnection> {
        self.database.lock().await
    }

    /// Where the account was found; `None` where that is not known.
    pub async fn account(&self) -> Result<Option<RememberedAccount>, sqlx::Error> {
        RememberedAccount::read(&mut *self.database().await).await
    }

    /// Remembers where the account was found, and for which choice of items what is remembered of them holds.
    pub async fn keep(&self, account: &RememberedAccount) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        account.write(&mut all).await?;
        all.commit().await
    }

    /// All of its collections, each with the number that it has here.
    pub async fn collections(&self) -> Result<Vec<(i64, RememberedCollection)>, sqlx::Error> {
        RememberedCollection::read_all(&mut *self.database().await).await
    }

    /// The items of a collection, by href, and by whom they were written; `None` where another run has written it since it was
    /// read as `known`.
    pub async fn items(
        &self,
        collection: i64,
        known: &RememberedCollection,
    ) -> Result<Option<(Writer, Vec<RememberedItem>)>, sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin().await?;
        let Some(writer) = known.written_by(collection, &mut all).await? else { return Ok(None) };
        let mut items = Vec::new();
        {
            let rows = sqlx::query("SELECT * FROM item WHERE collection = ? ORDER BY href");
            let mut rows = rows.bind(collection).fetch(&mut *all);
            while let Some(row) = rows.try_next().await? {
                items.push(RememberedItem::read(&row)?);
            }
        }
        Ok(Some((writer, items)))
    }

    /// Whether a collection is as `known`, and nobody has written it since `writer` did.
    pub async fn is_still(
        &self,
        collection: i64,
        known: &RememberedCollection,
        writer: Writer,
    ) -> Result<bool, sqlx::Error> {
        Ok(known.written_by(collection, &mut *self.database().await).await? == Some(writer))
    }

    /// Takes down which collections there are, and what else each has where that is known: namespace, name, and whether there was
    /// nothing in it.
    pub async fn describe(&self, collections: &[(Kind, Box<str>, Option<Properties>)]) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        for (kind, href, properties) in collections {
            let insert = sqlx::query(
                "INSERT INTO collection (kind, href, writer, whole, unswept) VALUES (?, ?, 0, FALSE, 0) \
                 ON CONFLICT (kind, href) DO UPDATE SET kind = excluded.kind RETURNING id",
            );
            let row = insert.bind(kind.word()).bind(&**href).fetch_one(&mut *all).await?;
            let id: i64 = row.try_get("id")?;
            let Some(properties) = properties else { continue };
            sqlx::query("DELETE FROM property WHERE collection = ?").bind(id).execute(&mut *all).await?;
            for (namespace, name, empty) in properties {
                let insert = sqlx::query("INSERT OR REPLACE INTO property VALUES (?, ?, ?, ?)");
                insert.bind(id).bind(namespace).bind(name).bind(empty).execute(&mut *all).await?;
            }
        }
        all.commit().await
    }

    /// Begins to write a collection, of which nothing more is certain until [`Remembered::end`]; its number. With `forget`
    /// nothing of its items is known any more.
    pub async fn begin(&self, kind: Kind, href: &str, forget: bool) -> Result<i64, sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query(
            "INSERT INTO collection (kind, href, writer, whole, unswept) VALUES (?, ?, ?, FALSE, 0) \
             ON CONFLICT (kind, href) DO UPDATE \
             SET writer = excluded.writer, whole = FALSE, sync_token = NULL, contents = NULL RETURNING id",
        );
        let row = row.bind(kind.word()).bind(href).bind(self.writer).fetch_one(&mut *all).await?;
        let id: i64 = row.try_get("id")?;
        if forget {
            sqlx::query("DELETE FROM item WHERE collection = ?").bind(id).execute(&mut *all).await?;
        }
        all.commit().await?;
        Ok(id)
    }

    /// Writes down items that were read and which are gone, unless another run has begun with their collection since.
    pub async fn write(&self, items: &[(i64, RememberedItem)], gone: &[(i64, Box<str>)]) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        let own = sqlx::query("SELECT id FROM collection WHERE writer = ?").bind(self.writer);
        let own: Vec<i64> =
            own.fetch_all(&mut *all).await?.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
        for (collection, href) in gone.iter().filter(|(collection, _)| own.contains(collection)) {
            let delete = sqlx::query("DELETE FROM item WHERE collection = ? AND href = ?");
            delete.bind(collection).bind(&**href).execute(&mut *all).await?;
        }
        for (collection, item) in items.iter().filter(|(collection, _)| own.contains(collection)) {
            item.write(*collection, &mut all).await?;
        }
        all.commit().await
    }

    /// Items are other than was remembered: they are forgotten, and of their collections nothing is certain, whoever is writing
    /// them.
    pub async fn doubt(&self, items: &[(i64, Box<str>)]) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        for (collection, href) in items {
            let delete = sqlx::query("DELETE FROM item WHERE collection = ? AND href = ?");
            delete.bind(collection).bind(&**href).execute(&mut *all).await?;
            let update = sqlx::query(
                "UPDATE collection SET writer = 0, whole = FALSE, sync_token = NULL, contents = NULL WHERE id = ?",
            );
            update.bind(collection).execute(&mut *all).await?;
        }
        all.commit().await
    }

    /// Ends a run: where the account was, the state of each collection that it has written, which have not changed, and which are gone.
    pub async fn end(&self, end: &End) -> Result<(), sqlx::Error> {
        let mut database = self.database().await;
        let mut all = database.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(account) = &end.account {
            account.write(&mut all).await?;
        }
        for (id, state) in &end.written {
            state.write(*id, self.writer, &mut all).await?;
        }
        for id in &end.unchanged {
            let update = sqlx::query("UPDATE collection SET unswept = unswept + 1 WHERE id = ?");
            update.bind(id).execute(&mut *all).await?;
        }
        for id in &end.gone {
            sqlx::query("DELETE FROM collection WHERE id = ?").bind(id).execute(&mut *all).await?;
        }
        all.commit().await
    }

    /// Forgets every collection with its items, as when others are wanted than before.
    pub async fn forget_collections(&self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM collection").execute(&mut *self.database().await).await?;
        Ok(())
    }
}

/// The other properties of a collection: namespace, name, and whether there was nothing in it.
pub(super) type Properties = Vec<(String, String, bool)>;

/// What a run knows when it is over.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Where the account was, if it was found there again.
    pub account: Option<RememberedAccount>,
    /// The collections that it has written.
    pub written: Vec<(i64, RememberedState)>,
    /// Those that were as before.
    pub unchanged: Vec<i64>,
    /// Those that are no longer there.
    pub gone: Vec<i64>,
}

async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
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
    Ok(database)
}

/// Whether a file is no database, or a damaged one: `SQLITE_CORRUPT` and `SQLITE_NOTADB` of `SQLite`'s result codes.
fn is_broken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

async fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await?;
    // One that was there may be open to others; hrefs can be secrets.
    #[cfg(unix)]
    tokio::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
