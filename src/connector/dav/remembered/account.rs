//! An account as it was when it was last found.

use sqlx::Row;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::dav::Kind;

/// Where an account was found, and what of it is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::dav) struct RememberedAccount {
    /// Who was signed in: an href.
    pub user: Option<String>,
    /// Whether the location is one collection; then that is the one home.
    pub only: bool,
    /// Where its collections lie: of which kind, and an href. Empty where not all was found.
    pub homes: Vec<(Kind, String)>,
    /// What of its items was wanted, in one line: what is remembered of items holds for that alone.
    pub filter: String,
    /// How often it was found again since it was last searched for.
    pub unswept: u32,
    /// Whether the location's own server took the user name and password by Basic: then they are sent with the first request.
    pub basic: bool,
}

impl RememberedAccount {
    pub(super) async fn read(database: &mut SqliteConnection) -> Result<Option<Self>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM account").fetch_optional(&mut *database).await?;
        let Some(row) = row else { return Ok(None) };
        let homes = sqlx::query("SELECT kind, href FROM home ORDER BY kind, href").fetch_all(&mut *database).await?;
        Ok(Some(Self {
            user: row.try_get("user")?,
            only: row.try_get("only")?,
            homes: homes.iter().filter_map(|row| Some((kind(row)?, row.try_get("href").ok()?))).collect(),
            filter: row.try_get("filter")?,
            unswept: row.try_get("unswept")?,
            basic: row.try_get("basic")?,
        }))
    }

    pub(super) async fn write(&self, database: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let account = sqlx::query(
            "INSERT OR REPLACE INTO account (id, user, only, filter, unswept, basic) VALUES (1, ?, ?, ?, ?, ?)",
        );
        let account = account.bind(&self.user).bind(self.only).bind(&self.filter).bind(self.unswept).bind(self.basic);
        account.execute(&mut *database).await?;
        sqlx::query("DELETE FROM home").execute(&mut *database).await?;
        for (kind, href) in &self.homes {
            let insert = sqlx::query("INSERT OR IGNORE INTO home (kind, href) VALUES (?, ?)");
            insert.bind(kind.word()).bind(href).execute(&mut *database).await?;
        }
        Ok(())
    }
}

/// The kind that a row is of.
pub(super) fn kind(row: &SqliteRow) -> Option<Kind> {
    let word: &str = row.try_get("kind").ok()?;
    Kind::ALL.into_iter().find(|kind| kind.word() == word)
}
