//! An account that gets into trouble while it is backed up or restored: nothing of an earlier snapshot looks deleted, what is
//! said is true, and running it again finishes it. Calendars and contacts alike.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::gate::Gate;
use crate::support::generate::{Account, Size};
use crate::support::person::{Person, Ran};
use crate::support::provider::{CALENDARS, Provider};
use crate::support::scripted::{Recorded, Scripted};
use crate::support::servers::Server;

/// A provider that answers `trouble` from a number of requests on which `counts` says that they count, and later no more.
struct Troubled {
    provider: Provider,
    /// So many more are answered well.
    left: Arc<AtomicUsize>,
}

/// That no trouble is near.
const NEVER: usize = usize::MAX / 2;

impl Troubled {
    fn start(counts: fn(&Recorded) -> bool, trouble: fn() -> Scripted) -> Troubled {
        let left = Arc::new(AtomicUsize::new(NEVER));
        let shared = Arc::clone(&left);
        let provider = Provider::start(move |_, request| {
            let one_less = |left: usize| left.checked_sub(1);
            let is_troubled =
                counts(request) && shared.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err();
            is_troubled.then(trouble)
        });
        Troubled { provider, left }
    }

    fn after(&self, requests: usize) {
        self.left.store(requests, Ordering::SeqCst);
    }
}

const ITEMS: usize = 120;

/// Somebody with an account of as many events and contacts in a folder and a snapshot.
async fn person(location: &str) -> Person {
    let person = Person::with_vault().await;
    let half = ITEMS / 4;
    let made = Account::seeded(5, Size { calendars: 2, events_each: half, books: 2, contacts_each: half });
    let folder = person.path("made");
    for collection in made.collections {
        let folder = folder.join(collection.kind.folder()).join(collection.folder);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in collection.items {
            fs::write(folder.join(name), bytes).expect("an item");
        }
    }
    person.ok(&["source", "add", "made", folder.to_str().expect("a path in UTF-8")]).await;
    for noun in ["source", "destination"] {
        person.ok(&[noun, "add", "it", location, "username=alice", "password=alice-pw", "connections=1"]).await;
    }
    person.back_up("made").await;
    person
}

async fn restore(person: &Person) -> Ran {
    person.run(&["at", "vault", "restore", "--json", "-to", "@it", "latest@made"]).await
}

async fn back_up(person: &Person) -> Ran {
    person.run(&["at", "vault", "backup", "--json", "@it"]).await
}

/// The items of the newest snapshot of the account.
async fn items(person: &Person) -> Vec<String> {
    let listing = person.ok(&["at", "vault", "ls", "-recursive", "--json", "latest@it"]).await.out();
    let entries = listing.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let paths = entries.filter_map(|entry| Some(entry.get("path")?.as_str()?.to_owned()));
    let mut items: Vec<_> = paths.filter(|path| path.contains(".ics") || path.contains(".vcf")).collect();
    items.sort();
    items
}

/// How many items a restore put or found.
fn there(ran: &Ran) -> u64 {
    let outcomes = ran.value("/outcomes");
    outcomes.as_object().into_iter().flat_map(|all| all.values()).filter_map(serde_json::Value::as_u64).sum()
}

fn expired() -> Scripted {
    Scripted::challenge("Basic realm=\"x\"")
}

#[tokio::test]
async fn a_password_that_expires_during_a_backup_deletes_nothing() {
    for after in [6, 9, 12, 16] {
        let it = Troubled::start(|_| true, expired);
        let person = person(&it.provider.location()).await;
        assert_eq!(restore(&person).await.code(), Some(0));
        assert_eq!(back_up(&person).await.code(), Some(0));
        let before = items(&person).await;
        assert_eq!(before.len(), ITEMS);
        person.forget();
        it.after(after);
        let ran = back_up(&person).await;
        assert!(matches!(ran.code(), Some(1 | 3)), "after {after}: {ran:?}");
        assert!(ran.err().contains("the server refused the user name or password"), "after {after}: {ran:?}");
        assert_eq!(items(&person).await, before, "after {after}: {ran:?}");
        it.after(NEVER);
        assert_eq!(back_up(&person).await.code(), Some(0));
        assert_eq!(items(&person).await, before);
    }
}

