//! Traps that real servers set, of which calendars and contacts fare alike: a backup sees the truth, and a restore says it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::person::{Person, Ran};
use crate::support::provider::{self, Account, BOOKS, CALENDARS, Provider, asked, split};
use crate::support::scripted::{Recorded, Scripted, member};

fn event(uid: &str, summary: &str) -> Vec<u8> {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260102T000000Z\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
}

fn card(uid: &str, note: &str) -> Vec<u8> {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:x\r\nN:x;;;;\r\nNOTE:{note}\r\nEND:VCARD\r\n").into_bytes()
}

/// Puts an event and a contact of that name into the account.
fn fill(provider: &Provider, name: &str, text: &str) {
    let mut account = provider.account();
    let items = [("cal/home/", "ics", event(name, text)), ("card/people/", "vcf", card(&format!("{name}-c"), text))];
    for (folder, end, content) in items {
        account.collection(&format!("/alice/{folder}")).items.insert(format!("{name}.{end}"), content);
    }
}

/// Where the two of [`fill`] are in a snapshot.
fn paths(name: &str) -> [String; 2] {
    [format!("/calendars/home/{name}.ics"), format!("/contacts/people/{name}.vcf")]
}

async fn person(provider: &Provider) -> Person {
    let person = Person::with_vault().await;
    for noun in ["source", "destination"] {
        let location = provider.location();
        let options = ["username=alice", "password=x", "connections=1", "timeout=2"];
        person.ok(&[&[noun, "add", "it", &location], &options[..]].concat()).await;
    }
    person
}

async fn back_up(person: &Person) -> Ran {
    person.run(&["at", "vault", "backup", "--json", "@it"]).await
}

async fn stored(person: &Person, path: &str) -> Vec<u8> {
    person.ok(&["at", "vault", "cat", &format!("latest:{path}")]).await.out().into_bytes()
}

/// What failed, by path.
fn failed(ran: &Ran, pointer: &str) -> Vec<(String, String)> {
    let failures = ran.value(pointer);
    let text = |one: &serde_json::Value, name: &str| {
        one.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned()
    };
    failures.as_array().into_iter().flatten().map(|one| (text(one, "path"), text(one, "why"))).collect()
}

#[tokio::test]
async fn tags_that_are_equal_for_all_new_items_hide_no_change() {
    let provider = Provider::start(|_, _| None);
    // SOGo counts from one for each item, also for one that is made anew under an old name.
    provider.account().only_tag = Some("\"gcs00000001\"");
    fill(&provider, "a", "before");
    let person = person(&provider).await;
    person.back_up("it").await;
    fill(&provider, "a", "after!");
    person.back_up("it").await;
    let [ics, vcf] = paths("a");
    assert_eq!(stored(&person, &ics).await, event("a", "after!"));
    assert_eq!(stored(&person, &vcf).await, card("a-c", "after!"));
    let ran = back_up(&person).await;
    assert_eq!(
        ran.value("/unchanged").as_u64(),
        Some(2 + 2),
        "the items and what describes their collections: {ran:?}"
    );
}

/// A server whose tokens and ctags tell of nothing that is done during a test: tokens from the future, and as ctag the second of
/// the last change but one.
fn with_stale_tokens() -> Provider {
    let second = jiff::Timestamp::now().as_second();
    Provider::start(move |account, request| {
        if request.text().contains("sync-collection") {
            let token = "<D:sync-token>https://x.example/9999</D:sync-token>";
            return Some(Scripted::multistatus(token));
        }
        let is_home = [CALENDARS, BOOKS].contains(&request.path.as_str()) && request.method == "PROPFIND";
        (is_home && request.header("depth") == Some("1")).then(|| {
            let about = |at: &String| {
                let kind = if provider::is_book(at) { "<A:addressbook/>" } else { "<C:calendar/>" };
                let properties = format!(
                    "<D:resourcetype><D:collection/>{kind}</D:resourcetype><S:getctag>{second}</S:getctag>\
                     <D:sync-token>https://x.example/9999</D:sync-token>"
                );
                member(at, &properties)
            };
            let within = account.collections.keys().filter(|at| at.starts_with(&request.path));
            let itself = member(&request.path, "<D:resourcetype><D:collection/></D:resourcetype>");
            Scripted::multistatus(&(itself + &within.map(about).collect::<String>()))
        })
    })
}

