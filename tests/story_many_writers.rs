//! Eight processes back eight accounts up into one vault at once, and others prune it meanwhile: every snapshot is whole.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::s3;
use crate::support::vdir;

const WRITERS: u64 = 8;
const SIZE: Size = Size { calendars: 2, events_each: 40, books: 1, contacts_each: 20 };

fn made(person: &Person, writer: u64, round: u64) -> std::path::PathBuf {
    person.path(&format!("made-{writer}-{round}"))
}

/// Makes everything that lies in the vault's folder a day older, as far as its store can tell.
fn age(folder: &Path, by: Duration) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            age(&entry.path(), by);
        } else {
            let file = fs::File::options().write(true).open(entry.path()).expect("a file");
            let before = file.metadata().and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            file.set_modified(before - by).expect("a time");
        }
    }
}

/// All of them at once, and two prunes one after the other beside them.
async fn all_at_once(person: &Person, at: &str, round: u64) {
    let back_up = |writer| async move {
        let folder = format!("made-{writer}-{round}");
        person.ok(&["at", at, "backup", "-tag", &format!("r{round}"), &format!("./{folder}")]).await
    };
    let prunes = async {
        for _ in 0..2 {
            person.ok(&["at", at, "prune"]).await;
        }
    };
    tokio::join!(join_all((0..WRITERS).map(back_up)), prunes);
}

/// Ids and locations of all snapshots.
async fn snapshots(person: &Person, at: &str) -> Vec<(String, String)> {
    let listed = person.ok(&["at", at, "ls", "--json"]).await.out();
    let text = |snapshot: &Value, name| snapshot.get(name).and_then(Value::as_str).expect("a text").to_owned();
    let all = listed.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    all.map(|snapshot| (text(&snapshot, "id"), text(&snapshot, "location"))).collect()
}

async fn eight_and_prune(person: &Person, at: &str, files: &Path) {
    for (writer, round) in (0..WRITERS).flat_map(|writer| [(writer, 0), (writer, 1)]) {
        // The second round has nothing of what the first had, so that all of that can go.
        let account = Account::seeded(1 + writer * 2 + round, SIZE);
        account.write_vdir(&made(person, writer, round)).expect("an account");
    }
    all_at_once(person, at, 0).await;
    person.ok(&["at", at, "rm", "-keep-tag", "none", "-dry-run"]).await;
    let all = snapshots(person, at).await;
    assert_eq!(all.len() as u64, WRITERS);
    let gone: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    person.ok(&[&["at", at, "rm"], gone.as_slice()].concat()).await;
    person.ok(&["at", at, "prune"]).await;
    age(files, Duration::from_hours(25));
    // Now the marks are old enough: these prunes delete, while others back up what is marked and what is not.
    for writer in 0..WRITERS / 2 {
        fs::remove_dir_all(made(person, writer, 1)).expect("it was made");
        fs::rename(made(person, writer, 0), made(person, writer, 1)).expect("it was made");
    }
    all_at_once(person, at, 1).await;
    assert_eq!(person.ok(&["at", at, "ls"]).await.out().lines().count() as u64, WRITERS);
    person.ok(&["at", at, "check", "--read-data"]).await;
    for (id, location) in snapshots(person, at).await {
        let to = format!("./back-{id}");
        person.ok(&["at", at, "restore", "-to", &to, &id]).await;
        let name = location.rsplit('/').next().expect("a name");
        assert_eq!(vdir::read(&person.path(&format!("back-{id}"))), vdir::read(&person.path(name)), "{location}");
    }
}

#[tokio::test]
async fn eight_backups_and_prunes_at_once_in_a_folder() {
    let person = Person::with_vault().await;
    eight_and_prune(&person, "vault", &person.path("vault")).await;
}

#[tokio::test]
async fn eight_backups_and_prunes_at_once_on_s3() {
    let person = Person::new();
    fs::create_dir_all(person.path("s3/bucket")).expect("a folder");
    let endpoint = format!("endpoint=http://{}", s3::serve(&person.path("s3")).await);
    let keys = ["access_key=an-access-key", "secret_key=a-secret-key", "region=eu-west-1"];
    person.ok(&[&["store", "add", "cloud", "s3://bucket/vault", &endpoint], &keys[..]].concat()).await;
    person.ok(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    eight_and_prune(&person, "@cloud", &person.path("s3/bucket")).await;
}
