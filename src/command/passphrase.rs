//! What unlocks a vault: a key file, `DAVAULT_PASSPHRASE`, the store's `passphrase_command`, else a hidden prompt.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal};
use std::path::Path;

use rustix::termios::{self, OptionalActions, Termios};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::connector::secret;
use crate::environment::{NEW_PASSPHRASE, PASSPHRASE, PEER_PASSPHRASE};
use crate::vault::Unlock;

use super::failure::Failure;

/// The largest key file, in bytes: a key file is a few random bytes, and a wrong path must not fill the memory.
const KEYFILE_BYTES: u64 = 1024 * 1024;

/// Where else a passphrase may come from than the environment and the terminal.
#[derive(Debug, Default)]
pub struct Hints {
    /// `-keyfile FILE`, or the store's `keyfile`.
    pub keyfile: Option<std::path::PathBuf>,
    /// The store's `passphrase_command`.
    pub command: Option<String>,
    /// It is the second vault of the command: `DAVAULT_PEER_PASSPHRASE` and its own command come before the first one's.
    pub is_other: bool,
}

/// Finds what unlocks the vault. `twice` asks at the prompt again, for a passphrase that is new.
pub async fn unlock(hints: &Hints, twice: bool) -> Result<Unlock, Failure> {
    if let Some(path) = &hints.keyfile {
        return keyfile(path);
    }
    let of_environment = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    if let Some(passphrase) = of_environment(PEER_PASSPHRASE).filter(|_| hints.is_other) {
        return Ok(Unlock::Passphrase(passphrase.into()));
    }
    let first = of_environment(PASSPHRASE);
    match (&hints.command, first) {
        (Some(command), None) => return Ok(Unlock::Passphrase(secret::from_command(command).await?)),
        (Some(command), Some(_)) if hints.is_other => {
            return Ok(Unlock::Passphrase(secret::from_command(command).await?));
        }
        (_, Some(passphrase)) => return Ok(Unlock::Passphrase(passphrase.into())),
        (None, None) => {}
    }
    if hints.is_other {
        return other(twice).await;
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::failed("the vault needs a passphrase, and there is no terminal to ask for it")
            .hint("Set DAVAULT_PASSPHRASE, or use -keyfile FILE, or give the store a passphrase_command."));
    }
    prompt("Passphrase of the vault: ", twice).await
}

async fn other(twice: bool) -> Result<Unlock, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::failed("the other vault needs a passphrase, and there is no terminal to ask for it")
            .hint("Set DAVAULT_PEER_PASSPHRASE, or use -peer-keyfile FILE, or give its store a passphrase_command."));
    }
    prompt("Passphrase of the other vault: ", twice).await
}

/// Finds what shall unlock the vault from now on: a key file, `DAVAULT_NEW_PASSPHRASE`, else a hidden prompt that asks twice.
pub async fn new_unlock(new_keyfile: Option<&Path>) -> Result<Unlock, Failure> {
    if let Some(path) = new_keyfile {
        return keyfile(path);
    }
    if let Some(passphrase) = std::env::var(NEW_PASSPHRASE).ok().filter(|text| !text.is_empty()) {
        return Ok(Unlock::Passphrase(passphrase.into()));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::failed("a new passphrase is needed, and there is no terminal to ask for it")
            .hint("Set DAVAULT_NEW_PASSPHRASE, or use -new-keyfile FILE."));
    }
    prompt("New passphrase of the vault: ", true).await
}

/// Puts the terminal back as it was when this is dropped: the thread that hides what is typed never comes to that when the
/// program is ended while it waits.
struct Terminal {
    tty: File,
    before: Termios,
}

impl Terminal {
    fn remember() -> Option<Terminal> {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let before = termios::tcgetattr(&tty).ok()?;
        Some(Terminal { tty, before })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = termios::tcsetattr(&self.tty, OptionalActions::Now, &self.before);
    }
}

fn keyfile(path: &Path) -> Result<Unlock, Failure> {
    let failed =
        |error: std::io::Error| Failure::because(format!("cannot read the key file {}", path.display()), &error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length == 0 || length > KEYFILE_BYTES {
        return Err(Failure::failed(format!(
            "the key file {} has {length} bytes: 1 to {KEYFILE_BYTES} will do",
            path.display()
        )));
    }
    Ok(Unlock::KeyFile(SecretSlice::from(std::fs::read(path).map_err(failed)?)))
}

async fn prompt(question: &'static str, twice: bool) -> Result<Unlock, Failure> {
    let _terminal = Terminal::remember();
    tokio::task::spawn_blocking(move || ask_for(question, twice))
        .await
        .unwrap_or_else(|_| Err(Failure::failed("the prompt failed")))
}

fn ask_for(question: &str, twice: bool) -> Result<Unlock, Failure> {
    let passphrase = ask(question)?;
    if twice && ask("The same once more: ")?.expose_secret() != passphrase.expose_secret() {
        return Err(Failure::failed("the two passphrases differ"));
    }
    Ok(Unlock::Passphrase(passphrase))
}

fn ask(question: &str) -> Result<SecretString, Failure> {
    let text = rpassword::prompt_password(question).map_err(|error| match error.kind() {
        ErrorKind::Interrupted => Failure::failed("interrupted"),
        _ => Failure::because("cannot ask for the passphrase", &error),
    })?;
    if text.is_empty() {
        return Err(
            Failure::failed("an empty passphrase protects nothing").hint("Type a few words that nobody can guess.")
        );
    }
    Ok(text.into())
}
