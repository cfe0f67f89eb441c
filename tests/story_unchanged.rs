//! What did not change costs next to nothing, and nothing that did is missed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::generate;
use crate::support::person::{Person, Ran};
use crate::support::provider::marks::Marks;
use crate::support::provider::{Account, CALENDARS, Collection, Provider};
use crate::support::scripted::Scripted;
use crate::support::servers::Server;

const HOME: &str = "/alice/cal/home/";

fn event(uid: &str, summary: &str) -> Vec<u8> {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260102T000000Z\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
}

fn card(uid: &str) -> Vec<u8> {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:x\r\nN:x;;;;\r\nEND:VCARD\r\n").into_bytes()
}

/// An account whose collections have ctags and tell what changed, with so many events and a contact.
fn filled(events: usize) -> Account {
    let mut account = Account { marks: Some(Marks::default()), ..Account::default() };
    let card = ("c.vcf".to_owned(), card("c"));
    let events = (0..events).map(|number| format!("e{number:03}"));
    let events = events.map(|name| (format!("{name}.ics"), event(&name, "first")));
    let collections = [(HOME, events.collect()), ("/alice/card/people/", [card].into())];
    account.collections =
        collections.map(|(at, items)| (at.to_owned(), Collection { items, ..Collection::default() })).into();
    account
}

/// A provider with such an account.
fn provider(events: usize) -> Provider {
    let provider = Provider::start(|_, _| None);
    *provider.account() = filled(events);
    provider
}

fn put(provider: &Provider, name: &str, summary: &str) {
    provider.account().collection(HOME).items.insert(format!("{name}.ics"), event(name, summary));
}

async fn person(provider: &Provider, options: &[&str]) -> Person {
    let person = Person::with_vault().await;
    let location = provider.location();
    person.ok(&[&["source", "add", "it", &location, "username=alice", "password=x"], options].concat()).await;
    person
}

/// A backup, and what it asked for: methods with paths.
async fn back_up(person: &Person, provider: &Provider) -> (Ran, Vec<String>) {
    let before = provider.server.recorded().len();
    let ran = person.ok(&["at", "vault", "backup", "--json", "@it"]).await;
    assert_eq!(ran.value("/snapshot/failed"), 0, "{ran:?}");
    let asked = provider.server.recorded().into_iter().skip(before);
    (ran, asked.map(|request| format!("{} {}", request.method, request.path)).collect())
}

/// The names of the events in the last snapshot.
async fn events(person: &Person) -> Vec<String> {
    let listing = person.ok(&["at", "vault", "ls", "--json", "latest:/calendars/home"]).await.out();
    let entries = listing.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let paths = entries.filter_map(|entry| Some(entry.get("path")?.as_str()?.to_owned()));
    let names = paths.filter_map(|path| Some(path.strip_suffix(".ics")?.rsplit('/').next()?.to_owned()));
    names.collect()
}

async fn stored(person: &Person, name: &str) -> Vec<u8> {
    person.ok(&["at", "vault", "cat", &format!("latest:/calendars/home/{name}.ics")]).await.out().into_bytes()
}

#[tokio::test]
async fn an_unchanged_account_costs_a_request_for_each_home() {
    let provider = provider(120);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    let (ran, asked) = back_up(&person, &provider).await;
    assert_eq!(asked, ["PROPFIND /alice/card/", "PROPFIND /alice/cal/"]);
    assert_eq!(ran.value("/unchanged").as_u64(), Some(121 + 2), "{ran:?}");
    assert_eq!(ran.value("/new_objects"), 0, "the same trees: {ran:?}");
    // Losing what is remembered costs time only.
    person.forget();
    let (ran, asked) = back_up(&person, &provider).await;
    assert!(asked.len() > 5, "{asked:?}");
    assert_eq!(ran.value("/unchanged").as_u64(), Some(121 + 2), "{ran:?}");
    assert_eq!(ran.value("/new_objects"), 0, "the same trees: {ran:?}");
}

