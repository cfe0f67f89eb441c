//! Numbers of the plugin interface that both sides must agree on, and sizes that both sides choose.

/// Flag of an importer: it lists once, so the host needs no second process to count.
pub(super) const FLAG_STREAM: u32 = 1 << 2;
/// Flag of an importer: it wants to know when the host is done with a record.
pub(super) const FLAG_NEEDACK: u32 = 1 << 3;

/// Flag of an exporter: it wants extended attributes, as records of their own.
pub(super) const FLAG_EXPORTXATTR: u32 = 1 << 5;

/// What a record costs in memory beside its texts, in bytes, about.
pub(super) const RECORD: usize = 256;
/// Largest piece of a content in one message, in bytes; what plakar sends as well.
pub(super) const CHUNK: usize = 1 << 20;
/// Largest message that is taken, in bytes; tonic's own 4 MiB would be tight for a host that sends larger chunks.
pub(super) const MESSAGE: usize = 64 << 20;
/// Bytes that may be under way in one call before the receiver has taken any: four chunks.
pub(super) const STREAM_WINDOW: u32 = 4 << 20;
/// Bytes that may be under way in all calls together.
pub(super) const CONNECTION_WINDOW: u32 = 16 << 20;
/// Largest content of one item, in bytes. Items are held in memory while they travel; none of the servers that we know takes
/// more than 50 MB.
pub(super) const CONTENT: u64 = 256 << 20;

/// Key of the metadata of a call of Import by which davault as a host says that its acknowledgments begin with the folders that it
/// has: a record each, with the number of its contents as inode number; a message without a result ends them. Other hosts do
/// not send it.
pub(super) const HOLDS: &str = "davault-holds";

/// Prefix of the words in `Result.header.extendedAttributes` by which davault's exporter says what became of a record:
/// `davault.outcome=created`. Hosts that do not know them pass them by.
pub(super) const WORD: &str = "davault.";
/// What became of it, or why it was not stored.
pub(super) const OUTCOME: &str = "outcome";
/// Of a folder in a plan: where its collection stands.
pub(super) const AT: &str = "at";
/// Of a folder in a plan: what a source calls that collection.
pub(super) const NAME: &str = "name";
/// Of a folder in a plan: its collection would be made.
pub(super) const MAKES: &str = "makes";
/// Of a folder in a plan: a property that would be set.
pub(super) const SETS: &str = "sets";
/// Of a folder in a plan: an item that would be deleted.
pub(super) const DELETES: &str = "deletes";
/// Of a folder in a plan: what would be left, and why.
pub(super) const LEAVES: &str = "leaves";
/// Of a folder in a plan: how many items would be put with `SCHEDULE-AGENT=CLIENT`.
pub(super) const LEFT_TO_CLIENT: &str = "left-to-client";
/// Of a folder in a plan: how many would be put with their guests as notes.
pub(super) const GUESTS_AS_NOTES: &str = "guests-as-notes";
