//! The grammar of the command line: plakar's words, and `-word` as well as `--word`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use super::failure::Failure;

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
pub struct Restore {
    /// @destination, a location, or a folder
    #[arg(long, value_name = "@DEST|FOLDER")]
    pub to: String,
    /// What to put back; all of it without a path
    #[arg(value_name = "SNAP[:PATH]", default_value = "latest")]
    pub what: String,
    /// What happens to an item that stands there and differs [default: overwrite]
    #[arg(long, value_name = "overwrite|keep|copy")]
    pub on_conflict: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// An option of the destination, as key=value; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub options: Vec<String>,
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

/// A configured name, with or without the `@` that means it elsewhere.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for it")]
fn bare(name: &str) -> Result<String, std::convert::Infallible> {
    Ok(name.strip_prefix('@').unwrap_or(name).to_string())
}

/// A share in percent, with or without its sign.
fn percent(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|percent| (1..=100).contains(percent));
    number.ok_or_else(|| "a share is written 1% to 100%".to_string())
}

/// Turns `at VAULT` before the command into `--at VAULT`, and `-word` into `--word`. Single letters stay as they are,
/// and so does all after `--`.
pub fn normalise(arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut normal = Vec::with_capacity(arguments.len() + 1);
    let mut before_command = true;
    let mut is_value = false;
    let mut literal = false;
    for (position, argument) in arguments.into_iter().enumerate() {
        let Some(text) = argument.to_str() else {
            return Err(Failure::usage(format!("the argument {} is not valid UTF-8", argument.display())));
        };
        literal |= text == "--";
        let option = position > 0 && !is_value && !literal && text.starts_with('-');
        // Of the words with a value behind `=` only this one: `-oa=b` is the option `-o`.
        let word = if text.starts_with("-read-data=") { "-read-data" } else { text };
        if option
            && word.len() > 2
            && !word.starts_with("--")
            && word.chars().all(|c| c == '-' || c.is_ascii_alphabetic())
        {
            is_value = text == "-keyfile";
            normal.push(format!("-{text}").into());
            continue;
        }
        if position > 0 && before_command && !option && !is_value {
            before_command = false;
            if text == "at" {
                // `at` may come once only, so that a later word `at` is a command's own argument.
                normal.push("--at".into());
                continue;
            }
        }
        is_value = text == "--keyfile" && !is_value;
        normal.push(argument);
    }
    Ok(normal)
}

/// Splits `key=value` arguments into options; a key given twice is an error.
pub fn options(arguments: &[String]) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let mut options = std::collections::BTreeMap::new();
    for argument in arguments {
        // The value may be a secret, so only what is before the first `=` is ever repeated.
        let Some((key, value)) = argument.split_once('=') else {
            return Err(Failure::usage("an option is written key=value, and one of these has no '='".to_string()));
        };
        if options.insert(key.to_string(), value.to_string()).is_some() {
            return Err(Failure::usage(format!("the option '{key}' is given twice")));
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let normal: Vec<String> =
            normalise(words).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
        normal.join(" ")
    }

    #[test]
    fn at_stands_before_the_command_only() {
        assert_eq!(normal("davault at ./v ls"), "davault --at ./v ls");
        assert_eq!(normal("davault -keyfile k at ./v ls"), "davault --keyfile k --at ./v ls");
        assert_eq!(normal("davault source rm at"), "davault source rm at");
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(normal("davault restore -to @d latest"), "davault restore --to @d latest");
        assert_eq!(normal("davault restore -on-conflict keep"), "davault restore --on-conflict keep");
        assert_eq!(normal("davault backup -o a=b -quiet"), "davault backup -o a=b --quiet");
        assert_eq!(normal("davault check -read-data=10% latest"), "davault check --read-data=10% latest");
        assert_eq!(normal("davault backup -oa=b x"), "davault backup -oa=b x");
        assert_eq!(normal("davault source set x since=-90d"), "davault source set x since=-90d");
    }

    #[test]
    fn an_option_without_a_value_is_refused_without_repeating_it() {
        let failure = options(&["hunter2".to_string()]).unwrap_err();
        assert!(!failure.sentence.contains("hunter2"));
        assert_eq!(options(&["a=b=c".to_string()]).unwrap().get("a").unwrap(), "b=c");
    }

    #[test]
    fn the_grammar_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
