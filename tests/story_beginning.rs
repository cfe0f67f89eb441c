//! A backup opens its vault while it looks for the source: whoever can't open the vault is told that, and nothing else happens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::person::Person;
use crate::support::provider::Provider;
use crate::support::scripted::Scripted;

const REFUSED: &str = "davault: cannot open the vault vault: this passphrase does not open the vault in vault\n";

/// Processes with this folder in their environment.
fn processes_of(home: &Path) -> Vec<PathBuf> {
    let home = home.to_str().expect("a path in UTF-8").as_bytes().to_vec();
    let all = fs::read_dir("/proc").expect("processes").map(|entry| entry.expect("a process").path());
    all.filter(|one| {
        fs::read(one.join("environ")).is_ok_and(|variables| variables.windows(home.len()).any(|part| part == home))
    })
    .collect()
}

fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let content = fs::read(&path).expect("a file");
            files.push((path, content));
        }
    }
    files.sort();
    files
}

/// Backs up with a wrong passphrase.
async fn refused(person: &Person) {
    let kept = ["vault", ".local/state"].map(|name| files_below(&person.path(name)));
    let ran = person.command(&["at", "vault", "backup", "@it"]).env("DAVAULT_PASSPHRASE", "a wrong one").output();
    let ran = ran.await.expect("davault starts");
    assert_eq!((ran.status.code(), &*String::from_utf8_lossy(&ran.stderr)), (Some(1), REFUSED), "{ran:?}");
    assert_eq!(processes_of(&person.path("config")), [] as [PathBuf; 0]);
    assert!(["vault", ".local/state"].map(|name| files_below(&person.path(name))) == kept, "nothing was written");
}

async fn person(location: &str, password: &str) -> Person {
    let person = Person::with_vault().await;
    person.ok(&["source", "add", "it", location, "username=alice", password]).await;
    person
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_whatever_the_source_does() {
    let silent = Provider::start(|_, _| Some(Scripted::hang()));
    refused(&person(&silent.location(), "password=x").await).await;
    // Nobody listens there.
    refused(&person("dav://http://127.0.0.1:1/", "password=x").await).await;
    refused(&person(&silent.location(), "password_file=/nowhere/password").await).await;
}

#[tokio::test]
async fn nobody_is_asked_for_a_password_before_the_vault_is_open() {
    let provider = Provider::start(|_, _| None);
    let person = person(&provider.location(), "password_command=echo asked > asked; echo x").await;
    refused(&person).await;
    assert!(!person.path("asked").exists() && provider.server.recorded().is_empty());
    person.ok(&["at", "vault", "backup", "@it"]).await;
    assert!(person.path("asked").exists());
}
