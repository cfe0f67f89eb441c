//! Backups under plakar 1.1.

use super::account::{event, files, is_event, items, largest_calendar, radicale, signed_in};
use super::process::{PLAKAR_1_0, PLAKAR_1_1, Process};
use super::snapshot::Snapshot;
use super::v1_0;
use super::v1_1::{Way, back_up, importer, open, restore};

/// Flags in the order of plakar's bits: `stream` and `needack`.
const STREAM_AND_NEEDACK: u32 = 1 << 2 | 1 << 3;

#[tokio::test]
async fn plakar_backs_up_an_account_and_the_second_time_opens_nothing_but_what_changed() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let options = signed_in("alice", &[]);
    let mut before = Snapshot::default();
    for round in 0..3 {
        let process = Process::start(PLAKAR_1_1).await;
        let (mut client, about) = importer(&process, &server.location(), &options, &[]).await.expect("Init");
        assert_eq!(about.origin, format!("alice@127.0.0.1:{}", server.port()));
        assert_eq!((about.r#type.as_str(), about.root.as_str(), about.flags), ("dav", "/", STREAM_AND_NEEDACK));
        let snapshot = back_up(&client, Way::AsTheyCome, &before).await.expect("a backup");
        assert!(snapshot.failures.is_empty(), "{:?}", snapshot.failures);
        match round {
            0 => {
                assert_eq!(snapshot.files(), expected);
                assert_eq!(snapshot.opened.len(), expected.len());
            }
            1 => {
                assert_eq!(snapshot.opened, [""; 0], "an unchanged content was announced as another");
                let (calendar, _) = largest_calendar(&expected);
                let name = calendar.rsplit('/').next().expect("a name");
                server.put(&format!("alice/{name}/new.ics"), &event("new", "Tea")).await;
            }
            _ => {
                let (calendar, _) = largest_calendar(&expected);
                assert_eq!(snapshot.opened, [format!("{calendar}/new.ics")]);
            }
        }
        before = snapshot;
        client.close(davault::proto::importer::CloseRequest {}).await.expect("Close");
        assert_eq!(process.close_input().await.0, Some(0));
    }
}

#[tokio::test]
async fn contents_and_acknowledgments_may_come_late_and_in_any_order() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let process = Process::start(PLAKAR_1_1).await;
    // One Import after the other in one process; plakar never does it, and nothing forbids it.
    for way in [Way::LateAndBackwards, Way::AllAtOnce, Way::NeverAcknowledged] {
        let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
        let snapshot = back_up(&client, way, &Snapshot::default()).await.expect("a backup");
        assert_eq!(snapshot.files(), expected, "{way:?}");
    }
    assert_eq!(process.close_input().await.0, Some(0));
}

#[tokio::test]
async fn one_process_may_count_while_another_stores() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let (counts, stores) = tokio::join!(Process::start(PLAKAR_1_1), Process::start(PLAKAR_1_1));
    let (location, options) = (server.location(), signed_in("alice", &[]));
    let (counts, stores) = tokio::join!(
        async {
            let (client, _) = importer(&counts, &location, &options, &[]).await.expect("Init");
            back_up(&client, Way::NeverAcknowledged, &Snapshot::default()).await.expect("a list")
        },
        async {
            let (client, _) = importer(&stores, &location, &options, &[]).await.expect("Init");
            back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup")
        }
    );
    assert_eq!(stores.files(), expected);
    assert!(counts.entries.keys().eq(stores.entries.keys()));
}

#[tokio::test]
async fn what_plakar_ignores_is_not_sent() {
    let server = radicale().await;
    let (calendar, _) = largest_calendar(&files(&server, "alice").await);
    let process = Process::start(PLAKAR_1_1).await;
    let excludes = ["/contacts", &calendar, "*.json"];
    let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &excludes).await.expect("Init");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    let left =
        |path: &String| ["/contacts", &calendar].iter().any(|top| path.starts_with(top)) || path.contains(".json");
    assert!(!snapshot.entries.keys().any(left), "{:?}", snapshot.entries.keys());
    assert!(snapshot.entries.keys().any(|path| is_event(path)));
}

#[tokio::test]
async fn a_calendar_of_which_plakar_ignores_an_item_is_not_mirrored() {
    let server = radicale().await;
    let (calendar, item) = largest_calendar(&files(&server, "alice").await);
    let process = Process::start(PLAKAR_1_1).await;
    let options = signed_in("alice", &[]);
    let (client, _) = importer(&process, &server.location(), &options, &[&item]).await.expect("Init");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    assert!(!snapshot.entries.contains_key(&item));
    let before = files(&server, "alice").await;
    let mirror = signed_in("alice", &[("mirror", "true")]);
    let error = restore(&process, &server.location(), &mirror, snapshot.part("/")).await.expect_err("a reason");
    let name = calendar.rsplit('/').next().expect("a name");
    let sentence = format!(
        "nothing was deleted in /alice/{name}/: the snapshot lacks items that were left out or could not be read"
    );
    assert_eq!(shown(&error), sentence);
    assert_eq!(files(&server, "alice").await, before);
}

