//! Providers that are not to be had for tests, played as far as is known of them: a backup is whole, and a restore does what a
//! person expects.

use std::fs;

use serde_json::json;

use crate::support::nasty;
use crate::support::person::{Person, Ran};
use crate::support::provider::{Account, BOOKS, CALENDARS, Collection, Provider, google, icloud, nextcloud, ox, zoho};
use crate::support::scripted::{Scripted, member};

fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260102T000000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn plain(uid: &str) -> String {
    event(uid, &format!("DTEND:20260102T010000Z\r\nSUMMARY:{uid}\r\n"))
}

fn card(uid: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{uid}\r\nN:{uid};;;;\r\nEND:VCARD\r\n")
}

/// Somebody who has set up the provider as `it`, and has a folder `made` with these items in calendars and address books.
async fn person(provider: &Provider, made: &[(&str, String)]) -> Person {
    let person = Person::with_vault().await;
    for noun in ["source", "destination"] {
        let location = provider.location();
        person.ok(&[noun, "add", "it", &location, "username=alice", "password=x", "connections=1"]).await;
    }
    for (path, content) in made {
        let path = person.path("made").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("an item");
    }
    let folder = person.path("made");
    person.ok(&["source", "add", "made", folder.to_str().expect("a path in UTF-8")]).await;
    if !made.is_empty() {
        person.back_up("made").await;
    }
    person
}

async fn restore(person: &Person, more: &[&str]) -> Ran {
    person.run(&[&["at", "vault", "restore", "--json", "-to", "@it", "latest@made"], more].concat()).await
}

/// Why an item was not restored.
fn why(ran: &Ran, path: &str) -> String {
    let failures = ran.value("/failures");
    let mut all = failures.as_array().into_iter().flatten();
    let one = all.find(|one| one.get("path").is_some_and(|it| it == path));
    one.and_then(|one| one.get("why")?.as_str()).unwrap_or_else(|| panic!("nothing of {path}: {ran:?}")).to_owned()
}

fn put(account: &mut Account, at: &str, content: &str) {
    let (folder, name) = at.rsplit_once('/').expect("a path");
    account.collection(&format!("{folder}/")).items.insert(name.to_owned(), content.as_bytes().to_vec());
}

const HOME: &str = "/calendars/home";

#[tokio::test]
async fn google_stores_an_item_under_its_uid_and_a_second_restore_finds_it() {
    let provider = google::start(Vec::new());
    let made = [("calendars/home/one.ics", plain("u-1")), ("contacts/people/two.vcf", card("u-2"))];
    let person = person(&provider, &made).await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 2 })), "{ran:?}");
    let hrefs: Vec<_> = provider.account().items().map(|(at, _)| at).collect();
    assert_eq!(hrefs, [format!("{CALENDARS}home/u-1.ics"), format!("{BOOKS}people/u-2.vcf")]);
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "identical": 2 })), "{ran:?}");
    // What was renamed is no stranger that a mirror deletes.
    person.back_up("it").await;
    provider.account().collections.values_mut().for_each(|collection| collection.items.clear());
    put(&mut provider.account(), &format!("{CALENDARS}home/new.ics"), &plain("u-3"));
    let ran = person.run(&["at", "vault", "restore", "--json", "-to", "@it", "-o", "mirror=true", "latest@it"]).await;
    assert_eq!(ran.code(), Some(0), "{ran:?}");
    let hrefs: Vec<_> = provider.account().items().map(|(at, _)| at).collect();
    assert_eq!(hrefs, [format!("{CALENDARS}home/u-1.ics"), format!("{BOOKS}people/u-2.vcf")]);
}

#[tokio::test]
async fn google_makes_no_calendar_and_an_existing_one_can_be_named() {
    let provider = google::start(Vec::new());
    let made = [("calendars/work/1.ics", plain("u-1")), ("calendars/work/2.ics", plain("u-2"))];
    let person = person(&provider, &made).await;
    let ran = restore(&person, &[]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    let sentence = why(&ran, "/calendars/work/2.ics");
    assert!(sentence.starts_with("cannot make the calendar /alice/cal/work/"), "{sentence}");
    let asked = provider.count("MKCALENDAR");
    assert_eq!(asked, 2, "it is not asked again for each item");
    let ran = restore(&person, &["-o", "into=home"]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 2 })), "{ran:?}");
}