/// A calendar that is as it was is kept in one piece, and whatever the vault has lost of it comes again all the same.
#[tokio::test]
async fn what_the_vault_has_lost_of_an_unchanged_account_comes_again() {
    let provider = provider(40);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    put(&provider, "e003", "second");
    back_up(&person, &provider).await;
    let in_folder =
        |path: PathBuf| std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    let packs: Vec<_> = in_folder(person.path("vault/packs")).flat_map(in_folder).collect();
    assert!(packs.len() > 1, "of each backup one");
    for lost in packs {
        std::fs::remove_file(lost).expect("to lose it");
        let (ran, asked) = back_up(&person, &provider).await;
        assert!(ran.value("/new_objects").as_u64() > Some(0) && asked.len() > 2, "{ran:?}, {asked:?}");
        person.ok(&["at", "vault", "check", "--read-data", "latest"]).await;
        assert_eq!(stored(&person, "e003").await, event("e003", "second"));
        assert_eq!(stored(&person, "e004").await, event("e004", "first"));
    }
    let (ran, asked) = back_up(&person, &provider).await;
    assert_eq!((ran.value("/new_objects"), asked.len()), (json!(0), 2), "{asked:?}");
}

/// The folder is the one of the snapshot before in all but what the server says of the collection itself.
#[tokio::test]
async fn a_calendar_that_is_only_renamed_keeps_its_items() {
    let provider = provider(40);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    provider.account().collection(HOME).displayname = "Elsewhere".into();
    let (ran, asked) = back_up(&person, &provider).await;
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(ran.value("/unchanged").as_u64() >= Some(40 + 1), "{ran:?}");
    let name = person.ok(&["at", "vault", "cat", "latest:/calendars/home/displayname"]).await.out();
    assert_eq!((name.as_str(), events(&person).await.len()), ("Elsewhere", 40));
}

/// How each request of the last backup signed in: by its first word.
fn signed_in(provider: &Provider, asked: &[String]) -> Vec<String> {
    let recorded = provider.server.recorded();
    let last = recorded.iter().skip(recorded.len() - asked.len());
    let words = last.map(|request| request.header("authorization").and_then(|sent| sent.split(' ').next()));
    words.map(|word| word.unwrap_or("nothing").to_owned()).collect()
}

/// Who took Basic once is not asked for the challenge again, until it gives another.
#[tokio::test]
async fn an_unchanged_account_is_told_at_once_who_asks() {
    const DIGEST: &str = "Digest realm=\"x\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\"";
    let is_digest = Arc::new(AtomicBool::new(false));
    let wants_digest = Arc::clone(&is_digest);
    let provider = Provider::start(move |_, request| {
        let (word, challenge) =
            if wants_digest.load(Ordering::SeqCst) { ("Digest ", DIGEST) } else { ("Basic ", "Basic realm=\"x\"") };
        let sent = request.header("authorization").unwrap_or_default();
        (!sent.starts_with(word)).then(|| Scripted::challenge(challenge))
    });
    *provider.account() = filled(3);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    assert_eq!(provider.server.recorded()[0].header("authorization"), None, "nothing before a challenge");
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(asked, ["PROPFIND /alice/card/", "PROPFIND /alice/cal/"]);
    assert_eq!(signed_in(&provider, &asked), ["Basic", "Basic"]);
    is_digest.store(true, Ordering::SeqCst);
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(signed_in(&provider, &asked), ["Basic", "Digest", "Digest"]);
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(signed_in(&provider, &asked), ["nothing", "Digest", "Digest"]);
    // Losing what is remembered, or another wish, means waiting for a challenge.
    is_digest.store(false, Ordering::SeqCst);
    person.forget();
    for _ in 0..2 {
        back_up(&person, &provider).await;
    }
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(signed_in(&provider, &asked), ["Basic", "Basic"]);
    is_digest.store(true, Ordering::SeqCst);
    person.ok(&["source", "set", "it", "auth=digest"]).await;
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(signed_in(&provider, &asked), ["nothing", "Digest", "Digest"]);
}