#[tokio::test]
async fn a_large_event_comes_in_pieces() {
    let server = radicale().await;
    let (calendar, _) = largest_calendar(&files(&server, "alice").await);
    let name = calendar.rsplit('/').next().expect("a name");
    let large = event("large", &format!("X{}", format!("\r\n {}", "Y".repeat(70)).repeat(50_000)));
    server.put(&format!("alice/{name}/large.ics"), &large).await;
    let path = format!("{calendar}/large.ics");
    let process = Process::start(PLAKAR_1_1).await;
    let options = signed_in("alice", &[]);
    let (client, _) = importer(&process, &server.location(), &options, &[]).await.expect("Init");
    let new = back_up(&client, Way::LateAndBackwards, &Snapshot::default()).await.expect("a backup");
    let process = Process::start(PLAKAR_1_0).await;
    let old = v1_0::importer(&process, &server.location(), &options).await.expect("Init");
    let old = old.back_up(&Snapshot::default()).await;
    assert!(new.files()[&path].len() > 3 << 20);
    assert_eq!(new.files()[&path], old.files()[&path]);
    assert_eq!(new.files()[&path], server.get(&format!("alice/{name}/large.ics")).await);
}

#[tokio::test]
async fn each_protocol_has_its_kind_and_both_have_both() {
    let server = radicale().await;
    let expected = items(&files(&server, "alice").await);
    let of_kind = |top: &str| expected.keys().filter(|(folder, _)| folder.starts_with(top)).count();
    for (proto, calendars, contacts) in [
        ("caldav", of_kind("/calendars"), 0),
        ("carddav", 0, of_kind("/contacts")),
        ("dav", of_kind("/calendars"), of_kind("/contacts")),
    ] {
        let process = Process::start(PLAKAR_1_1).await;
        let location = format!("{proto}://{}", server.url());
        let (client, about) = importer(&process, &location, &signed_in("alice", &[]), &[]).await.expect("Init");
        assert_eq!(about.r#type, proto);
        let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
        let found = items(&snapshot.files());
        let count = |top: &str| found.keys().filter(|(folder, _)| folder.starts_with(top)).count();
        assert_eq!((count("/calendars"), count("/contacts")), (calendars, contacts), "{proto}");
    }
}

/// plakar shows the message alone; it drops that of `Cancelled`, and puts "I/O error communicating with the integration"
/// before that of `Unavailable`.
fn shown(status: &tonic::Status) -> String {
    assert!(!matches!(status.code(), tonic::Code::Cancelled | tonic::Code::Unavailable), "{status:?}");
    status.message().to_owned()
}

#[tokio::test]
async fn what_fails_is_a_sentence() {
    let server = radicale().await;
    let location = server.location();
    let process = Process::start(PLAKAR_1_1).await;
    let at_init = |more: &[(&'static str, &str)]| {
        let options = signed_in("alice", more);
        let (process, location) = (&process, location.clone());
        async move { shown(&importer(process, &location, &options, &[]).await.expect_err("no Init")) }
    };
    assert_eq!(at_init(&[("pasword", "x")]).await, "unknown option pasword; the nearest is password");
    let sentence = at_init(&[("client_secret", "geheim")]).await;
    assert!(sentence.starts_with("option client_secret belongs to signing in by OAuth"), "{sentence}");
    assert!(!sentence.contains("geheim"));
    let excludes = importer(&process, &location, &signed_in("alice", &[]), &["[a"]).await.expect_err("no Init");
    assert!(shown(&excludes).starts_with("cannot understand the exclude pattern \"[a\""), "{excludes}");

    let wrong = vec![("username", "alice".to_owned()), ("password", "geheim".to_owned())];
    let (mut client, _) = importer(&process, &location, &wrong, &[]).await.expect("Init connects to nothing");
    let ping = client.ping(davault::proto::importer::PingRequest {}).await.expect_err("a wrong password");
    let import = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect_err("a wrong password");
    assert_eq!(shown(&ping), shown(&import));
    let start = format!("cannot find the account at alice@127.0.0.1:{}: ", server.port());
    assert!(shown(&import).starts_with(&start), "{import}");
    assert!(!shown(&import).contains("geheim"));

    let (client, _) = importer(&process, &location, &signed_in("alice", &[]), &[]).await.expect("Init");
    back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    let path = "/calendars/nothing/here.ics";
    let open = open(&client, path).await.expect_err("nothing there");
    assert_eq!(shown(&open), format!("{path} was not listed, or the host said that it is done with it"));
}

#[tokio::test]
async fn nothing_works_before_init_and_after_close() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_1).await;
    let mut client = davault::proto::importer::importer_client::ImporterClient::new(process.channel());
    let ping = davault::proto::importer::PingRequest {};
    assert_eq!(shown(&client.ping(ping).await.unwrap_err()), "the host must call Init first");
    let (mut client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    client.ping(ping).await.expect("a server that answers");
    client.close(davault::proto::importer::CloseRequest {}).await.expect("Close");
    assert_eq!(shown(&client.ping(ping).await.unwrap_err()), "the host must call Init first");
}
