//! The arguments of `key`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Key {
    /// List the keys of the vault
    List,
    /// Add a passphrase or a key file; the others go on to open the vault
    Add {
        #[command(flatten)]
        new: NewKey,
        /// A few words to know it by; whoever sees the vault's files can read them
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
    },
    /// Remove keys, by the beginning of their ids; not the one that opens the vault now
    Rm {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Put a new passphrase or key file in place of the one that opens the vault now
    Change {
        #[command(flatten)]
        new: NewKey,
        /// A few words to know it by [default: those that it has]
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
        /// Keep the passphrase or key file, and change only what each guess costs
        #[arg(long, conflicts_with = "new_keyfile")]
        same: bool,
    },
}

/// A key that is to come. Without a key file it is $DAVAULT_NEW_PASSPHRASE, or asked for twice
#[derive(Debug, Args)]
pub struct NewKey {
    /// The new key is the bytes of this file instead of a passphrase
    #[arg(long, value_name = "FILE")]
    pub new_keyfile: Option<std::path::PathBuf>,
    /// Memory that each guess costs, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(8..=2048))]
    pub key_memory: u32,
    /// Passes over that memory
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub key_passes: u32,
}