#[tokio::test]
async fn a_password_that_is_no_longer_right_is_refused_without_waiting_for_a_challenge() {
    let is_other = Arc::new(AtomicBool::new(false));
    let other = Arc::clone(&is_other);
    let provider = Provider::start(move |_, request| {
        let is_known = request.header("authorization").is_some() && !other.load(Ordering::SeqCst);
        (!is_known).then(|| Scripted::challenge("Basic realm=\"x\""))
    });
    *provider.account() = filled(3);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    is_other.store(true, Ordering::SeqCst);
    let before = provider.server.recorded().len();
    let ran = person.run(&["at", "vault", "backup", "@it"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("the server refused the user name or password"), "{ran:?}");
    let asked: Vec<_> = provider.server.recorded().into_iter().skip(before).collect();
    assert!(asked.iter().all(|request| request.header("authorization").is_some()), "{asked:?}");
    assert_eq!(asked.len(), 2, "once for each home: {asked:?}");
}

#[tokio::test]
async fn what_changed_is_fetched_and_what_is_gone_is_not_there() {
    let provider = provider(20);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    put(&provider, "e003", "second");
    put(&provider, "new", "first");
    provider.account().collection(HOME).items.remove("e004.ics");
    let (_, asked) = back_up(&person, &provider).await;
    let home: Vec<_> = asked.iter().filter(|one| one.contains(HOME)).collect();
    assert!(home.len() <= 4 && !asked.iter().any(|one| one.contains("people")), "{asked:?}");
    assert_eq!(stored(&person, "e003").await, event("e003", "second"));
    assert_eq!(stored(&person, "e005").await, event("e005", "first"));
    let events = events(&person).await;
    assert!(events.contains(&"new".to_owned()) && !events.contains(&"e004".to_owned()), "{events:?}");
    let (_, asked) = back_up(&person, &provider).await;
    assert_eq!(asked.len(), 2, "{asked:?}");
}

/// The first change of a large calendar is found by a report that gives a token, the next ones by that token.
#[tokio::test]
async fn of_a_large_calendar_only_what_changed_is_told() {
    let provider = provider(300);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    put(&provider, "e003", "second");
    back_up(&person, &provider).await;
    if let Some(marks) = &mut provider.account().marks {
        marks.most = Some(1);
    }
    put(&provider, "e004", "second");
    put(&provider, "e005", "second");
    provider.account().collection(HOME).items.remove("e006.ics");
    let (ran, asked) = back_up(&person, &provider).await;
    assert!(!asked.iter().any(|one| *one == format!("PROPFIND {HOME}")), "no listing: {asked:?}");
    assert_eq!(ran.value("/unchanged").as_u64(), Some(297 + 1 + 2), "{ran:?}");
    for name in ["e003", "e004", "e005"] {
        assert_eq!(stored(&person, name).await, event(name, "second"));
    }
    assert!(!events(&person).await.contains(&"e006".to_owned()));
}

#[tokio::test]
async fn a_report_that_is_silent_or_knows_no_token_hides_nothing() {
    let provider = provider(300);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    put(&provider, "e000", "second");
    back_up(&person, &provider).await;
    for trap in [|marks: &mut Marks| marks.silent = true, |marks: &mut Marks| marks.forgetful = true] {
        if let Some(marks) = &mut provider.account().marks {
            *marks = Marks::default();
            trap(marks);
        }
        let name = format!("e{:03}", 10 + provider.server.recorded().len() % 200);
        put(&provider, &name, "third");
        provider.account().collection(HOME).items.remove("e299.ics");
        back_up(&person, &provider).await;
        assert_eq!(stored(&person, &name).await, event(&name, "third"));
        assert!(!events(&person).await.contains(&"e299".to_owned()));
    }
}

/// `SabreDAV` reports only what came after the token, of a calendar that is another one now.
#[tokio::test]
async fn a_calendar_made_anew_under_its_old_name_is_read_anew() {
    for born in [None, Some("2026-02-02T00:00:00Z")] {
        let provider = provider(300);
        provider.account().collection(HOME).born = born.map(|_| "2026-01-01T00:00:00Z".to_owned());
        let person = person(&provider, &[]).await;
        back_up(&person, &provider).await;
        put(&provider, "e000", "second");
        back_up(&person, &provider).await;
        let items = [("e000.ics".to_owned(), event("e000", "anew")), ("other.ics".to_owned(), event("other", "anew"))];
        let ctag = Some("anew".to_owned());
        let anew = Collection { items: items.into(), born: born.map(str::to_owned), ctag, ..Collection::default() };
        provider.account().collections.insert(HOME.to_owned(), anew);
        if let Some(marks) = &mut provider.account().marks {
            marks.only = Some("other.ics");
        }
        back_up(&person, &provider).await;
        assert_eq!(events(&person).await, ["e000", "other"]);
        assert_eq!(stored(&person, "e000").await, event("e000", "anew"));
    }
}

#[tokio::test]
async fn a_server_that_was_put_back_to_an_earlier_state_is_not_believed() {
    let provider = provider(3);
    let counted =
        |count: u32| provider.account().collection(HOME).ctag = Some(format!("http://x.example/sync/{count}"));
    // The same tag for another content is what a counter gives after it went back.
    provider.account().only_tag = None;
    counted(12);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    counted(11);
    put(&provider, "e001", "of an earlier time");
    let (_, asked) = back_up(&person, &provider).await;
    assert!(asked.iter().any(|one| *one == format!("REPORT {HOME}")), "{asked:?}");
    assert_eq!(stored(&person, "e001").await, event("e001", "of an earlier time"));
}

#[tokio::test]
async fn a_ctag_that_never_moves_is_found_out_and_said() {
    let provider = provider(3);
    provider.account().collection(HOME).ctag = Some("always".into());
    let person = person(&provider, &["verify=3"]).await;
    back_up(&person, &provider).await;
    put(&provider, "e001", "second");
    let (ran, _) = back_up(&person, &provider).await;
    assert_eq!(stored(&person, "e001").await, event("e001", "first"), "the server said so: {ran:?}");
    back_up(&person, &provider).await;
    let (ran, _) = back_up(&person, &provider).await;
    assert_eq!(stored(&person, "e001").await, event("e001", "second"));
    assert!(ran.err().contains("does not tell of all changes"), "{ran:?}");
}

#[tokio::test]
async fn with_verify_always_nothing_is_believed_and_with_never_all() {
    let provider = provider(3);
    provider.account().collection(HOME).ctag = Some("always".into());
    for (verify, expected) in [("verify=always", "second"), ("verify=never", "first")] {
        put(&provider, "e001", "first");
        let person = person(&provider, &[verify]).await;
        back_up(&person, &provider).await;
        put(&provider, "e001", "second");
        back_up(&person, &provider).await;
        assert_eq!(stored(&person, "e001").await, event("e001", expected));
    }
}

/// A new vault has none of the contents that the source takes as known: they are fetched many at a time.
#[tokio::test]
async fn another_vault_gets_everything_with_few_requests() {
    let provider = provider(300);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    let before = provider.server.recorded().len();
    person.ok(&["at", "other", "create", "-key-memory", "8"]).await;
    let ran = person.ok(&["at", "other", "backup", "--json", "@it"]).await;
    assert_eq!((ran.value("/snapshot/failed"), ran.value("/unchanged")), (json!(0), json!(0)), "{ran:?}");
    let asked: Vec<_> = provider.server.recorded().into_iter().skip(before).collect();
    let asked: Vec<_> =
        asked.iter().map(|one| (&*one.method, &*one.path, one.text().matches(":href>").count() / 2)).collect();
    assert!(asked.len() <= 2 + 2 * 300 / 50, "{asked:?}");
    person.ok(&["at", "other", "check"]).await;
    let content = person.ok(&["at", "other", "cat", "latest:/calendars/home/e299.ics"]).await.out();
    assert_eq!(content.into_bytes(), event("e299", "first"));
}

/// Where a multiget is of no use, nothing is read ahead again and again.
#[tokio::test]
async fn another_vault_costs_a_get_for_each_item_where_multigets_are_refused() {
    let provider =
        Provider::start(|_, request| request.text().contains("calendar-multiget").then(|| Scripted::answer(403, "")));
    *provider.account() = filled(60);
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    let before = provider.server.recorded().len();
    person.ok(&["at", "other", "create", "-key-memory", "8"]).await;
    person.ok(&["at", "other", "backup", "@it"]).await;
    let asked: Vec<_> = provider.server.recorded().into_iter().skip(before).map(|request| request.method).collect();
    let count = |method: &str| asked.iter().filter(|one| *one == method).count();
    assert!(count("GET") == 61 && count("REPORT") <= 40, "{asked:?}");
}

/// Of a collection that was not read to its end what was read is known all the same.
#[tokio::test]
async fn what_failed_is_asked_for_again_and_nothing_else() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let broken = Arc::clone(&is_broken);
    let provider = Provider::start(move |_, request| {
        let is_it = broken.load(Ordering::SeqCst)
            && (request.path.ends_with("e007.ics") || request.text().contains("e007.ics"));
        is_it.then(|| Scripted::answer(403, ""))
    });
    let account = filled(60);
    *provider.account() = account;
    let person = person(&provider, &[]).await;
    let ran = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
    assert_eq!((ran.code(), ran.value("/snapshot/failed")), (Some(3), json!(1)), "{ran:?}");
    is_broken.store(false, Ordering::SeqCst);
    let (ran, asked) = back_up(&person, &provider).await;
    assert_eq!(ran.value("/snapshot/files").as_u64(), Some(61 + 2), "{ran:?}");
    let of_home: Vec<_> = asked.iter().filter(|one| one.contains(HOME)).collect();
    assert_eq!(of_home, [&format!("PROPFIND {HOME}"), &format!("GET {HOME}e007.ics")]);
    assert_eq!(back_up(&person, &provider).await.1.len(), 2);
}

