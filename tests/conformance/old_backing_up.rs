//! Backups under plakar 1.0.

use super::account::{event, files, largest_calendar, radicale, signed_in};
use super::process::{PLAKAR_1_0, PLAKAR_1_1, Process};
use super::snapshot::Snapshot;
use super::v1_0::importer;
use super::v1_1;

#[tokio::test]
async fn plakar_1_0_backs_up_an_account_and_the_second_time_opens_nothing_but_what_changed() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let options = signed_in("alice", &[]);
    let process = Process::start(PLAKAR_1_0).await;
    let first = importer(&process, &server.location(), &options).await.expect("Init");
    let about = first.info().await;
    assert_eq!(about.origin, format!("alice@127.0.0.1:{}", server.port()));
    assert_eq!((about.r#type.as_str(), about.root.as_str()), ("dav", "/"));
    let snapshot = first.back_up(&Snapshot::default()).await;
    assert_eq!((&snapshot.files(), snapshot.opened.len()), (&expected, expected.len()));
    first.close().await;
    assert_eq!(process.close_input().await.0, Some(0));

    let (calendar, _) = largest_calendar(&expected);
    let name = calendar.rsplit('/').next().expect("a name");
    server.put(&format!("alice/{name}/new.ics"), &event("new", "Tea")).await;
    // Two importers of one process are told apart by their cookies; before 1.0.6 there were none.
    let process = Process::start(PLAKAR_1_0).await;
    let second = importer(&process, &server.location(), &options).await.expect("Init");
    let other = importer(&process, &format!("carddav://{}", server.url()), &options).await.expect("Init");
    assert_eq!((second.info().await.r#type, other.info().await.r#type), ("dav".into(), "carddav".into()));
    let again = second.back_up(&snapshot).await;
    assert_eq!(again.opened, [format!("{calendar}/new.ics")]);
    let contacts = other.without_cookie().back_up(&Snapshot::default()).await;
    assert!(contacts.files().keys().all(|path| path.starts_with("/contacts/")));
    assert!(!contacts.files().is_empty());
}

#[tokio::test]
async fn the_location_of_plakars_own_connector_is_one_calendar() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let (calendar, _) = largest_calendar(&expected);
    let name = calendar.rsplit('/').next().expect("a name");
    let process = Process::start(PLAKAR_1_0).await;
    let location = format!("caldav://{}alice/{name}/", server.url());
    let importer = importer(&process, &location, &signed_in("alice", &[])).await.expect("Init");
    let snapshot = importer.back_up(&Snapshot::default()).await;
    let of_it: Vec<_> = expected.into_iter().filter(|(path, _)| path.starts_with(&format!("{calendar}/"))).collect();
    assert!(snapshot.files().into_iter().eq(of_it));
}

#[tokio::test]
async fn what_fails_is_said_where_plakar_1_0_shows_it() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_0).await;
    let failed = async |location: &str, options: &super::account::Options| {
        importer(&process, location, options).await.err().expect("no Init")
    };
    let location = server.location();
    let wrong = vec![("username", "alice".to_owned()), ("password", "geheim".to_owned())];
    let sentence = failed(&location, &wrong).await;
    assert!(sentence.starts_with("cannot find the account at alice@127.0.0.1:"), "{sentence}");
    let sentence = failed(&location, &signed_in("alice", &[("name", "google")])).await;
    assert!(sentence.starts_with("option name belongs to signing in by OAuth"), "{sentence}");
    assert_eq!(failed("caldav://", &wrong).await, "the caldav:// location has no valid host or path: empty host");

    let importer = importer(&process, &location, &signed_in("alice", &[])).await.expect("Init");
    let snapshot = importer.back_up(&Snapshot::default()).await;
    let (calendar, path) = largest_calendar(&snapshot.files());
    let nothing = format!("{calendar}/nothing.ics");
    let not_there = |path: &str| format!("{path} was not listed, or the host said that it is done with it");
    assert_eq!(importer.read(&nothing).await.expect_err("nothing"), not_there(&nothing));
    assert_eq!(importer.read(&path).await.expect_err("settled"), not_there(&path));
}

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_ends_the_list_and_not_with_a_status() {
    let server = radicale().await;
    let gate = crate::support::gate::Gate::before(server.port()).await;
    let process = Process::start(PLAKAR_1_0).await;
    let location = format!("dav://http://127.0.0.1:{}/", gate.port);
    let importer = importer(&process, &location, &signed_in("alice", &[])).await.expect("Init");
    drop(server);
    let snapshot = importer.back_up(&Snapshot::default()).await;
    assert!(snapshot.failures["/"].starts_with("cannot read /"), "{:?}", snapshot.failures);
}

#[tokio::test]
async fn both_generations_are_served_by_one_executable() {
    let server = radicale().await;
    let (old, new) = tokio::join!(Process::start(PLAKAR_1_0), Process::start(PLAKAR_1_1));
    let options = signed_in("alice", &[]);
    let old = importer(&old, &server.location(), &options).await.expect("Init").back_up(&Snapshot::default()).await;
    let (client, _) = v1_1::importer(&new, &server.location(), &options, &[]).await.expect("Init");
    let new = v1_1::back_up(&client, v1_1::Way::AsTheyCome, &old).await.expect("a backup");
    assert_eq!((new.files(), new.opened.len()), (old.files(), 0), "what 1.0 stored is unchanged to 1.1");
}
