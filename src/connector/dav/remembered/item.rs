//! One item as it was when it was last read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::dav::ETag;
use crate::dav::request::{Member, VcardVersion};

/// An item as it was listed and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector::dav) struct RememberedItem {
    /// Its href: a path, or a whole URL where it lies on another host than the location.
    pub href: Box<str>,
    /// Its tag.
    pub etag: Option<ETag>,
    /// Its size in the listing, in bytes.
    pub listed_size: Option<u64>,
    /// When it changed last, by the listing, or where that does not tell, by its own word.
    pub modified: Option<SystemTime>,
    /// The size of its content, in bytes.
    pub size: u64,
    /// What changes with its content.
    pub version: u64,
    /// The version that it is to be asked for in.
    pub vcard_version: Option<VcardVersion>,
    /// `VEVENT`, `VTODO`, …, comma-separated; empty for contacts and what is not known.
    pub components: Box<str>,
    /// Whether it is handed on; another is left out for what it is.
    pub wanted: bool,
}

impl RememberedItem {
    /// Whether a listing says that it is as it was. Without a tag nothing is known.
    pub fn is_still(&self, member: &Member) -> bool {
        // Reports tell no sizes where listings do, and no times either.
        let by_report = self.listed_size.is_none() && member.size.is_some();
        let same_time = member.modified.is_none() || seconds(self.modified) == seconds(member.modified);
        let is_same = by_report || (self.listed_size == member.size && same_time);
        self.etag.is_some() && self.etag == member.etag && is_same
    }

    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let etag: Option<&str> = row.try_get("etag")?;
        let (size, listed_size): (i64, Option<i64>) = (row.try_get("size")?, row.try_get("listed_size")?);
        let modified: Option<i64> = row.try_get("modified")?;
        let version: i64 = row.try_get("version")?;
        let vcard_version: Option<&str> = row.try_get("vcard_version")?;
        let versions = [VcardVersion::V3, VcardVersion::V4];
        Ok(Self {
            href: row.try_get::<&str, _>("href")?.into(),
            etag: etag.and_then(ETag::new),
            listed_size: listed_size.and_then(|size| u64::try_from(size).ok()),
            modified: modified.and_then(time),
            size: u64::try_from(size).unwrap_or_default(),
            version: version.cast_unsigned(),
            vcard_version: versions.into_iter().find(|one| vcard_version == Some(one.as_str())),
            components: row.try_get::<&str, _>("components")?.into(),
            wanted: row.try_get("wanted")?,
        })
    }

    pub(super) async fn write(&self, collection: i64, database: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(
            "INSERT OR REPLACE INTO item \
             (collection, href, etag, listed_size, modified, size, version, vcard_version, components, wanted) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        insert
            .bind(collection)
            .bind(&*self.href)
            .bind(self.etag.as_ref().map(ETag::as_str))
            .bind(self.listed_size.and_then(|size| i64::try_from(size).ok()))
            .bind(seconds(self.modified))
            .bind(i64::try_from(self.size).unwrap_or(i64::MAX))
            .bind(self.version.cast_signed())
            .bind(self.vcard_version.map(VcardVersion::as_str))
            .bind(&*self.components)
            .bind(self.wanted)
            .execute(database)
            .await?;
        Ok(())
    }
}

/// Whole seconds since 1970, as listings have them (RFC 9110 §5.6.7).
fn seconds(time: Option<SystemTime>) -> Option<i64> {
    let since = time?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn time(seconds: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