#[tokio::test]
async fn a_password_that_expires_during_a_restore_ends_it_and_a_second_one_finishes_it() {
    let it = Troubled::start(|_| true, expired);
    let person = person(&it.provider.location()).await;
    it.after(60);
    let ran = restore(&person).await;
    assert!(matches!(ran.code(), Some(1 | 3)), "{ran:?}");
    assert!(ran.err().contains("the server refused the user name or password"), "{ran:?}");
    let requests = it.provider.server.recorded().len();
    assert!(requests < 90, "{requests}: who is not let in does not knock {ITEMS} times");
    it.after(NEVER);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), there(&ran)), (Some(0), ITEMS as u64), "{ran:?}");
    assert_eq!(it.provider.account().items().count(), ITEMS);
}

#[tokio::test]
async fn a_full_account_says_so_and_a_second_restore_finishes_it() {
    let it = Troubled::start(|request| request.method == "PUT", || Scripted::answer(507, ""));
    let person = person(&it.provider.location()).await;
    it.after(30);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 30 })), "{ran:?}");
    assert_eq!(ran.value("/failed"), ITEMS - 30);
    assert!(ran.err().contains("the server answered 507 Insufficient Storage"), "{ran:?}");
    assert!(it.provider.count("PUT") < 45, "a full account is not asked {ITEMS} times");
    it.after(NEVER);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), there(&ran)), (Some(0), ITEMS as u64), "{ran:?}");
}

#[tokio::test]
async fn an_account_that_can_only_be_read_is_backed_up_and_each_item_of_a_restore_is_named() {
    let writes = |request: &Recorded| !matches!(request.method.as_str(), "PROPFIND" | "REPORT" | "GET" | "OPTIONS");
    let it = Troubled::start(writes, || Scripted::answer(403, ""));
    let person = person(&it.provider.location()).await;
    assert_eq!(restore(&person).await.code(), Some(0));
    it.after(0);
    assert_eq!(back_up(&person).await.code(), Some(0));
    assert_eq!(items(&person).await.len(), ITEMS);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "identical": ITEMS })), "{ran:?}");
    it.provider.account().collections.values_mut().for_each(|collection| collection.items.clear());
    let ran = restore(&person).await;
    assert_eq!((ran.code(), ran.value("/failed")), (Some(3), json!(ITEMS)), "{ran:?}");
    assert!(ran.err().contains("the server answered 403 Forbidden"), "{ran:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it_and_one_that_asks_for_an_hour_is_left_alone() {
    let puts = |request: &Recorded| request.method == "PUT";
    let it = Troubled::start(puts, || Scripted::answer(429, "").header("Retry-After", "3600"));
    let person = person(&it.provider.location()).await;
    it.after(30);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 30 })), "{ran:?}");
    assert!(ran.err().contains("429 Too Many Requests; it asks to wait 60 minutes"), "{ran:?}");
    assert!(it.provider.count("PUT") < 45, "it is left alone");
    it.after(NEVER);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), there(&ran)), (Some(0), ITEMS as u64), "{ran:?}");

    // The same for reading.
    is_left_alone_by_a_backup(|| Scripted::answer(429, "").header("Retry-After", "3600")).await;
}

#[tokio::test]
async fn a_server_that_is_down_for_an_hour_is_left_alone() {
    let puts = |request: &Recorded| request.method == "PUT";
    let it = Troubled::start(puts, || Scripted::answer(503, "").header("Retry-After", "3600"));
    let person = person(&it.provider.location()).await;
    it.after(30);
    let ran = restore(&person).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 30 })), "{ran:?}");
    assert!(it.provider.count("PUT") < 45, "it is left alone");
    is_left_alone_by_a_backup(|| Scripted::answer(503, "").header("Retry-After", "3600")).await;
}

