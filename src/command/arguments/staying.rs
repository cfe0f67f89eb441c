//! Which snapshots stay: the arguments of `rm`, `prune` and `policy`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Rm {
    /// Snapshots: the beginning of an id, `latest`, `latest@source`
    #[arg(value_name = "SNAP")]
    pub snapshots: Vec<String>,
    #[command(flatten)]
    pub chosen: Chosen,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Prune {
    #[command(flatten)]
    pub chosen: Chosen,
    /// Say what would be done and freed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long what nothing needs stays marked before it is deleted: 90min, 24h, 7d …
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub grace: String,
    /// Delete at once; only if nothing else uses the vault meanwhile
    #[arg(long, conflicts_with = "grace")]
    pub now: bool,
}

/// Which snapshots rules are about.
#[derive(Debug, Args)]
pub struct Chosen {
    #[command(flatten)]
    pub keep: Keep,
    /// The rules that are configured under this name
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Only snapshots of this source; may be repeated
    #[arg(long = "source", value_name = "@SOURCE")]
    pub sources: Vec<String>,
}

/// What stays of each source.
#[derive(Debug, Clone, Default, Args)]
pub struct Keep {
    /// Keep so many of the last snapshots of each source
    #[arg(long = "keep-last", value_name = "N")]
    pub last: Option<u32>,
    /// Keep the last one of each of so many hours
    #[arg(long = "keep-hourly", value_name = "N")]
    pub hourly: Option<u32>,
    /// Keep the last one of each of so many days
    #[arg(long = "keep-daily", value_name = "N")]
    pub daily: Option<u32>,
    /// Keep the last one of each of so many weeks
    #[arg(long = "keep-weekly", value_name = "N")]
    pub weekly: Option<u32>,
    /// Keep the last one of each of so many months
    #[arg(long = "keep-monthly", value_name = "N")]
    pub monthly: Option<u32>,
    /// Keep the last one of each of so many years
    #[arg(long = "keep-yearly", value_name = "N")]
    pub yearly: Option<u32>,
    /// Keep all that are at most so much older than the newest: 12h, 30d, 8w, 1y
    #[arg(long = "keep-within", value_name = "TIME")]
    pub within: Option<String>,
    /// Keep all with this tag; may be repeated
    #[arg(long = "keep-tag", value_name = "TAG")]
    pub tag: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Remember rules under a name
    Add {
        name: String,
        #[command(flatten)]
        keep: Keep,
    },
    /// Forget names
    Rm {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Show rules
    Show { names: Vec<String> },
    /// List the names
    List,
}
