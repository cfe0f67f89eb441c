//! From `at VAULT` to an open vault.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Section;
use crate::report::sentence;
use crate::vault::{self, KeyRing, Place, Problem, Unlock, Vault};

use super::context::Context;
use super::failure::Failure;
use super::output;
use super::passphrase::{self, Hints};
use super::words;

/// Options of a store that say how it is unlocked; all others are the vault's own.
const UNLOCKING: [&str; 2] = ["passphrase_command", "keyfile"];

/// A vault's place and what may unlock it.
pub struct Found {
    /// Where it lies.
    pub place: Place,
    /// What stands behind `at` to mean it: `@store` or the location.
    pub named: String,
    hints: Hints,
}

impl Found {
    /// What unlocks it; `twice` asks for a new passphrase twice.
    pub async fn unlock(&self, twice: bool) -> Result<Unlock, Failure> {
        passphrase::unlock(&self.hints, twice).await
    }
}

/// Finds the vault that the command line, the environment or the configuration names.
pub fn find(context: &Context) -> Result<Found, Failure> {
    let named = context.at.clone().or_else(|| context.config.default_store.as_ref().map(|name| format!("@{name}")));
    let Some(at) = named else {
        return Err(Failure::usage("no vault is named").hint("Write `davault at VAULT …`, or set DAVAULT_REPOSITORY."));
    };
    let (location, options) = named_place(context, &at)?;
    Ok(Found { named: at, ..found(context, &location, options)? })
}

fn named_place(context: &Context, named: &str) -> Result<(String, BTreeMap<String, String>), Failure> {
    Ok(match named.strip_prefix('@') {
        Some(name) => {
            let store = context.config.get(Section::Stores, name)?;
            (store.location.clone(), store.options.clone())
        }
        None => (named.to_owned(), BTreeMap::new()),
    })
}

/// Opens a second vault beside the one of the command line. `-keyfile` and `DAVAULT_PASSPHRASE` are meant for that one: this
/// one opens with `peer_keyfile`, else what its own configuration says, else as the first does, without its key file.
pub async fn other(context: &Context, named: &str, peer_keyfile: Option<&Path>) -> Result<Vault, Failure> {
    let (location, mut options) = named_place(context, named)?;
    let [command, keyfile] = UNLOCKING.map(|name| options.remove(name));
    let place = Place::parse(&location, &options).map_err(|error| failure("cannot use the other vault", &error))?;
    let keyfile = peer_keyfile.map(Into::into).or_else(|| keyfile.map(Into::into));
    let found = Found { place, named: named.to_owned(), hints: Hints { keyfile, command, is_other: true } };
    open(context, &found).await
}

/// The vault at a configured store's location.
pub fn found(context: &Context, location: &str, mut options: BTreeMap<String, String>) -> Result<Found, Failure> {
    let [command, keyfile] = UNLOCKING.map(|name| options.remove(name));
    let keyfile = context.keyfile.clone().or_else(|| keyfile.map(Into::into));
    let place = Place::parse(location, &options).map_err(|error| failure("cannot use this vault", &error))?;
    let named = location.to_string();
    Ok(Found { place, named, hints: Hints { keyfile, command, is_other: false } })
}

/// Whether the value of a store's option is a secret.
pub fn is_secret(option: &str) -> bool {
    vault::is_secret_option(option)
}

/// Checks what `store add` and `store set` are given, and touches nothing.
pub fn check(location: &str, options: &BTreeMap<String, String>) -> Result<(), Failure> {
    let mut own = options.clone();
    for name in UNLOCKING {
        own.remove(name);
    }
    if options.contains_key("passphrase_command") && options.contains_key("keyfile") {
        return Err(Failure::usage("'passphrase_command' and 'keyfile' are two ways to unlock: give one"));
    }
    Place::parse(location, &own).map_err(|error| failure("cannot use this store", &error))?;
    Ok(())
}

/// Opens the vault that the command line names.
pub async fn vault(context: &Context) -> Result<Vault, Failure> {
    ready(context).await?.open(context).await
}

