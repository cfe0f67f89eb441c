use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use davault::plugin::ErrorKind;
use davault::plugin::host::{Init, Plugin, Received, Record, Stored};
use futures_util::StreamExt;

use super::{executable, importer, init, is_gone, said, start};

#[tokio::test]
async fn everything_of_a_source_arrives_and_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let settled = folder.path().join("settled");
    let plugin = start("good").await;
    let id = plugin.id();
    let options = BTreeMap::from([("settled_file".into(), settled.display().to_string())]);
    let importer = plugin.import(Init { options, ..init("fake://mixed") }).await.unwrap();
    assert_eq!(importer.about().origin, "fake://mixed");
    assert_eq!(importer.about().kind, "fake");
    importer.ping().await.unwrap();
    let mut seen = Vec::new();
    while let Some(received) = importer.next().await.unwrap() {
        match received {
            Received::Failed { path, why } => seen.push(format!("{path}: {why}")),
            Received::Flaw { .. } | Received::Attribute(_) | Received::AttributeFailed { .. } => {
                panic!("there is none")
            }
            Received::Record(record) if record.is_folder() => {
                seen.push(record.path.clone());
                importer.settle(&record, None);
            }
            Received::Record(record) => match importer.read(&record).await {
                Ok(content) => {
                    assert_eq!(content.len() as u64, record.size);
                    assert_eq!((record.version, record.mode), (7, 0o600));
                    seen.push(format!("{}: {}", record.path, content.len()));
                    importer.settle(&record, None);
                }
                Err(error) => {
                    assert_eq!(error.kind, ErrorKind::Item);
                    seen.push(format!("{}: {}", record.path, said(&error).1));
                    importer.settle(&record, Some("not read"));
                }
            },
        }
    }
    assert_eq!(
        seen,
        [
            "/",
            "/c",
            "/c/large.ics: 3000000",
            "/c/unreadable.ics: cannot read /c/unreadable.ics: GET /c/unreadable.ics: 500",
            "/c/empty.ics: 0",
            "/c/gone.ics: the server answered 404",
        ]
    );
    importer.finish().await.unwrap();
    plugin.stop().await.unwrap();
    assert!(is_gone(id));
    assert_eq!(std::fs::read_to_string(settled).unwrap(), "/\n/c\n/c/large.ics\n/c/empty.ics\n");
}

/// Of a folder that the host has with the same contents only the folder is listed; who says nothing of it gets all.
#[tokio::test]
async fn what_the_host_has_is_not_listed() {
    let held: [&[(&str, u64)]; 4] = [&[("/c", 5)], &[("/c", 6)], &[("/", 5), ("/d", 5)], &[]];
    for (folders, begins) in held.into_iter().map(|folders| (folders, true)).chain([(held[0], false)]) {
        let plugin = start("good").await;
        let importer = importer(&plugin, "fake://held").await;
        if begins {
            importer.begin().await.unwrap();
        }
        importer.hold(folders.iter().copied());
        let mut listed = Vec::new();
        while let Some(Received::Record(record)) = importer.next().await.unwrap() {
            listed.push((record.path.clone(), if record.is_folder() { record.version } else { record.size }));
            importer.settle(&record, None);
        }
        importer.finish().await.unwrap();
        let listed: Vec<_> = listed.iter().map(|(path, number)| (path.as_str(), *number)).collect();
        let is_held = begins && folders == [("/c", 5)];
        let all = [("/", 0), ("/c", 0), ("/c/small.ics", 994)];
        assert_eq!(listed, if is_held { &[("/", 0), ("/c", 5)][..] } else { &all[..] }, "{folders:?}");
    }
}

/// A host that never says what it has, and goes, leaves no plugin that waits for it.
#[tokio::test]
async fn a_host_that_goes_before_it_says_what_it_has_is_not_waited_for() {
    let plugin = start("good").await;
    let id = plugin.id();
    let importer = importer(&plugin, "fake://held").await;
    importer.begin().await.unwrap();
    drop(importer);
    plugin.stop().await.unwrap();
    assert!(is_gone(id));
}

