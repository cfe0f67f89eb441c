//! Starts a plugin and drives it: anyone's, and davault's own.
//!
//! Whatever the plugin does, each call ends: with what was asked for, or with one sentence. What a plugin can make this
//! process keep is bounded by [`Limits`]. When a [`Plugin`] is stopped or dropped its process is ended and waited for.

mod acknowledge;
mod exporter;
mod importer;
mod link;
mod listing;
pub mod mode;
mod process;
mod reading;
mod record;
mod sending;
mod stored;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::Channel;

use super::error::Error;
use super::wire;
use crate::go;
use crate::proto::{importer as i, plakar::exporter as e};

pub use exporter::Exporter;
pub use importer::Importer;
pub use reading::Reading;
pub use record::{Attribute, Details, Received, Record};
pub use sending::Sending;
pub use stored::{Foreseen, Stored};

/// The options of an Init: importers and exporters have the same, in types of their own.
macro_rules! options {
    ($of:ident, $init:ident) => {
        $of::Options {
            os: go::os().into(),
            arch: go::arch().into(),
            cwd: cwd(),
            maxconcurrency: i64::try_from($init.max_concurrency).unwrap_or(i64::MAX),
            excludes: $init.excludes,
            noxattr: !$init.all_kinds,
            hostname: $init.hostname,
        }
    };
}

/// A running plugin.
pub struct Plugin {
    process: process::Process,
    link: Arc<link::Link>,
    channel: Channel,
}

/// What a plugin may use up before it is given up.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For Init, Close and the end of a list, which need no work to speak of.
    pub answer: Duration,
    /// Between two signs of life in the middle of work. Generous, because some servers make a client wait for minutes.
    pub quiet: Duration,
    /// From the end of its standard input until it is killed.
    pub grace: Duration,
    /// Records in one list.
    pub records: usize,
    /// Memory of records that were received and not yet settled, in bytes.
    pub unsettled_bytes: usize,
    /// Contents that are read at the same time; the rest wait.
    pub opens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            answer: Duration::from_secs(30),
            quiet: Duration::from_mins(30),
            grace: Duration::from_secs(5),
            records: 10_000_000,
            unsettled_bytes: 256 << 20,
            opens: 32,
        }
    }
}

/// What a plugin is told before anything else. Options may be secrets, so this can't be printed.
#[derive(Clone, Default)]
pub struct Init {
    /// As the user wrote it: `caldav://…`.
    pub location: String,
    /// The user's `key=value` pairs.
    pub options: BTreeMap<String, String>,
    /// Patterns of paths to leave out, in the manner of `.gitignore`.
    pub excludes: Vec<String>,
    /// How many items are handled at once.
    pub max_concurrency: usize,
    /// The name of this machine; some plugins say that it is where their data come from.
    pub hostname: String,
    /// Whether links, special files and extended attributes are wanted, sizes may be wrong, and a folder may come twice. Without
    /// it all that is neither a folder nor a file counts as failed.
    pub all_kinds: bool,
}

/// Who a plugin speaks to, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Where the data come from or go to.
    pub origin: String,
    /// What kind of place that is, such as `caldav`.
    pub kind: String,
    /// The path in the snapshot under which everything lies.
    pub root: String,
    /// Bits of the interface that say what it wants.
    flags: u32,
}

impl About {
    /// Whether an exporter wants extended attributes.
    #[must_use]
    pub fn wants_xattrs(&self) -> bool {
        self.flags & wire::FLAG_EXPORTXATTR != 0
    }
}

impl Plugin {
    /// Starts `executable` with the default limits; its standard error is this process's.
    pub async fn start(executable: &Path, args: &[String]) -> Result<Plugin, Error> {
        Plugin::start_within(executable, args, Limits::default()).await
    }

    /// Starts `executable`, with other limits.
    pub async fn start_within(executable: &Path, args: &[String], limits: Limits) -> Result<Plugin, Error> {
        let (process, pipe) = process::Process::start(executable, args, limits.grace)?;
        let link = Arc::new(link::Link::new(process.name(), process.exit(), pipe.end(), limits));
        let channel = link.connect(pipe).await?;
        Ok(Plugin { process, link, channel })
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Makes it an importer of what `init` says.
    pub async fn import(&self, init: Init) -> Result<Importer, Error> {
        let (proto, config) = config(&init);
        let options = Some(options!(i, init));
        let request = i::InitRequest { options, proto, config };
        Importer::init(Arc::clone(&self.link), self.channel.clone(), request, init.all_kinds).await
    }

    /// Makes it an exporter to where `init` says.
    pub async fn export(&self, init: Init) -> Result<Exporter, Error> {
        let (proto, config) = config(&init);
        let options = Some(options!(e, init));
        Exporter::init(Arc::clone(&self.link), self.channel.clone(), e::InitRequest { options, proto, config }).await
    }

    /// Ends the plugin: closes its standard input, waits for it, kills it after the grace period. An error where it had to be
    /// killed or ended with a status other than 0. Importers and exporters that are still held can't be used any more.
    pub async fn stop(self) -> Result<(), Error> {
        self.process.stop().await
    }
}

fn config(init: &Init) -> (String, HashMap<String, String>) {
    let proto = init.location.split_once("://").map_or("", |(proto, _)| proto);
    let mut config: HashMap<_, _> = init.options.clone().into_iter().collect();
    config.insert("location".into(), init.location.clone());
    (proto.into(), config)
}

fn cwd() -> String {
    std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}