#[tokio::test]
async fn google_that_is_asked_too_fast_is_asked_again_and_what_it_refuses_is_named() {
    let provider = google::start(vec![google::limit("rateLimitExceeded", "Rate Limit Exceeded")]);
    let others = event("u-2", "DTEND:20260102T010000Z\r\nORGANIZER:mailto:other@example.com\r\nSUMMARY:x\r\n");
    let person = person(&provider, &[("calendars/home/1.ics", plain("u-1")), ("calendars/home/2.ics", others)]).await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 1 })), "{ran:?}");
    assert!(why(&ran, "/calendars/home/2.ics").contains("the server answered 403 Forbidden"), "{ran:?}");
}

#[tokio::test]
async fn google_that_takes_no_more_today_is_not_asked_for_the_rest() {
    let limit = || google::limit("quotaExceeded", "Calendar usage limits exceeded.");
    let provider = google::start((0..5).map(|_| limit()).collect());
    let names: Vec<_> = (0..20).map(|n| (format!("calendars/home/{n:02}.ics"), plain(&format!("u-{n}")))).collect();
    let made: Vec<_> = names.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let person = person(&provider, &made).await;
    let ran = restore(&person, &[]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert!(provider.count("PUT") <= 6, "{:?}", provider.server.requests());
    // Which of them were on their way when the first was refused is not ours to say.
    let failures = ran.value("/failures");
    let said: Vec<_> = failures.as_array().into_iter().flatten().filter_map(|one| one.get("why")?.as_str()).collect();
    assert!(said.iter().filter(|said| said.contains(" was not tried any more: ")).count() >= 14, "{said:?}");
    assert!(said.iter().all(|said| said.contains("Calendar usage limits exceeded.")), "{said:?}");
    let ran = restore(&person, &[]).await;
    assert_eq!(ran.code(), Some(0), "running it again finishes it: {ran:?}");
    assert_eq!(provider.account().items().count(), 20);
}

#[tokio::test]
async fn icloud_hides_what_stands_beside_something_that_is_gone_and_nothing_is_lost() {
    let provider = icloud::start();
    for n in 0..60 {
        put(&mut provider.account(), &format!("{CALENDARS}home/{n}.ics"), &plain(&format!("u-{n}")));
        put(&mut provider.account(), &format!("{BOOKS}people/{n}.vcf"), &card(&format!("c-{n}")));
    }
    icloud::list_more(&provider, "ghost");
    let person = person(&provider, &[]).await;
    let ran = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
    let failures = ran.value("/snapshot/failures");
    let paths: Vec<_> = failures.as_array().into_iter().flatten().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, [json!("/calendars/home/ghost.ics"), json!("/contacts/people/ghost.vcf")], "{ran:?}");
    assert_eq!(ran.code(), Some(3));
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
    for (folder, count) in [("calendars/home", 60), ("contacts/people", 60)] {
        let files = fs::read_dir(person.path("back").join(folder)).expect("a folder");
        let items = files.filter(|file| {
            let name = file.as_ref().expect("a file").file_name();
            name.to_string_lossy().contains(".ics") || name.to_string_lossy().contains(".vcf")
        });
        assert_eq!(items.count(), count, "{folder}");
    }
}

