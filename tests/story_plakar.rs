//! Genuine plakar, 1.1 or 1.0, runs our package: `make test-plakar PLAKAR=/usr/bin/plakar`. Left out elsewhere, since plakar is in
//! no registry.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::servers::Server;

/// What 1.0 needs for a list that opens nothing is 9, 1.1 needs 3; there are 22 collections.
const FEW_CALLS: usize = 12;

#[tokio::test]
#[ignore = "needs plakar: make test-plakar PLAKAR=…"]
async fn plakar_backs_an_account_up_and_restores_it() {
    let (person, radicale, xandikos) = (Person::with_vault().await, Server::radicale().await, Server::xandikos().await);
    person.add("radicale", &radicale).await;
    person.add("xandikos", &xandikos).await;
    let made = Account::seeded(5, Size { calendars: 20, events_each: 5, books: 2, contacts_each: 5 });
    made.write_vdir(&person.path("made")).expect("an account");
    person.fill("radicale", &person.path("made")).await;

    let plakar = Plakar::with_our_package().await;
    plakar.add("source", "radicale", &radicale, "alice:alice-pw").await;
    let first = plakar.ok(&["at", "store", "backup", "@radicale"]).await;
    assert!(first.calls() > made.item_count(), "the first backup opens every item: {first:?}");
    let second = plakar.ok(&["at", "store", "backup", "@radicale"]).await;
    assert!(second.calls() <= FEW_CALLS, "the second backup opens nothing: {second:?}");

    let listed = plakar.ok(&["at", "store", "ls"]).await;
    let snapshot = listed.text.split_whitespace().nth(1).expect("an id").to_string();
    let calendars = plakar.ok(&["at", "store", "ls", &format!("{snapshot}:/calendars")]).await;
    assert_eq!(calendars.text.lines().count(), 20, "{calendars:?}");

    plakar.add("source", "wrong", &radicale, "alice:nope").await;
    let refused = plakar.run(&["at", "store", "backup", "@wrong"]).await;
    let said = refused.text.clone() + &refused.errors;
    assert!(!refused.well && said.contains("the server refused the user name or password"), "{refused:?}");

    plakar.add("destination", "xandikos", &xandikos, "alice:alice-pw").await;
    plakar.ok(&["at", "store", "restore", "-to", "@xandikos", &snapshot]).await;
    person.back_up("radicale").await;
    let compared = ["at", "vault", "restore", "--json", "-dry-run", "-to", "@xandikos", "latest@radicale"];
    let compared = person.ok(&compared).await;
    assert_eq!(compared.value("/outcomes"), json!({ "identical": made.item_count() }), "{compared:?}");

    plakar.add("destination", "bob", &radicale, "bob:bob-pw").await;
    plakar.ok(&["at", "store", "restore", "-to", "@bob", &format!("{snapshot}:/calendars/calendar-2")]).await;
    person.ok(&["source", "add", "bob", &radicale.location(), "username=bob", "password=bob-pw"]).await;
    person.back_up("bob").await;
    let restored = person.ok(&["at", "vault", "ls", "latest:/calendars/calendar-2"]).await;
    assert_eq!(restored.out().matches(".ics").count(), 5, "{restored:?}");
}

/// plakar with a home and a store of its own.
struct Plakar {
    program: PathBuf,
    home: TempDir,
    /// 1.0 starts an agent, and that needs a syslog, unless it is told not to.
    is_old: bool,
}

/// What a command said on both outputs, and how it ended.
#[derive(Debug)]
struct Ran {
    well: bool,
    text: String,
    errors: String,
}

impl Plakar {
    async fn with_our_package() -> Plakar {
        let from_environment = |name| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("no ${name}")));
        let program = from_environment("PLAKAR");
        let mut plakar = Plakar { program, home: tempfile::tempdir().expect("a home"), is_old: false };
        plakar.is_old = plakar.ok(&["version"]).await.text.contains("v1.0.");
        plakar.run(&["-disable-security-check"]).await;
        let package = from_environment("DAVAULT_PACKAGE");
        plakar.ok(&["pkg", "add", package.to_str().expect("a path in UTF-8")]).await;
        let installed = plakar.ok(&["pkg", "list"]).await;
        assert!(installed.text.contains("davault@v"), "{installed:?}");
        plakar.ok(&["at", "store", "create"]).await;
        plakar
    }

    /// Configures an account, `user:password`, under the name.
    async fn add(&self, noun: &str, name: &str, server: &Server, account: &str) {
        let (user, password) = account.split_once(':').expect("a password");
        let mut words = vec![noun.into(), "add".into(), name.into(), server.location()];
        words.extend([format!("username={user}"), format!("password={password}")]);
        words.extend(server.ca_file().map(|file| format!("ca_file={}", file.display())));
        self.ok(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    async fn ok(&self, words: &[&str]) -> Ran {
        let ran = self.run(words).await;
        assert!(ran.well && !ran.text.contains('✘'), "plakar {}: {ran:?}", words.join(" "));
        ran
    }

    async fn run(&self, words: &[&str]) -> Ran {
        let mut command = Command::new(&self.program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.home.path()).current_dir(self.home.path());
        command.env("PLAKAR_PASSPHRASE", "a-Passphrase-4-tests").env("DAVAULT_LOG", "h2::codec=debug");
        command.args(self.is_old.then_some("-no-agent")).args(words).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.expect("plakar starts");
        Ran {
            well: output.status.success(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// How many calls the plugin got, by what its log says on standard error.
    fn calls(&self) -> usize {
        self.errors.matches("received frame=Headers").count()
    }
}