#[tokio::test]
async fn tokens_that_never_move_hide_no_change_and_no_collection_made_anew() {
    let provider = with_stale_tokens();
    fill(&provider, "a", "first");
    fill(&provider, "b", "first");
    let person = person(&provider).await;
    person.back_up("it").await;
    // Changed within the second; and then made anew under the old name, with another item.
    fill(&provider, "a", "second");
    person.back_up("it").await;
    let [ics, vcf] = paths("a");
    assert_eq!(
        (stored(&person, &ics).await, stored(&person, &vcf).await),
        (event("a", "second"), card("a-c", "second"))
    );
    provider.account().collections.values_mut().for_each(|collection| collection.items.clear());
    fill(&provider, "c", "third");
    person.back_up("it").await;
    let listing = person.ok(&["at", "vault", "ls", "-recursive", "--json", "latest"]).await.out();
    for (name, is_there) in [("a", false), ("b", false), ("c", true)] {
        for path in paths(name) {
            assert_eq!(listing.contains(&format!("\"{path}\"")), is_there, "{listing}");
        }
    }
    assert!(provider.server.recorded().iter().all(|request| !request.text().contains("sync-collection")));
}

#[tokio::test]
async fn one_control_character_spoils_a_multiget_and_no_other_item() {
    let provider = Provider::start(|_, _| None);
    for n in 0..60 {
        fill(&provider, &format!("n{n}"), "good");
    }
    fill(&provider, "bad", "a bell\u{7} and \u{1}");
    let person = person(&provider).await;
    person.back_up("it").await;
    let [ics, vcf] = paths("bad");
    assert_eq!(stored(&person, &ics).await, event("bad", "a bell\u{7} and \u{1}"));
    assert_eq!(stored(&person, &vcf).await, card("bad-c", "a bell\u{7} and \u{1}"));
    let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": 122 }), "{ran:?}");
}

#[tokio::test]
async fn what_a_multiget_leaves_out_without_a_word_is_there_all_the_same() {
    let provider = Provider::start(|account, request| {
        let wanted = asked(request);
        (request.method == "REPORT" && wanted.len() > 1).then(|| {
            let given = wanted.iter().step_by(2).filter_map(|href| Some(account.fetched(href, account.item(href)?)));
            Scripted::multistatus(&given.collect::<String>())
        })
    });
    for n in 0..20 {
        fill(&provider, &format!("n{n}"), "good");
    }
    let person = person(&provider).await;
    person.back_up("it").await;
    let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": 40 }), "{ran:?}");
}

#[tokio::test]
async fn a_207_for_a_place_that_is_not_there_is_no_empty_account() {
    // Xandikos answers so.
    let missing = |path: &str| {
        Scripted::multistatus(&format!(
            "<D:response><D:href>{path}</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
        ))
    };
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let provider = Provider::start(move |_, request| {
        let is_missing = is_gone.load(Ordering::SeqCst) && request.method == "PROPFIND" && request.path != "/";
        is_missing.then(|| missing(&request.path))
    });
    fill(&provider, "a", "x");
    let person = person(&provider).await;
    person.back_up("it").await;
    gone.store(true, Ordering::SeqCst);
    let before = person.ok(&["at", "vault", "ls", "--json"]).await.out();
    let ran = back_up(&person).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert_eq!(person.ok(&["at", "vault", "ls", "--json"]).await.out(), before, "no snapshot of nothing");
}

/// As Cyrus: every card comes as 3.0 unless 4.0 is asked for, under one tag and in one size; a query by VERSION tells how it is
/// stored, if it is answered.
fn converting(answers: Arc<AtomicBool>) -> Provider {
    Provider::start(move |account, request| {
        let wants_4 = request.text().contains("version=\"4.0\"")
            || request.header("accept").is_some_and(|accept| accept.contains("4.0"));
        let (from, to): (&[u8], &[u8]) = if wants_4 { (b"3.0", b"4.0") } else { (b"4.0", b"3.0") };
        let converted = |content: &[u8]| {
            let text = String::from_utf8_lossy(content);
            let version = |version: &[u8]| format!("VERSION:{}", String::from_utf8_lossy(version));
            text.replace(&version(from), &version(to)).into_bytes()
        };
        match (request.method.as_str(), request.path.starts_with(BOOKS)) {
            ("REPORT", true) if request.text().contains("addressbook-query") => {
                Some(if answers.load(Ordering::SeqCst) {
                    of_version(account, request)
                } else {
                    Scripted::answer(400, "")
                })
            }
            ("REPORT", true) => {
                let tags = |href: &String| account.item(href).map(|content| account.tag(content));
                let give = |href: String| {
                    let (tag, content) = (tags(&href)?, converted(account.item(&href)?));
                    let text = String::from_utf8_lossy(&content).replace('\r', "");
                    Some(member(&href, &format!("<D:getetag>{tag}</D:getetag><A:address-data>{text}</A:address-data>")))
                };
                Some(Scripted::multistatus(&asked(request).into_iter().filter_map(give).collect::<String>()))
            }
            ("GET", true) => {
                let content = account.item(&request.path)?;
                Some(Scripted::answer(200, converted(content)).header("ETag", &account.tag(content)))
            }
            _ => None,
        }
    })
}

