//! The worst day: something is gone or spoiled; a preview, a restore, and a way back from the restore.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::{interval, timeout};

use crate::connector_dav::calendar::{self, event, items};
use crate::support::generate::Account;
use crate::support::person::{Person, Ran};
use crate::support::process;
use crate::support::scripted::{Scripted, Server as ScriptedServer};
use crate::support::servers::Server;
use crate::support::vdir::{self, Collections};

const PATIENCE: Duration = Duration::from_mins(2);

/// The words of the command that undoes a restore, as it printed it.
fn undo(ran: &Ran) -> Vec<String> {
    let out = ran.out();
    let line = out.lines().find_map(|line| line.strip_prefix("to undo: davault "));
    let line = line.unwrap_or_else(|| panic!("no way back: {ran:?}"));
    line.split(' ').map(str::to_owned).collect()
}

/// What the account holds now, by another snapshot.
async fn now(person: &Person, number: usize) -> Collections {
    let snapshot = person.back_up("home").await;
    let folder = format!("./now-{number}");
    person.ok(&["at", "vault", "restore", "-to", &folder, &snapshot]).await;
    vdir::read(&person.path(&folder))
}

async fn run(person: &Person, words: &[String]) -> Ran {
    person.ok(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn on_radicale_a_restore_is_previewed_done_undone_and_done_again() {
    worst_day(&Server::radicale().await).await;
}

#[tokio::test]
async fn on_xandikos_a_restore_is_previewed_done_undone_and_done_again() {
    worst_day(&Server::xandikos().await).await;
}

async fn worst_day(server: &Server) {
    let person = Person::with_account(server).await;
    let backup = person.back_up("home").await;
    let good = now(&person, 0).await;
    spoil(&person).await;
    let spoiled = now(&person, 1).await;
    assert_ne!(spoiled, good);

    let preview = person.ok(&["at", "vault", "restore", "-to", "@home", "-mirror", "-dry-run", &backup]).await;
    for said in [
        "1 to create, 2 to change, ",
        ", 1 to delete (on conflict: overwrite)",
        "/calendars/work/review.ics “Design review",
        "/contacts/friends/grace.vcf “Grace Hopper”",
        "/calendars/family/dentist.ics “Dentist (Mia)",
    ] {
        assert!(preview.out().contains(said), "{said}: {preview:?}");
    }
    assert_eq!(now(&person, 2).await, spoiled, "a preview changes nothing");

    let restored = person.ok(&["at", "vault", "restore", "-to", "@home", "-mirror", &backup]).await;
    assert!(restored.out().contains(": 1 created, 1 deleted, "), "{restored:?}");
    assert!(restored.err().contains("davault: to undo: davault at vault restore -to @home -mirror "), "{restored:?}");
    assert_eq!(now(&person, 3).await, good);
    let listed = person.ok(&["at", "vault", "ls"]).await;
    assert!(listed.out().contains("[before-restore]"), "{listed:?}");

    let undone = run(&person, &undo(&restored)).await;
    assert_eq!(now(&person, 4).await, spoiled, "as it was before the restore");
    let again = run(&person, &undo(&undone)).await;
    assert_eq!(now(&person, 5).await, good, "an undo is a restore, and undone like one: {again:?}");
}

/// One event and one contact changed, one event deleted, one added; by restoring a folder with mirror.
async fn spoil(person: &Person) {
    person.ok(&["at", "vault", "restore", "-to", "./spoiled", "latest@home"]).await;
    let at = |path: &str| person.path("spoiled").join(path);
    let change = |path: &str, one: &str, other: &str| {
        let text = fs::read_to_string(at(path)).expect("an item");
        assert!(text.contains(one), "{text}");
        fs::write(at(path), text.replace(one, other)).expect("written");
    };
    change("calendars/work/review.ics", "SUMMARY:Design review", "SUMMARY:Spoiled");
    change("contacts/friends/grace.vcf", "FN:Grace Hopper", "FN:Spoiled");
    fs::remove_file(at("calendars/family/dentist.ics")).expect("an event");
    fs::write(at("calendars/work/more.ics"), event("more", "Added by mistake")).expect("written");
    person.ok(&["at", "vault", "backup", "./spoiled"]).await;
    person.ok(&["at", "vault", "restore", "-no-undo", "-mirror", "-to", "@home", "latest"]).await;
}

#[tokio::test]
async fn a_folder_gets_back_what_a_restore_wrote_over() {
    let person = Person::with_backup().await;
    let at = person.path("made/calendars/work/review.ics");
    let good = fs::read_to_string(&at).expect("an event");
    let mine = good.replace("SUMMARY:Design review", "SUMMARY:My own words");
    fs::write(&at, &mine).expect("written");
    let restored = person.ok(&["at", "vault", "restore", "-to", "./made", "latest"]).await;
    assert!(restored.out().contains(" 1 replaced "), "{restored:?}");
    assert_eq!(fs::read_to_string(&at).expect("an event"), good);
    let whole = person.ok(&["at", "vault", "restore", "--json", "-dry-run", "-to", "./other", "latest"]).await;
    assert_eq!(whole.value("/plan/to_create"), Account::readable().item_count(), "latest is the backup: {whole:?}");
    // A folder of which nobody says that it is whole is not mirrored: the event is back all the same.
    let words = undo(&restored);
    let undone = person.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(fs::read_to_string(&at).expect("an event"), mine, "{undone:?}");
}

#[tokio::test]
async fn what_only_creates_needs_no_way_back_and_what_is_there_needs_nothing() {
    let person = Person::with_backup().await;
    let restored = person.ok(&["at", "vault", "restore", "--json", "-to", "./new", "latest"]).await;
    assert_eq!(restored.value("/undo"), json!(null), "{restored:?}");
    let again = person.ok(&["at", "vault", "restore", "-to", "./new", "latest"]).await;
    let items = Account::readable().item_count();
    assert!(again.out().contains(&format!(": {items} identical (on conflict: overwrite)")), "{again:?}");
    let listed = person.ok(&["at", "vault", "ls", "--json"]).await.out();
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_cant_be_read_elsewhere_is_in_nobodys_way() {
    let person = Person::with_backup().await;
    let at = person.path("made/calendars/work/review.ics");
    let good = fs::read_to_string(&at).expect("an event");
    fs::write(&at, good.replace("SUMMARY:Design review", "SUMMARY:Mine")).expect("written");
    std::os::unix::fs::symlink("/", person.path("made/calendars/elsewhere")).expect("a link out of the folder");
    let restored = person.ok(&["at", "vault", "restore", "-to", "./made", "-calendar", "work"]).await;
    assert!(restored.out().contains(" 1 replaced "), "{restored:?}");
    let kept = &undo(&restored).last().cloned().expect("a snapshot");
    let listed = person.ok(&["at", "vault", "ls", "-recursive", kept]).await.out();
    assert!(listed.contains("/calendars/work/") && !listed.contains("/calendars/family/"), "{listed}");
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_over_where_what_stands_there_cannot_all_be_kept() {
    let person = Person::with_backup().await;
    let at = person.path("made/calendars/work/review.ics");
    fs::write(&at, event("review@example.com", "Mine")).expect("written");
    let uid = "UID:review";
    let good = person.ok(&["at", "vault", "cat", "latest:/calendars/work/review.ics"]).await.out();
    assert!(good.contains(uid), "{good}");
    let mine = good.replace("SUMMARY:Design review", "SUMMARY:Mine");
    fs::write(&at, &mine).expect("written");
    let _socket = std::os::unix::net::UnixListener::bind(person.path("made/calendars/work/odd.ics")).unwrap();
    let refused = person.run(&["at", "vault", "restore", "-to", "./made", "latest"]).await;
    assert_eq!(refused.code(), Some(1), "{refused:?}");
    for said in ["nothing was changed: what stands at ", "/calendars/work/odd.ics: it is no regular file", "-no-undo"] {
        assert!(refused.err().contains(said), "{said}: {refused:?}");
    }
    assert_eq!(fs::read_to_string(&at).expect("an event"), mine);
    person.ok(&["at", "vault", "restore", "-no-undo", "-to", "./made", "latest"]).await;
    assert_eq!(fs::read_to_string(&at).expect("an event"), good);
}

#[tokio::test]
async fn a_tag_that_is_davaults_own_is_not_for_backups() {
    let person = Person::with_folder().await;
    let ran = person.run(&["at", "vault", "backup", "-tag", "before-restore", "./made"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(ran.err().contains("the tag before-restore is what davault gives"), "{ran:?}");
}

const MANY: usize = 12;

/// A calendar with nothing in it, whose server says nothing more at the so-manieth PUT; and a snapshot for it.
async fn interrupted_at(hangs_at: usize, many: usize) -> (Person, calendar::Items, ScriptedServer) {
    let person = Person::with_vault().await;
    let folder = person.path("made/calendars/work");
    fs::create_dir_all(&folder).expect("a folder");
    for number in 0..many {
        let name = format!("{number:02}.ics");
        fs::write(folder.join(&name), event(&name, &format!("Event {number}"))).expect("an event");
    }
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let items = items([]);
    let puts = Arc::new(AtomicUsize::new(0));
    let server = calendar::serve(&items, move |request| {
        let is_it = request.method == "PUT" && puts.fetch_add(1, Ordering::SeqCst) + 1 == hangs_at;
        is_it.then(Scripted::hang)
    });
    (person, items, server)
}

fn puts(server: &ScriptedServer) -> usize {
    server.recorded().iter().filter(|request| request.method == "PUT").count()
}

#[tokio::test]
async fn a_restore_that_was_killed_goes_on_where_it_stopped() {
    let hangs_at = 5;
    let (person, items, server) = interrupted_at(hangs_at, MANY).await;
    let words = ["at", "vault", "restore", "--json", "-no-verify", "-to", &calendar::location(&server), "latest"];
    let mut first = person.command(&words).spawn().expect("davault starts");
    let host = first.id().expect("it runs");
    let mut again = interval(Duration::from_millis(2));
    // Two are put at the same time, so that another one may come after it.
    let reached = async {
        while puts(&server) < hangs_at {
            again.tick().await;
        }
    };
    timeout(PATIENCE, reached).await.expect("it puts");
    let children = process::children(host);
    process::kill(host).await;
    first.wait().await.expect("it ends");
    for child in children {
        process::ended(child).await;
    }
    let (sent, there) = (puts(&server), items.lock().unwrap().len());
    assert!(there >= hangs_at - 1 && there < MANY, "{there}");
    let ran = person.ok(&words).await;
    assert_eq!(ran.value("/outcomes"), json!({ "created": MANY - there, "identical": there }), "{ran:?}");
    assert_eq!(puts(&server), sent + MANY - there, "what was there is not sent again");
    assert_eq!(items.lock().unwrap().len(), MANY);
    let ran = person.ok(&words).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": MANY }), "{ran:?}");
}

#[tokio::test]
async fn an_interrupted_restore_has_said_how_it_is_undone() {
    let (person, items, server) = interrupted_at(1, MANY).await;
    items.lock().unwrap().insert("00.ics".into(), event("00.ics", "Mine"));
    let location = calendar::location(&server);
    let words = ["at", "vault", "restore", "-to", &location, "latest:/calendars/work/00.ics"];
    let restore = person.command(&words).spawn().expect("davault starts");
    let host = restore.id().expect("it runs");
    let mut again = interval(Duration::from_millis(2));
    let reached = async {
        while puts(&server) < 1 {
            again.tick().await;
        }
    };
    timeout(PATIENCE, reached).await.expect("it puts");
    process::signal(host, "INT").await;
    let output = restore.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("davault: to undo: davault at vault restore -to {location} -mirror ")), "{said}");
    assert!(said.ends_with("interrupted: what was put back so far stays; run it again for the rest\n"), "{said}");
}

#[tokio::test]
async fn planning_costs_one_list_more() {
    let (person, items, server) = interrupted_at(usize::MAX, MANY).await;
    items.lock().unwrap().insert("00.ics".into(), event("00.ics", "Mine"));
    let location = calendar::location(&server);
    person.ok(&["at", "vault", "restore", "-no-undo", "-to", &location, "latest"]).await;
    let count = |method: &str| server.recorded().iter().filter(|request| request.method == method).count();
    // Of the looks: one finds the calendar, one lists it for the plan and one before it is written, one is at what is
    // replaced. What stands there is read once, by GET or REPORT as the first item to come needs it; what was put is read back
    // by multigets, of as many items as were put meanwhile.
    assert_eq!((count("PROPFIND"), count("PUT")), (4, MANY));
    let read = count("GET") + count("REPORT");
    assert!((2..=MANY / 2).contains(&read), "{read}");
}

#[tokio::test]
async fn a_thousand_new_items_cost_a_request_each_and_three_looks() {
    let (person, items, server) = interrupted_at(usize::MAX, 1_000).await;
    let location = calendar::location(&server);
    person.ok(&["at", "vault", "restore", "-no-verify", "-to", &location, "latest"]).await;
    assert_eq!((items.lock().unwrap().len(), server.requests().len()), (1_000, 1_003));
}
