//! A person at a terminal: runs the real `davault` with a home, a configuration and a vault of their own.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::generate::Account;
use super::servers::Server;

/// Longer than any command here takes on a busy machine; one that hangs fails its test.
const PATIENCE: Duration = Duration::from_mins(10);

pub struct Person {
    home: TempDir,
}

/// What a command said and how it ended.
pub struct Ran {
    line: String,
    output: Output,
}

impl Person {
    /// Somebody who has set up nothing yet.
    pub fn new() -> Person {
        Person { home: tempfile::tempdir().expect("a home") }
    }

    /// Somebody with an empty vault at `./vault`.
    pub async fn with_vault() -> Person {
        let person = Person::new();
        // The least memory that is allowed: guessing passphrases is not what these tests are about.
        person.ok(&["at", "vault", "create", "-key-memory", "8"]).await;
        person
    }

    /// Somebody with an empty vault, and a small account in the folder `./made`.
    pub async fn with_folder() -> Person {
        let person = Person::with_vault().await;
        Account::readable().write_vdir(&person.path("made")).expect("an account");
        person
    }

    /// The same, once `./made` is in the vault: 13 items.
    pub async fn with_backup() -> Person {
        let person = Person::with_folder().await;
        person.ok(&["at", "vault", "backup", "./made"]).await;
        person
    }

    /// Somebody with an empty vault, whose account `@home` on this server is what lies in `./made`.
    pub async fn with_account(server: &Server) -> Person {
        let person = Person::with_folder().await;
        person.add("home", server).await;
        person.fill("home", &person.path("made")).await;
        person
    }

    /// A path in the home, where every command runs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `davault WORDS…`, not yet started; ended when it is dropped.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davault"));
        let inherited = ["PATH", "TMPDIR", "LLVM_PROFILE_FILE"].map(|name| (name, std::env::var_os(name)));
        command.env_clear().envs(inherited.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.env("HOME", self.home.path()).env("DAVAULT_PASSPHRASE", "a passphrase for tests");
        command.env("XDG_CONFIG_HOME", self.path("config")).env("XDG_CACHE_HOME", self.path("cache"));
        command.args(words).current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs `davault WORDS…` to its end.
    pub async fn run(&self, words: &[&str]) -> Ran {
        let line = format!("davault {}", words.join(" "));
        let output = timeout(PATIENCE, self.command(words).output()).await;
        let output = output.unwrap_or_else(|_| panic!("`{line}` does not end")).expect("davault starts");
        Ran { line, output }
    }

    /// Runs a command that must end well.
    pub async fn ok(&self, words: &[&str]) -> Ran {
        let ran = self.run(words).await;
        assert_eq!(ran.code(), Some(0), "{ran:?}");
        ran
    }

    /// Configures a server's account of alice under `name`, as a source and as a destination.
    pub async fn add(&self, name: &str, server: &Server) {
        let (location, options) = (server.location(), server.sign_in("alice"));
        for noun in ["source", "destination"] {
            let mut words = vec![noun, "add", name, location.as_str()];
            words.extend(options.iter().map(String::as_str));
            self.ok(&words).await;
        }
    }

    /// Backs up the source called `name`, every item of it, and returns the snapshot's id.
    pub async fn back_up(&self, name: &str) -> String {
        let ran = self.ok(&["at", "vault", "backup", "--json", &format!("@{name}")]).await;
        assert_eq!(ran.value("/snapshot/failed"), 0, "{ran:?}");
        ran.value("/snapshot/id").as_str().expect("an id").to_string()
    }

    /// Loses what is remembered of accounts, so that the next backup reads everything.
    pub fn forget(&self) {
        std::fs::remove_dir_all(self.path("cache/davault/accounts")).expect("what is remembered");
    }

    /// Puts the content of a folder on the server called `name`, through a vault.
    pub async fn fill(&self, name: &str, folder: &Path) {
        let folder = folder.to_str().expect("a path in UTF-8");
        self.ok(&["at", "vault", "backup", folder]).await;
        let to = format!("@{name}");
        self.ok(&["at", "vault", "restore", "-to", &to, "latest"]).await;
    }
}

impl Ran {
    /// The exit code; none after a signal.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// What stands at a pointer (RFC 6901) in standard output, which is one JSON value; null if nothing does.
    pub fn value(&self, pointer: &str) -> Value {
        let whole: Value =
            serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        whole.pointer(pointer).cloned().unwrap_or_default()
    }
}

impl std::fmt::Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ended with {:?}\n{}{}", self.line, self.output.status, self.out(), self.err())
    }
}
