//! The grammar of the command line: plakar's words, and `-word` as well as `--word`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

mod key;
mod line;
mod pkg;
mod staying;
mod terms;

use clap::{Args, Parser, Subcommand};

pub use key::{Key, NewKey};
pub use line::{normalise, options};
pub use pkg::Pkg;
pub use staying::{Chosen, Keep, Policy, Prune, Rm};
pub use terms::Terms;

use line::{bare, percent};

/// Backups for calendars and contacts.
#[derive(Debug, Parser)]
#[command(name = "davault", version, disable_help_subcommand = true, override_usage = "davault [at VAULT] COMMAND …")]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The vault: a folder, s3://bucket/prefix, or @store; written `at VAULT` [default: $DAVAULT_REPOSITORY, then the
    /// default store]
    #[arg(long, global = true, hide = true, value_name = "VAULT")]
    pub at: Option<String>,
    /// Unlock the vault with the bytes of this file instead of a passphrase
    #[arg(long, global = true, value_name = "FILE")]
    pub keyfile: Option<std::path::PathBuf>,
    /// Print lists and summaries as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no summary; failures are still printed
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new, empty vault
    Create(Create),
    /// Take an account into the vault
    Backup(Backup),
    /// List snapshots, or what a snapshot holds
    Ls(Ls),
    /// Print an item, exactly as it is stored
    Cat(Cat),
    /// Put a snapshot, a calendar or an item back
    Restore(Restore),
    /// Look for damage in the vault
    Check(Check),
    /// Copy snapshots to another vault, from it, or both
    Sync(Sync),
    /// Make the index anew from what can be read, and say what is gone
    Repair(Repair),
    /// What opens the vault: passphrases and key files
    #[command(subcommand)]
    Key(Key),
    /// Remove snapshots, named or by rules
    Rm(Rm),
    /// Give back the space of what no snapshot needs, and merge what many small backups left
    Prune(Prune),
    /// Rules under a name, for rm and prune
    #[command(subcommand)]
    Policy(Policy),
    /// Where accounts are read from
    #[command(subcommand)]
    Source(Configured),
    /// Where accounts are put back to
    #[command(subcommand)]
    Destination(Configured),
    /// Where vaults lie
    #[command(subcommand)]
    Store(Configured),
    /// Packages of connectors (.ptar): make them, and install others'
    #[command(subcommand)]
    Pkg(Pkg),
    /// Speak plakar's plugin protocol on stdin and stdout (started by a host, not by a person)
    Plugin,
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
pub struct Create {
    /// Memory that each guess of the passphrase costs, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(8..=2048))]
    pub key_memory: u32,
}

#[derive(Debug, Args)]
pub struct Repair {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Backup {
    /// @source, or a location such as caldav://alice@dav.example.com or a folder
    pub source: String,
    /// An option of the source, as key=value; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// A word to find the snapshot by; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Ls {
    /// A snapshot (prefix of its id, `latest`, `latest@source`) and a path in it
    #[arg(value_name = "SNAP[:PATH]")]
    pub what: Option<String>,
    /// Also what is in the folders below
    #[arg(long, short = 'R')]
    pub recursive: bool,
}

#[derive(Debug, Args)]
pub struct Cat {
    /// The item
    #[arg(value_name = "SNAP:PATH")]
    pub what: String,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Restore {
    /// @destination, a location, or a folder
    #[arg(long, value_name = "@DEST|FOLDER")]
    pub to: String,
    /// What to put back; all of it without a path
    #[arg(value_name = "SNAP[:PATH]", default_value = "latest")]
    pub what: String,
    /// Print the plan – what would be created, changed, deleted, and what stands in the way – and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Of the plan print every item, also those that are there already
    #[arg(long)]
    pub verbose: bool,
    /// What happens to an item that stands there and differs: it is replaced, it stays, or the snapshot's version is put
    /// beside it under a new UID [default: overwrite]
    #[arg(long, value_name = "overwrite|keep|copy")]
    pub on_conflict: Option<String>,
    /// Put everything into this collection; with %n in it, a name for new ones: "Restored %n"; empty: where it belongs
    #[arg(long, value_name = "NAME")]
    pub into: Option<String>,
    /// Also delete what the snapshot lacks, where it is known to hold the whole of a calendar or an address book
    #[arg(long)]
    pub mirror: bool,
    /// Do not put what is written over or deleted into the vault first
    #[arg(long)]
    pub no_undo: bool,
    /// Read back what was put on a server, and compare [default]
    #[arg(long, conflicts_with = "no_verify")]
    pub verify: bool,
    /// Do not read back what was put on a server
    #[arg(long)]
    pub no_verify: bool,
    /// An option of the destination, as key=value; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    // Last: their heading holds for all that follows.
    #[command(flatten)]
    pub terms: Terms,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Only these snapshots and what they need: the beginning of an id, `latest`, `latest@source`
    #[arg(value_name = "SNAP")]
    pub snapshots: Vec<String>,
    /// Read and verify every byte, not only the structure; or, with a share such as 10%, packs drawn at random
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "100%",
          value_parser = percent)]
    pub read_data: Option<u8>,
    /// Take the snapshots that are there as all that should be, and warn no more of those that vanished
    #[arg(long)]
    pub accept: bool,
}

/// Copy the snapshots that the one vault has and the other lacks. Nothing is removed anywhere, and what was
/// removed from the other vault is left out unless it is named.
#[derive(Debug, Args)]
pub struct Sync {
    /// Which way and what other vault (a location or @store): `to OTHER`, `from OTHER`, or `with OTHER` for both ways; before
    /// it the snapshots that are meant, all if none is named
    #[arg(required = true, value_name = "[SNAP…] to|from|with OTHER")]
    pub words: Vec<String>,
    /// Unlock the other vault with the bytes of this file. Without it: $DAVAULT_PEER_PASSPHRASE, the keyfile or
    /// passphrase_command of its store, $DAVAULT_PASSPHRASE, or a question
    #[arg(long, value_name = "FILE")]
    pub peer_keyfile: Option<std::path::PathBuf>,
    /// Say what would be copied, and copy nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum Configured {
    /// Remember a location under a name
    Add {
        name: String,
        location: String,
        #[arg(value_name = "KEY=VALUE")]
        options: Vec<String>,
    },
    /// Forget names
    Rm {
        #[arg(required = true, value_parser = bare)]
        names: Vec<String>,
    },
    /// Show what is set, secrets hidden
    Show {
        #[arg(value_parser = bare)]
        names: Vec<String>,
        /// Of a store: what its vault holds of each source, and what that takes; without a name of the vault at hand
        #[arg(long)]
        sizes: bool,
    },
    /// Set options
    Set {
        #[arg(value_parser = bare)]
        name: String,
        #[arg(required = true, value_name = "KEY=VALUE")]
        options: Vec<String>,
    },
    /// Remove options
    Unset {
        #[arg(value_parser = bare)]
        name: String,
        #[arg(required = true, value_name = "KEY")]
        options: Vec<String>,
    },
    /// Connect, sign in, and say who answers
    Ping {
        #[arg(value_parser = bare)]
        name: String,
    },
    /// List the names
    List,
    /// Use this store when no vault is named
    #[command(name = "default")]
    Default {
        #[arg(value_parser = bare)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