#[tokio::test]
async fn icloud_says_why_of_each_item_that_it_does_not_take() {
    let provider = icloud::start();
    let at = format!("{CALENDARS}other/");
    provider.account().collections.insert(at.clone(), Collection::default());
    put(&mut provider.account(), &format!("{at}there.ics"), &plain("u-1"));
    let journal = plain("u-3").replace("VEVENT", "VJOURNAL");
    let made = [
        ("calendars/home/elsewhere.ics", plain("u-1")),
        ("calendars/home/no-end.ics", event("u-2", "")),
        ("calendars/home/journal.ics", journal),
        ("calendars/home/good.ics", plain("u-4")),
    ];
    let person = person(&provider, &made).await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 1 })), "{ran:?}");
    let elsewhere = why(&ran, "/calendars/home/elsewhere.ics");
    assert!(elsewhere.contains("its UID may be that of an item in another collection of the account"), "{elsewhere}");
    for name in ["no-end", "journal"] {
        let sentence = why(&ran, &format!("{HOME}/{name}.ics"));
        assert!(sentence.starts_with(&format!("cannot put {HOME}/{name}.ics: ")), "{sentence}");
    }
}

#[tokio::test]
async fn nextcloud_is_told_to_invite_nobody_and_what_its_trash_holds_is_said() {
    let cloud = nextcloud::start(10);
    let made = [("calendars/home/1.ics", plain("u-1")), ("calendars/home/2.ics", plain("u-2"))];
    let person = person(&cloud.provider, &made).await;
    cloud.trash.lock().expect("nobody panicked").push("u-2".into());
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 1 })), "{ran:?}");
    let sentence = why(&ran, "/calendars/home/2.ics");
    assert!(sentence.contains("already exists in this calendar collection"), "{sentence}");
    assert!(sentence.contains("or in the server's trash bin"), "{sentence}");
    let puts: Vec<_> = cloud.provider.server.recorded().into_iter().filter(|one| one.method == "PUT").collect();
    assert!(puts.iter().all(|put| put.header("x-nc-scheduling") == Some("false")), "{puts:?}");
    // The person empties the bin.
    cloud.trash.lock().expect("nobody panicked").clear();
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 1, "identical": 1 })), "{ran:?}");
}

#[tokio::test]
async fn nextcloud_makes_ten_calendars_an_hour_and_the_rest_comes_by_running_it_again() {
    let cloud = nextcloud::start(10);
    let names: Vec<_> =
        (0..12).flat_map(|n| [format!("calendars/c{n:02}/1.ics"), format!("calendars/c{n:02}/2.ics")]).collect();
    let made: Vec<_> = names.iter().map(|name| (name.as_str(), plain(&name.replace(['/', '.'], "-")))).collect();
    let person = person(&cloud.provider, &made).await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(3), json!({ "created": 20 })), "{ran:?}");
    // Which ten are made first is not said: those of many that come at the same time.
    let refused = ran.value("/failures/0/path");
    let sentence = why(&ran, refused.as_str().expect("a path"));
    let expected = "the server answered 429 Too Many Requests (Too many calendars created); it asks to wait 60 minutes";
    assert!(sentence.contains(expected), "{sentence}");
    let advice = "wait and run the restore again, which goes on where it stopped, or put it into one that is there with -into NAME";
    assert!(sentence.ends_with(advice), "{sentence}");
    cloud.allowed.store(10, std::sync::atomic::Ordering::SeqCst);
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 4, "identical": 20 })), "{ran:?}");
}

#[tokio::test]
async fn ox_answers_one_year_and_what_is_older_is_backed_up_all_the_same() {
    let old = plain("u-1").replace("DTSTART:2026", "DTSTART:1996").replace("DTEND:2026", "DTEND:1996");
    for (lists, code) in [(true, 0), (false, 3)] {
        let provider = ox::start(lists);
        for (name, text) in [("old", &old), ("new", &plain("u-2"))] {
            put(&mut provider.account(), &format!("{CALENDARS}home/{name}.ics"), text);
        }
        let person = person(&provider, &[]).await;
        let ran = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
        assert_eq!(ran.code(), Some(code), "{ran:?}");
        let listing = person.ok(&["at", "vault", "ls", "-recursive", "--json", "latest"]).await.out();
        assert!(listing.contains("new.ics"), "{listing}");
        // Where only a query is answered nobody can know; that is said, and the calendar is not taken for whole.
        assert_eq!(listing.contains("old.ics"), lists, "{listing}");
        if !lists {
            assert!(ran.value("/snapshot/failures").to_string().contains("not listed as a whole"), "{ran:?}");
        }
    }
}