/// What was told as unchanged and is something else when its content is asked for is never stored as what it was.
#[tokio::test]
async fn what_is_not_what_it_was_fails_and_comes_with_the_next_backup() {
    let provider = provider(3);
    provider.account().collection(HOME).ctag = Some("always".into());
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    put(&provider, "e001", "second");
    person.ok(&["at", "other", "create", "-key-memory", "8"]).await;
    let ran = person.run(&["at", "other", "backup", "--json", "@it"]).await;
    assert_eq!((ran.code(), ran.value("/snapshot/failed")), (Some(3), json!(1)), "{ran:?}");
    let ran = person.ok(&["at", "other", "backup", "--json", "@it"]).await;
    assert_eq!(ran.value("/snapshot/failed"), 0, "{ran:?}");
    let content = person.ok(&["at", "other", "cat", "latest:/calendars/home/e001.ics"]).await.out();
    assert_eq!(content.into_bytes(), event("e001", "second"));
}

#[tokio::test]
async fn an_account_that_moved_is_searched_for_again() {
    let provider = Provider::start(|account, request| {
        // Its calendars lie elsewhere from some time on.
        let moved = account.collections.contains_key("/alice/new/home/");
        (moved && request.path.starts_with(CALENDARS)).then(|| Scripted::answer(404, ""))
    });
    let person = person(&provider, &[]).await;
    back_up(&person, &provider).await;
    let (_, asked) = back_up(&person, &provider).await;
    assert!(!asked.contains(&"PROPFIND /".to_owned()), "{asked:?}");
    provider.account().collections.insert("/alice/new/home/".into(), Collection::default());
    let ran = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
    let asked = provider.server.recorded().into_iter().map(|request| format!("{} {}", request.method, request.path));
    assert_eq!(asked.filter(|one| one == "PROPFIND /").count(), 2, "{ran:?}");
}

#[tokio::test]
async fn two_backups_of_one_source_at_once_are_both_whole() {
    let server = Server::radicale().await;
    let person = Person::with_vault().await;
    person.add("it", &server).await;
    let folder = tempfile::tempdir().expect("a folder");
    generate::Account::readable().write_vdir(folder.path()).expect("an account");
    person.fill("it", folder.path()).await;
    let back_up = || person.ok(&["at", "vault", "backup", "--json", "@it"]);
    let (one, other) = tokio::join!(back_up(), back_up());
    for ran in [&one, &other, &back_up().await] {
        assert_eq!(ran.value("/snapshot/failed"), 0, "{ran:?}");
        assert_eq!(ran.value("/snapshot/items"), one.value("/snapshot/items"), "{ran:?}");
    }
    person.ok(&["at", "vault", "check"]).await;
}