fn of_version(account: &Account, request: &Recorded) -> Scripted {
    let wanted = if request.text().contains(">4.0<") { "VERSION:4.0" } else { "VERSION:3.0" };
    let of = account
        .items()
        .filter(|(at, content)| split(at).0 == request.path && String::from_utf8_lossy(content).contains(wanted));
    let found = of.map(|(at, content)| member(&at, &format!("<D:getetag>{}</D:getetag>", account.tag(content))));
    Scripted::multistatus(&found.collect::<String>())
}

#[tokio::test]
async fn a_card_of_either_version_is_kept_as_it_is_stored_though_both_have_one_tag_and_one_size() {
    let answers = Arc::new(AtomicBool::new(false));
    let provider = converting(Arc::clone(&answers));
    let four =
        |text: &str| String::from_utf8_lossy(&card("four", text)).replace("VERSION:3.0", "VERSION:4.0").into_bytes();
    let at = format!("{BOOKS}people/");
    provider.account().collection(&at).items.insert("three.vcf".into(), card("three", "x"));
    provider.account().collection(&at).items.insert("four.vcf".into(), four("x"));
    let person = person(&provider).await;
    person.back_up("it").await;
    assert_eq!(stored(&person, "/contacts/people/four.vcf").await, card("four", "x"), "nobody could tell");
    // The same tag, size and time; and whoever reads it again sees that the content is another one.
    answers.store(true, Ordering::SeqCst);
    person.forget();
    person.back_up("it").await;
    assert_eq!(stored(&person, "/contacts/people/four.vcf").await, four("x"));
    assert_eq!(stored(&person, "/contacts/people/three.vcf").await, card("three", "x"));
    let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "identical": 2 }), "{ran:?}");
}

#[tokio::test]
async fn the_only_card_of_a_book_is_kept_as_it_is_stored_too() {
    let provider = converting(Arc::new(AtomicBool::new(true)));
    let four = String::from_utf8_lossy(&card("four", "x")).replace("VERSION:3.0", "VERSION:4.0").into_bytes();
    provider.account().collection(&format!("{BOOKS}people/")).items.insert("four.vcf".into(), four.clone());
    let person = person(&provider).await;
    person.back_up("it").await;
    assert_eq!(stored(&person, "/contacts/people/four.vcf").await, four);
}

#[tokio::test]
async fn a_value_that_a_put_cuts_is_found_and_said() {
    // Radicale cuts at a comma.
    let provider = Provider::start(|account, request| {
        (request.method == "PUT").then(|| {
            let cut = request.text().replace("first, second", "first");
            account.put(&request.path, &Recorded { body: cut.into_bytes(), ..request.clone() })
        })
    });
    fill(&provider, "a", "first, second");
    let person = person(&provider).await;
    person.back_up("it").await;
    provider.account().collections.values_mut().for_each(|collection| collection.items.clear());
    let ran = person.run(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    let [ics, vcf] = paths("a");
    let why = |path: &str, name: &str, at: &str| format!("{path} was put, and the server changed {name} in it at {at}");
    let expected = [
        (ics.clone(), why(&ics, "SUMMARY", "/alice/cal/home/a.ics")),
        (vcf.clone(), why(&vcf, "NOTE", "/alice/card/people/a.vcf")),
    ];
    let mut failures = failed(&ran, "/failures");
    failures.sort();
    assert_eq!(failures, expected);
}

#[tokio::test]
async fn a_large_item_whose_put_is_answered_too_late_is_looked_for_and_not_put_twice() {
    // Radicale takes minutes for 20 MB, and has them then.
    let provider = Provider::start(|account, request| {
        (request.method == "PUT" && request.body.len() > 100_000).then(|| {
            account.put(&request.path, request);
            Scripted::hang()
        })
    });
    fill(&provider, "large", &"x".repeat(200_000));
    fill(&provider, "small", "x");
    let person = person(&provider).await;
    person.back_up("it").await;
    provider.account().collections.values_mut().for_each(|collection| collection.items.clear());
    let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert_eq!(ran.value("/outcomes"), json!({ "created": 4 }), "{ran:?}");
    assert_eq!(provider.count("PUT"), 4);
}
