//! `kill -9` in the middle of a backup: the vault is whole, and the next backup works.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::support::gate::Gate;
use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::process;
use crate::support::servers::Server;
use crate::support::vdir;

/// How long davault may take to notice that its connector is gone, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const SIZE: Size = Size { calendars: 4, events_each: 40, books: 1, contacts_each: 20 };

/// An account behind a gate, with one snapshot; most of it has changed since.
struct Scene {
    person: Person,
    gate: Gate,
    _server: Server,
}

async fn scene() -> Scene {
    let server = Server::radicale().await;
    let gate = Gate::before(server.port()).await;
    let person = Person::with_vault().await;
    person.add("direct", &server).await;
    Account::readable().write_vdir(&person.path("first")).expect("an account");
    person.fill("direct", &person.path("first")).await;
    let location = format!("dav://http://127.0.0.1:{}/", gate.port);
    person.ok(&["source", "add", "gated", &location, "username=alice", "password=alice-pw"]).await;
    person.ok(&["at", "vault", "backup", "@gated"]).await;
    Account::seeded(5, SIZE).write_vdir(&person.path("second")).expect("an account");
    person.fill("direct", &person.path("second")).await;
    Scene { person, gate, _server: server }
}

impl Scene {
    /// Starts a backup, and when it has got about half of the content, hands its process over to `end`.
    async fn interrupted<F: Future<Output = ()>>(&self, end: impl FnOnce(u32) -> F) -> Output {
        // More than the listings, less than all of the content.
        self.gate.close_after(250_000);
        let mut backup = self.person.command(&["at", "vault", "backup", "@gated"]).spawn().expect("davault starts");
        let host = backup.id().expect("it runs");
        tokio::select! {
            () = self.gate.holds() => end(host).await,
            _ = backup.wait() => {}
        }
        let output = timeout(PATIENCE, backup.wait_with_output()).await.expect("it ends soon").expect("it ends");
        self.gate.open();
        output
    }

    async fn the_vault_is_whole_and_goes_on(&self) {
        let person = &self.person;
        let snapshots =
            || async { person.ok(&["at", "vault", "ls", "--json"]).await.out().matches("\"gated\"").count() };
        assert_eq!(snapshots().await, 1, "an interrupted backup is no snapshot");
        person.ok(&["at", "vault", "check", "--read-data"]).await;
        person.ok(&["at", "vault", "backup", "@gated"]).await;
        assert_eq!(snapshots().await, 2);
        person.ok(&["at", "vault", "check", "--read-data"]).await;
        person.ok(&["at", "vault", "restore", "-to", "./back", "latest@gated"]).await;
        let expected = Account::readable().item_count() + Account::seeded(5, SIZE).item_count();
        assert_eq!(vdir::item_count(&vdir::read(&person.path("back"))), expected);
    }
}

#[tokio::test]
async fn a_connector_that_is_killed_ends_the_backup_with_a_sentence() {
    let scene = scene().await;
    let output = scene
        .interrupted(async |host| {
            let children = process::children(host);
            let [connector] = children.as_slice() else { panic!("one connector, not {children:?}") };
            process::kill(*connector).await;
        })
        .await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot back up @gated: "), "{said}");
    scene.the_vault_is_whole_and_goes_on().await;
}

#[tokio::test]
async fn a_host_that_is_killed_takes_its_connector_along_and_leaves_the_vault_whole() {
    let scene = scene().await;
    let output = scene
        .interrupted(async |host| {
            let children = process::children(host);
            process::kill(host).await;
            for child in children {
                process::ended(child).await;
            }
        })
        .await;
    assert_eq!(output.status.code(), None, "a signal ended it");
    scene.the_vault_is_whole_and_goes_on().await;
}

/// More than two packs of 16 MiB, of bytes that no compression makes smaller.
const LARGE_ITEMS: u64 = 40;

fn write_large(folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for number in 0..LARGE_ITEMS {
        let mut item = Vec::from(*b"BEGIN:VCALENDAR\r\n");
        while item.len() < 1 << 20 {
            // xorshift64 (Marsaglia 2003)
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            item.extend_from_slice(&state.to_le_bytes());
        }
        fs::write(folder.join(format!("{number}.ics")), item).expect("an item");
    }
}

#[tokio::test]
async fn a_host_that_is_killed_after_it_has_put_a_pack_leaves_a_vault_that_goes_on() {
    let person = Person::with_vault().await;
    write_large(&person.path("large"));
    let mut backup = person.command(&["at", "vault", "backup", "./large"]).spawn().expect("davault starts");
    let has_pack = || fs::read_dir(person.path("vault/packs")).is_ok_and(|mut packs| packs.next().is_some());
    let mut again = interval(Duration::from_millis(2));
    let put = async {
        while !has_pack() {
            again.tick().await;
        }
    };
    timeout(PATIENCE, put).await.expect("a pack");
    backup.start_kill().expect("it runs");
    let status = backup.wait().await.expect("it ends");
    assert_eq!(status.code(), None, "a signal ended it");
    assert_eq!(person.ok(&["at", "vault", "ls", "--json"]).await.out(), "", "no snapshot was made");
    person.ok(&["at", "vault", "check", "--read-data"]).await;
    let ran = person.ok(&["at", "vault", "backup", "--json", "./large"]).await;
    assert_eq!(ran.value("/snapshot/files"), LARGE_ITEMS, "{ran:?}");
    person.ok(&["at", "vault", "check", "--read-data"]).await;
}