#[tokio::test]
async fn zoho_fails_beyond_a_hundred_and_gives_250_events_and_contacts() {
    let provider = zoho::start();
    for n in 0..250 {
        put(&mut provider.account(), &format!("{CALENDARS}home/u-{n}.ics"), &plain(&format!("u-{n}")));
        put(&mut provider.account(), &format!("{BOOKS}people/c-{n}.vcf"), &card(&format!("c-{n}")));
    }
    let person = person(&provider, &[("calendars/home/x.ics", plain("own"))]).await;
    person.back_up("it").await;
    let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@it", "latest@it"]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": 500 }), "{ran:?}");
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 1 })), "{ran:?}");
    assert!(provider.account().item(&format!("{CALENDARS}home/own.ics")).is_some());
}

#[tokio::test]
async fn an_invitation_that_was_sent_by_mail_is_put_without_its_method_where_that_is_refused() {
    let provider = Provider::start(|_, request| {
        let refused = request.method == "PUT" && request.text().contains("METHOD:");
        refused.then(|| Scripted::answer(415, ""))
    });
    let sent = plain("u-1").replace("PRODID:x", "PRODID:x\r\nMETHOD:PUBLISH");
    let person = person(&provider, &[("calendars/home/1.ics", sent.clone())]).await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "put without METHOD": 1 })), "{ran:?}");
    let at = format!("{CALENDARS}home/1.ics");
    assert_eq!(provider.account().item(&at).map(|there| there == plain("u-1").as_bytes()), Some(true));
    let ran = restore(&person, &[]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": 1 }), "{ran:?}");
    assert_eq!(
        person.ok(&["at", "vault", "cat", "latest:/calendars/home/1.ics"]).await.out(),
        sent,
        "the vault keeps it"
    );
}

