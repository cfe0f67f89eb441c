//! The tables of the remembered state.

/// Another number for tables of another shape, or where the same bytes get another version: the file's name holds it, so
/// nobody reads what he does not know.
pub(super) const VERSION: u32 = 3;

/// Made where they are not there.
pub(super) const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS account (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        user TEXT,
        only INTEGER NOT NULL,
        filter TEXT NOT NULL,
        unswept INTEGER NOT NULL,
        basic INTEGER NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS home (
        kind TEXT NOT NULL,
        href TEXT NOT NULL,
        PRIMARY KEY (kind, href)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS collection (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        href TEXT NOT NULL,
        writer INTEGER NOT NULL,
        whole INTEGER NOT NULL,
        ctag TEXT,
        sync_token TEXT,
        born TEXT,
        unswept INTEGER NOT NULL,
        contents INTEGER,
        components TEXT NOT NULL DEFAULT '',
        UNIQUE (kind, href)
    )",
    "CREATE TABLE IF NOT EXISTS property (
        collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        empty INTEGER NOT NULL,
        PRIMARY KEY (collection, namespace, name)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS item (
        collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
        href TEXT NOT NULL,
        etag TEXT,
        listed_size INTEGER,
        modified INTEGER,
        size INTEGER NOT NULL,
        version INTEGER NOT NULL,
        vcard_version TEXT,
        components TEXT NOT NULL,
        wanted INTEGER NOT NULL,
        PRIMARY KEY (collection, href)
    ) WITHOUT ROWID",
];
