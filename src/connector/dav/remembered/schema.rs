//! The tables of the remembered state.

/// Another number for tables of another shape: the file's name holds it, so nobody reads what he does not know.
pub(super) const VERSION: u32 = 1;

/// Made where they are not there.
pub(super) const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS home (
        kind TEXT NOT NULL,
        href TEXT NOT NULL,
        PRIMARY KEY (kind, href)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS collection (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        href TEXT NOT NULL,
        ctag TEXT,
        sync_token TEXT,
        born TEXT,
        reading TEXT NOT NULL,
        unswept INTEGER NOT NULL,
        UNIQUE (kind, href)
    )",
    "CREATE TABLE IF NOT EXISTS item (
        collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
        href TEXT NOT NULL,
        etag TEXT,
        listed_size INTEGER,
        modified INTEGER,
        size INTEGER NOT NULL,
        version BLOB NOT NULL,
        vcard_version TEXT,
        component TEXT NOT NULL,
        PRIMARY KEY (collection, href)
    ) WITHOUT ROWID",
];