#[tokio::test]
async fn all_of_the_nasty_items_survive_a_server_that_keeps_what_it_is_given() {
    let provider = Provider::start(|_, _| None);
    let names: Vec<_> = [("calendars/home", nasty::events()), ("contacts/people", nasty::cards())]
        .into_iter()
        .flat_map(|(folder, items)| items.into_iter().map(move |(name, bytes)| (format!("{folder}/{name}"), bytes)))
        .collect();
    let person = person(&provider, &[]).await;
    for (path, bytes) in &names {
        let path = person.path("made").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("an item");
    }
    person.back_up("made").await;
    let ran = restore(&person, &[]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": names.len() })), "{ran:?}");
    let mut kept: Vec<_> = provider.account().items().map(|(_, bytes)| bytes.clone()).collect();
    let mut made: Vec<_> = names.into_iter().map(|(_, bytes)| bytes).collect();
    kept.sort();
    made.sort();
    assert!(kept == made, "byte for byte");
}

#[tokio::test]
async fn what_programs_had_set_is_planned_and_what_it_was_before_is_kept() {
    let person = Person::with_vault().await;
    let at = person.path("made/calendars/home");
    fs::create_dir_all(&at).expect("a folder");
    let described = r#"{"schema":1,"kind":"calendar","href":"/home/","properties":[{"namespace":"urn:z","name":"note","text":"x"}]}"#;
    fs::write(at.join(".collection.json"), described).expect("written");
    fs::write(at.join("a.ics"), plain("a")).expect("written");
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let provider = Provider::start(|account, request| {
        let is_set = || Scripted::multistatus(&member(&request.path, "<Z:note xmlns:Z='urn:z'/>"));
        account.collection(&format!("{CALENDARS}home/")).items.entry("a.ics".into()).or_insert(plain("a").into());
        (request.method == "PROPPATCH").then(is_set)
    });
    let location = provider.location();
    let words = ["at", "vault", "restore", "--json", "-to", &location, "latest"];
    let dry = person.ok(&[&words[..], &["-dry-run"]].concat()).await;
    assert_eq!(dry.value("/plan/collections/0/properties_to_set"), json!(["note"]), "{dry:?}");
    assert_eq!(provider.count("PROPPATCH"), 0);
    let done = person.ok(&words).await;
    assert_eq!((provider.count("PROPPATCH"), done.value("/outcomes")), (1, json!({ "identical": 1 })), "{done:?}");
    assert!(done.value("/undo/command").is_string(), "{done:?}");
}

#[tokio::test]
async fn an_event_that_comes_back_changes_nothing_of_its_calendar_and_a_calendar_does() {
    let person = Person::with_vault().await;
    let at = person.path("made/calendars/home");
    fs::create_dir_all(&at).expect("a folder");
    let described = r#"{"schema":1,"kind":"calendar","href":"/home/","displayname":"Last year"}"#;
    fs::write(at.join(".collection.json"), described).expect("written");
    fs::write(at.join("a.ics"), plain("dentist")).expect("written");
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let provider = Provider::start(|_, _| None);
    let location = provider.location();
    let chosen = person.ok(&["at", "vault", "restore", "-to", &location, "-event", "dentist", "latest"]).await;
    assert!(provider.account().by_uid("dentist").is_some(), "{chosen:?}");
    assert_eq!(provider.count("PROPPATCH"), 0, "{chosen:?}");
    let back = person.path("back/calendars/home");
    fs::create_dir_all(&back).expect("a folder");
    fs::write(back.join(".collection.json"), "{}").expect("written");
    person.ok(&["at", "vault", "restore", "-to", "./back", "-uid", "dentist", "latest"]).await;
    assert!(back.join("a.ics").exists());
    assert_eq!(fs::read_to_string(back.join(".collection.json")).expect("a file"), "{}");
    person.ok(&["at", "vault", "restore", "-no-undo", "-to", &location, "latest"]).await;
    assert_eq!(provider.count("PROPPATCH"), 1);
}

#[tokio::test]
async fn a_bin_in_a_snapshot_is_named_and_left_out_unless_it_is_asked_for() {
    let person = Person::with_vault().await;
    for (folder, role, uid) in [("work", "usual", "a"), ("trashbin", "trash", "b")] {
        let at = person.path("made/calendars").join(folder);
        fs::create_dir_all(&at).expect("a folder");
        let described = format!(r#"{{"schema":1,"kind":"calendar","role":"{role}","href":"/{folder}/"}}"#);
        fs::write(at.join(".collection.json"), described).expect("written");
        fs::write(at.join("a.ics"), plain(uid)).expect("written");
    }
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let provider = Provider::start(|_, _| None);
    let location = provider.location();
    let whole = person.ok(&["at", "vault", "restore", "--json", "-to", &location, "latest"]).await;
    assert_eq!(whole.value("/outcomes"), json!({ "created": 1 }), "{whole:?}");
    let left_out = "davault: /calendars/trashbin lay in a bin and is left out; restore ";
    assert_eq!(whole.err().matches(left_out).count(), 1, "{whole:?}");
    let asked = person.run(&["at", "vault", "restore", "-to", &location, "latest:/calendars/trashbin"]).await;
    assert!(asked.code() == Some(3) && asked.err().contains("lay in a bin; say into=NAME"), "{asked:?}");
    let words = ["at", "vault", "restore", "-to", &location, "-into", "Old", "latest:/calendars/trashbin"];
    let into = person.ok(&words).await;
    assert!(provider.account().by_uid("b").is_some(), "{into:?}");
}

#[tokio::test]
async fn what_a_restore_put_is_read_back_many_at_a_time() {
    let provider = Provider::start(|_, _| None);
    let names: Vec<_> = (0..200).map(|n| format!("calendars/home/{n:03}.ics")).collect();
    let made: Vec<_> = names.iter().map(|name| (name.as_str(), plain(&name.replace(['/', '.'], "-")))).collect();
    let person = person(&provider, &made).await;
    let ran = restore(&person, &["-verify"]).await;
    assert_eq!((ran.code(), ran.value("/outcomes")), (Some(0), json!({ "created": 200 })), "{ran:?}");
    assert_eq!(provider.count("PUT"), 200);
    let read_back = provider.count("REPORT") + provider.count("GET");
    assert!((4..=20).contains(&read_back), "{read_back}");
}
