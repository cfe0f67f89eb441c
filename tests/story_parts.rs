//! One calendar, one event: what was lost or changed comes back, and the rest is left alone.

use std::fs;

use serde_json::json;

use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir;

/// Alice's readable account on a Radicale called `home`, and a backup of it.
async fn alice() -> (Person, Server) {
    let server = Server::radicale().await;
    let person = Person::with_account(&server).await;
    person.ok(&["at", "vault", "backup", "@home"]).await;
    (person, server)
}

#[tokio::test]
async fn one_lost_calendar_comes_back_with_its_name_and_its_events() {
    let (person, server) = alice().await;
    let before = person.back_up("home").await;
    server.delete("alice/family/").await;
    let after = person.back_up("home").await;
    let without = person.ok(&["at", "vault", "ls", &format!("{after}:/calendars")]).await.out();
    assert!(!without.contains("family"), "{without}");

    let back = format!("{before}:/calendars/family");
    let restored = person.ok(&["at", "vault", "restore", "--json", "-to", "@home", &back]).await;
    assert_eq!(restored.value("/outcomes"), json!({ "created": 4 }), "{restored:?}");

    let now = person.back_up("home").await;
    person.ok(&["at", "vault", "restore", "-to", "./now", &now]).await;
    person.ok(&["at", "vault", "restore", "-to", "./then", &before]).await;
    assert_eq!(vdir::read(&person.path("now")), vdir::read(&person.path("then")));
}

#[tokio::test]
async fn one_changed_event_is_overwritten_and_nothing_else_is_sent() {
    let (person, server) = alice().await;
    let there = person.ok(&["at", "vault", "cat", "latest@home:/calendars/work/review.ics"]).await.out();
    server.put("alice/work/review.ics", &there.replace("Design review", "Spoiled")).await;
    server
        .put("alice/work/budget.ics", &there.replace("review@", "budget@").replace("Design review", "Spoiled too"))
        .await;

    let event = "latest@home:/calendars/work/review.ics";
    let restored = person.ok(&["at", "vault", "restore", "--json", "-to", "@home", event]).await;
    assert_eq!(restored.value("/outcomes"), json!({ "replaced": 1 }), "{restored:?}");
    assert_eq!(restored.value("/on_conflict"), "overwrite", "{restored:?}");
    assert!(server.get("alice/work/review.ics").await.contains("SUMMARY:Design review"));
    assert!(server.get("alice/work/budget.ics").await.contains("SUMMARY:Spoiled too"));
}

#[tokio::test]
async fn what_differs_stays_where_keep_is_asked_for() {
    let (person, server) = alice().await;
    let there = person.ok(&["at", "vault", "cat", "latest@home:/calendars/work/review.ics"]).await.out();
    server.put("alice/work/review.ics", &there.replace("Design review", "Moved on")).await;
    let words = ["at", "vault", "restore", "-on-conflict", "keep", "-to", "@home", "latest@home"];
    let restored = person.run(&words).await;
    assert_eq!(restored.code(), Some(3), "{restored:?}");
    assert!(restored.err().contains("/calendars/work/review.ics"), "{restored:?}");
    assert!(restored.out().contains("(on conflict: keep)"), "{restored:?}");
    assert!(server.get("alice/work/review.ics").await.contains("SUMMARY:Moved on"));
}

#[tokio::test]
async fn an_item_is_printed_byte_for_byte_and_found_by_the_display_name() {
    let (person, server) = alice().await;
    let there = server.get("alice/todo/tax.ics").await;
    let by_folder = person.ok(&["at", "vault", "cat", "latest@home:/calendars/todo/tax.ics"]).await;
    let by_name = person.ok(&["at", "vault", "cat", "latest@home:/calendars/To do/tax.ics"]).await;
    assert_eq!(by_folder.out(), by_name.out());
    assert_eq!(by_folder.out(), there);
}

#[tokio::test]
async fn a_folder_is_backed_up_and_restored_byte_for_byte() {
    let person = Person::with_backup().await;
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
    assert_eq!(vdir::read(&person.path("back")), vdir::read(&person.path("made")));
    let event = fs::read(person.path("back/calendars/work/review.ics")).expect("an event");
    assert_eq!(event, fs::read(person.path("made/calendars/work/review.ics")).expect("an event"));
}