#[tokio::test]
async fn what_the_host_excludes_is_not_listed() {
    let plugin = start("good").await;
    let excludes = vec!["*.ics".into(), "!empty.ics".into()];
    let importer = plugin.import(Init { excludes, ..init("fake://mixed") }).await.unwrap();
    let mut paths = Vec::new();
    while let Some(Received::Record(record)) = importer.next().await.unwrap() {
        paths.push(record.path);
    }
    assert_eq!(paths, ["/", "/c", "/c/empty.ics"]);
}

#[tokio::test]
async fn two_thousand_items_are_read_beside_each_other() {
    const ITEMS: usize = 2_000;
    let plugin = start("good").await;
    let importer = Arc::new(importer(&plugin, &format!("fake://{ITEMS}")).await);
    let listed = futures_util::stream::unfold(Arc::clone(&importer), |importer| async {
        let received = importer.next().await.unwrap()?;
        Some((received, importer))
    });
    let read = listed.map(|received| async {
        let Received::Record(record) = received else { panic!("{received:?}") };
        if !record.is_folder() {
            let content = importer.read(&record).await.unwrap();
            assert!(content.starts_with(record.path.as_bytes()));
        }
        importer.settle(&record, None);
    });
    assert_eq!(read.buffer_unordered(32).count().await, ITEMS + 2);
    importer.finish().await.unwrap();
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn a_sources_errors_are_sentences_with_their_kind() {
    let plugin = start("good").await;
    let options = BTreeMap::from([("pasword".into(), "x".into())]);
    let error = plugin.import(Init { options, ..init("fake://1") }).await.err().unwrap();
    let sentence = "cannot open the source: unknown option `pasword`: did you mean `password`?";
    assert_eq!(said(&error), (ErrorKind::Usage, sentence.into()));
    let away = importer(&plugin, "fake://away").await.ping().await.unwrap_err();
    assert_eq!(said(&away), (ErrorKind::Access, "cannot reach the source: cannot reach fake://away".into()));
    let broken = importer(&plugin, "fake://broken").await.next().await.unwrap_err();
    assert_eq!(said(&broken), (ErrorKind::Access, "cannot list the source: the listing stopped in the middle".into()));
    let mistake = importer(&plugin, "fake://mistake").await.next().await.unwrap_err();
    let sentence = "cannot list the source: the connector failed in a way that is a mistake in davault";
    assert_eq!(said(&mistake), (ErrorKind::Refused, sentence.into()));
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn a_plugin_whose_input_is_closed_ends_with_status_0_whatever_it_is_doing() {
    let plugin = start("good").await;
    let id = plugin.id();
    let importer = importer(&plugin, "fake://1000000").await;
    assert!(importer.next().await.unwrap().is_some());
    plugin.stop().await.unwrap();
    assert!(is_gone(id));
    // What had arrived before may still be taken.
    let error = loop {
        if let Err(error) = importer.next().await {
            break error;
        }
    };
    assert_eq!(said(&error).1, "the plugin misbehaving-plugin ended before its work was done (exit status: 0)");

    let davault = PathBuf::from(env!("CARGO_BIN_EXE_davault"));
    for (executable, argument, input) in
        [(executable(), "good", ""), (davault.clone(), "plugin", ""), (davault, "plugin", "PRI * HTTP/2.0")]
    {
        let mut process =
            Command::new(executable).arg(argument).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        assert_eq!(process.wait().unwrap().code(), Some(0), "after {input:?}");
    }
}

fn file(path: &str) -> Record {
    Record { size: 4, mode: 0o600, ..Record::folder(path) }
}

async fn restore(plugin: &Plugin, location: &str, records: Vec<(Record, Option<Bytes>)>) -> Vec<Stored> {
    let exporter = plugin.export(init(location)).await.expect("no failure");
    let send = async {
        for (record, content) in records {
            exporter.send(&record, content).await.expect("no failure");
        }
        exporter.all_sent().await;
    };
    let results = async {
        let mut results = Vec::new();
        while let Some(stored) = exporter.next().await.expect("no failure") {
            results.push(stored);
        }
        results
    };
    let ((), mut results) = tokio::join!(send, results);
    exporter.finish().await.expect("no failure");
    results.sort_by(|a, b| a.path.cmp(&b.path));
    results
}

fn text(stored: &Stored) -> String {
    format!("{} {}", stored.path, stored.error.as_deref().or(stored.outcome.as_deref()).unwrap_or("?"))
}

#[tokio::test]
async fn every_record_of_a_restore_gets_one_result() {
    let plugin = start("good").await;
    let large = Bytes::from(vec![b'x'; 3_000_000]);
    let results = restore(
        &plugin,
        "fake://sink",
        vec![
            (Record { name: "Work".into(), ..Record::folder("/") }, None),
            (Record::folder("/c"), None),
            (file("/c/a.ics"), Some("four".into())),
            (file("/c/empty.ics"), Some(Bytes::new())),
            (file("/c/large.ics"), Some(large)),
            (file("/c/mistake.ics"), Some("four".into())),
            (file("/c/missing.ics"), None),
            (file("/c/rejected.ics"), Some("four".into())),
            (file("/d/../e.ics"), Some("four".into())),
        ],
    )
    .await;
    assert_eq!(
        results.iter().map(text).collect::<Vec<_>>(),
        [
            "/ identical",
            "/c noted",
            "/c/a.ics created",
            "/c/empty.ics created",
            "/c/large.ics created",
            "/c/missing.ics /c/missing.ics came without its content",
            "/c/mistake.ics the connector failed in a way that is a mistake in davault",
            "/c/rejected.ics the server does not want it",
            "/d/../e.ics the path /d/../e.ics leads out of its folder",
        ]
    );
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn items_are_stored_beside_each_other_and_folders_one_by_one() {
    let plugin = start("good").await;
    let together = (0..8).map(|number| (file(&format!("/together-{number}")), Some("four".into())));
    let results = restore(&plugin, "fake://sink", together.collect()).await;
    assert!(results.iter().all(|stored| stored.outcome.as_deref() == Some("created")), "{results:?}");
    let folders = (0..50).map(|number| (Record::folder(&format!("/{number}")), None));
    let results = restore(&plugin, "fake://ordered", folders.collect()).await;
    assert!(results.iter().all(|stored| stored.outcome.as_deref() == Some("noted")), "{results:?}");
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn thousands_of_results_may_wait_until_all_is_sent() {
    let plugin = start("good").await;
    let exporter = plugin.export(init("fake://sink")).await.unwrap();
    for number in 0..3000 {
        exporter.send(&file(&format!("/{number}")), Some("four".into())).await.unwrap();
    }
    exporter.all_sent().await;
    let mut results = 0;
    while exporter.next().await.unwrap().is_some() {
        results += 1;
    }
    assert_eq!(results, 3000);
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn what_fails_at_the_very_end_fails_the_restore() {
    let plugin = start("good").await;
    let exporter = plugin.export(init("fake://unfinished")).await.unwrap();
    exporter.send(&file("/a"), Some("four".into())).await.unwrap();
    exporter.all_sent().await;
    assert_eq!(text(&exporter.next().await.unwrap().unwrap()), "/a created");
    let error = exporter.next().await.unwrap_err();
    let sentence = "cannot write to the destination: cannot set the colours";
    assert_eq!(said(&error), (ErrorKind::Refused, sentence.into()));
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn a_restore_that_is_given_up_leaves_the_plugin_usable() {
    let folder = tempfile::tempdir().unwrap();
    let finished = folder.path().join("finished");
    let options = BTreeMap::from([("finished_file".into(), finished.display().to_string())]);
    let plugin = start("good").await;
    let exporter = plugin.export(Init { options, ..init("fake://sink") }).await.unwrap();
    exporter.send(&file("/a"), Some("four".into())).await.unwrap();
    assert_eq!(text(&exporter.next().await.unwrap().unwrap()), "/a created");
    drop(exporter);
    assert_eq!(restore(&plugin, "fake://sink", vec![(file("/b"), Some("four".into()))]).await.len(), 1);
    plugin.stop().await.unwrap();
    assert!(!finished.exists(), "what breaks off is not the end: a mirror would delete what did not come");
}