/// Gets what unlocks the vault that the command line names, from a person if need be, and opens nothing yet.
pub async fn ready(context: &Context) -> Result<Ready, Failure> {
    let found = find(context)?;
    let unlock = unlock(&found).await?;
    Ok(Ready { found, unlock })
}

/// A vault, and what may unlock it: nobody has to be asked any more.
pub struct Ready {
    found: Found,
    unlock: Unlock,
}

impl Ready {
    /// Opens it, and says what vanished from it; takes as long as its passphrase costs.
    pub async fn open(&self, context: &Context) -> Result<Vault, Failure> {
        let vault = opened(context, &self.found, &self.unlock).await?;
        let watched = vault.watch().await;
        match watched {
            Ok(problems) => warn(&problems),
            Err(error) if error.kind == vault::ErrorKind::Storage && context.quiet => {}
            Err(error) => output::error_line(&format!("davault: {}", sentence(&error))),
        }
        Ok(vault)
    }
}

/// Opens the vault that the command line names, and leaves it to the caller to look for what vanished from it.
pub async fn unwatched(context: &Context) -> Result<Vault, Failure> {
    open(context, &find(context)?).await
}

/// Warns of what vanished, whatever the command is about.
fn warn(problems: &[Problem]) {
    for problem in problems {
        output::error_line(&words::printable(&format!("davault: warning: {}: {}", problem.file, problem.why)));
    }
    if !problems.is_empty() {
        output::error_line("If you know why, `davault check -accept` takes the vault as it is now.");
    }
}

/// Opens a vault that was found.
pub async fn open(context: &Context, found: &Found) -> Result<Vault, Failure> {
    let unlock = unlock(found).await?;
    opened(context, found, &unlock).await
}

/// What unlocks a vault that is there: nobody is asked for that of another.
async fn unlock(found: &Found) -> Result<Unlock, Failure> {
    Vault::find_at(&found.place).await.map_err(|error| cannot_open(found, &error))?;
    found.unlock(false).await
}

async fn opened(context: &Context, found: &Found, unlock: &Unlock) -> Result<Vault, Failure> {
    Vault::open_with(&found.place, unlock, context.local.clone()).await.map_err(|error| cannot_open(found, &error))
}

/// Opens the keys of the vault that the command line names.
pub async fn key_ring(context: &Context) -> Result<KeyRing, Failure> {
    let found = find(context)?;
    let unlock = unlock(&found).await?;
    KeyRing::open(&found.place, &unlock).await.map_err(|error| cannot_open(&found, &error))
}

fn cannot_open(found: &Found, error: &vault::Error) -> Failure {
    let place = found.place.describe();
    let failure = failure(&format!("cannot open the vault {place}"), error);
    match error.kind {
        vault::ErrorKind::NotAVault => failure.hint(format!("Make one with `davault at {} create`.", found.named)),
        _ => failure,
    }
}

/// An error of the vault's as the failure of a command.
pub fn failure(what: &str, error: &vault::Error) -> Failure {
    let text = format!("{what}: {}", sentence(error));
    match error.kind {
        vault::ErrorKind::Usage => Failure::usage(text),
        _ => Failure::failed(text),
    }
}

/// A location as it may be remembered: a relative folder becomes absolute, so that it means the same everywhere.
pub fn absolute(location: &str) -> Result<String, Failure> {
    let known = ["vdir://", "file://"].into_iter().find_map(|scheme| Some((scheme, location.strip_prefix(scheme)?)));
    let (scheme, path) = known.unwrap_or(("", location));
    if path.is_empty() || path.contains("://") || Path::new(path).is_absolute() {
        return Ok(location.into());
    }
    let failed = |error: std::io::Error| Failure::because(format!("cannot use the folder {path}"), &error);
    let path = std::path::absolute(path).map_err(failed)?;
    let path = path.to_str().ok_or_else(|| Failure::usage("the current folder's name is not valid UTF-8"))?;
    Ok(format!("{scheme}{path}"))
}