async fn is_left_alone_by_a_backup(answer: fn() -> Scripted) {
    let it = Troubled::start(|request| request.method == "REPORT" || request.method == "GET", answer);
    let person = person(&it.provider.location()).await;
    assert_eq!(restore(&person).await.code(), Some(0));
    assert_eq!(back_up(&person).await.code(), Some(0));
    let (before, asked) = (items(&person).await, it.provider.server.recorded().len());
    person.forget();
    it.after(1);
    let ran = back_up(&person).await;
    assert!(matches!(ran.code(), Some(1 | 3)), "{ran:?}");
    assert!(it.provider.server.recorded().len() - asked < 40, "it is left alone");
    assert_eq!(items(&person).await, before, "{ran:?}");
}

#[tokio::test]
async fn a_calendar_that_vanishes_while_it_is_read_is_kept_and_gone_the_next_time() {
    let vanished = |request: &Recorded| {
        let below = request.path.starts_with(&format!("{CALENDARS}calendar-0/"));
        below && matches!(request.method.as_str(), "REPORT" | "GET")
    };
    let it = Troubled::start(vanished, || Scripted::answer(404, ""));
    let person = person(&it.provider.location()).await;
    assert_eq!(restore(&person).await.code(), Some(0));
    assert_eq!(back_up(&person).await.code(), Some(0));
    let before = items(&person).await;
    person.forget();
    it.after(0);
    let ran = back_up(&person).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(items(&person).await, before, "{ran:?}");
    it.provider.account().collections.remove(&format!("{CALENDARS}calendar-0/"));
    assert_eq!(back_up(&person).await.code(), Some(0));
    let after: Vec<_> = before.into_iter().filter(|path| !path.contains("/calendar-0/")).collect();
    assert_eq!(items(&person).await, after);
}

/// Radicale behind a gate, and somebody who goes through it.
async fn behind_a_gate() -> (Server, Gate, Person) {
    let server = Server::radicale().await;
    let gate = Gate::before(server.port()).await;
    let person = person(&format!("dav://http://127.0.0.1:{}/", gate.port)).await;
    (server, gate, person)
}

#[tokio::test]
async fn a_server_that_restarts_during_a_restore_or_a_backup_costs_nothing_that_is_not_said() {
    let (mut server, gate, person) = behind_a_gate().await;
    gate.close_after(20_000);
    let mut words = vec!["at", "vault", "restore", "--json", "-to", "@it", "latest@made"];
    let restoring = person.command(&words).spawn().expect("davault starts");
    gate.holds().await;
    server.restart().await;
    gate.open();
    let output = restoring.wait_with_output().await.expect("it ends");
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let ran = restore(&person).await;
    assert_eq!((ran.code(), there(&ran)), (Some(0), ITEMS as u64), "running it again finishes it: {ran:?}");

    assert_eq!(back_up(&person).await.code(), Some(0));
    let before = items(&person).await;
    assert_eq!(before.len(), ITEMS);
    person.forget();
    gate.close_after(40_000);
    words = vec!["at", "vault", "backup", "--json", "@it"];
    let backing_up = person.command(&words).spawn().expect("davault starts");
    gate.holds().await;
    server.restart().await;
    gate.open();
    let output = backing_up.wait_with_output().await.expect("it ends");
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    assert_eq!(items(&person).await, before);
}

#[tokio::test]
async fn a_password_that_is_changed_during_a_restore_to_radicale_is_called_wrong() {
    let (server, gate, person) = behind_a_gate().await;
    gate.close_after(20_000);
    let words = ["at", "vault", "restore", "--json", "-to", "@it", "latest@made"];
    let restoring = person.command(&words).spawn().expect("davault starts");
    gate.holds().await;
    fs::write(server.users(), "alice:another\n").expect("a file");
    gate.open();
    let output = restoring.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{said}");
    assert!(said.contains("the server refused the user name or password"), "{said}");
    fs::write(server.users(), "alice:alice-pw\n").expect("a file");
    let ran = restore(&person).await;
    assert_eq!((ran.code(), there(&ran)), (Some(0), ITEMS as u64), "{ran:?}");
}
