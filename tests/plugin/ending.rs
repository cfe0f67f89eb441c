//! Plugins that end when they should not, or do not when they should.

use std::path::Path;
use std::time::Duration;

use davault::plugin::ErrorKind;
use davault::plugin::host::{Limits, Plugin, Record};
use tempfile::TempDir;

use super::misbehaving::{NAME, backup, sentence};
use super::{executable, goes, importer, init, is_gone, said};
use crate::support::process;

/// Little patience at every step, for plugins of which nothing else is to be expected.
fn no_patience() -> Limits {
    let little = Duration::from_secs(3);
    Limits { answer: little, quiet: little, grace: little, ..Limits::default() }
}

#[tokio::test]
async fn a_plugin_that_dies_at_any_step_is_said_to() {
    for (way, code) in [("dies-importing", 4), ("dies-at-the-end", 6), ("dies-at-close", 8)] {
        let expected = format!("… ended before its work was done (exit status: {code})");
        assert_eq!(sentence(way, ErrorKind::Died).await, expected, "{way}");
    }
}

#[tokio::test]
async fn a_plugin_that_hangs_at_any_step_is_given_up() {
    for (way, doing) in [
        ("hangs-importing", "list the source"),
        ("hangs-in-the-list", "list the source"),
        ("hangs-at-the-end", "end its list"),
        ("hangs-at-close", "close the source"),
    ] {
        let error = backup(way, no_patience()).await.expect_err("a failure");
        let expected = format!("{NAME} gave no answer within 3s when it was to {doing}");
        assert_eq!(said(&error), (ErrorKind::TimedOut, expected), "{way}");
    }
}

#[tokio::test]
async fn a_close_that_is_refused_is_said_to_be() {
    let refused = sentence("refuses-close", ErrorKind::Refused).await;
    assert_eq!(refused, "cannot close the source: the session is lost");
}

#[tokio::test]
async fn a_plugin_that_ends_with_another_status_than_0_has_not_ended_well() {
    let plugin = Plugin::start(&executable(), &["ends-badly".to_owned()]).await.expect("a plugin");
    let id = plugin.id();
    importer(&plugin, "fake://x").await.finish().await.expect("all well so far");
    let error = plugin.stop().await.expect_err("a bad end");
    assert_eq!(said(&error), (ErrorKind::Died, format!("{NAME} ended badly (exit status: 1)")));
    assert!(is_gone(id));
}

/// A child that holds what its parent was given, as a plugin has one that starts a helper and forgets it.
struct Helper {
    folder: TempDir,
}

impl Helper {
    fn new() -> Helper {
        Helper { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Starts a plugin with such a child. Both run for ever if nobody ends them.
    async fn plugin(&self, way: &str, limits: Limits) -> Plugin {
        let script = "tail -f /dev/null & echo $! > \"$1\"; exec \"$0\" \"$2\"";
        let arguments = ["-c", script].map(str::to_owned).into_iter().chain([
            executable().display().to_string(),
            self.note().display().to_string(),
            way.to_owned(),
        ]);
        let arguments: Vec<_> = arguments.collect();
        Plugin::start_within(Path::new("/bin/sh"), &arguments, limits).await.expect("a plugin")
    }

    fn note(&self) -> std::path::PathBuf {
        self.folder.path().join("helper")
    }

    async fn end(self) {
        let helper = std::fs::read_to_string(self.note()).expect("a helper");
        process::kill(helper.trim().parse().expect("its number")).await;
    }
}

#[tokio::test]
async fn a_plugin_that_dies_is_seen_to_though_a_child_of_it_holds_its_output() {
    let helper = Helper::new();
    let plugin = helper.plugin("dies-listing", Limits::default()).await;
    let id = plugin.id();
    let importer = importer(&plugin, "fake://x").await;
    let died = async {
        loop {
            if let Err(error) = importer.next().await {
                break error;
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), died).await.expect("an end");
    let sentence = "the plugin sh ended before its work was done (exit status: 7)".to_owned();
    assert_eq!(said(&error), (ErrorKind::Died, sentence));
    drop((importer, plugin));
    goes(id).await;
    helper.end().await;
}

#[tokio::test]
async fn a_plugin_ends_well_though_a_child_of_it_holds_its_output() {
    let helper = Helper::new();
    let plugin = helper.plugin("good", Limits::default()).await;
    let id = plugin.id();
    let importer = importer(&plugin, "fake://3").await;
    while importer.next().await.expect("a list").is_some() {}
    importer.finish().await.expect("a good end");
    plugin.stop().await.expect("a good end");
    assert!(is_gone(id));
    helper.end().await;
}

/// What the steps of a restore end with.
async fn restore(way: &str) -> (ErrorKind, String) {
    let plugin = Plugin::start_within(&executable(), &[way.to_owned()], no_patience()).await.expect("a plugin");
    let id = plugin.id();
    let steps = async {
        let exporter = plugin.export(init("fake://x")).await?;
        let file = Record { size: 4, mode: 0o600, ..Record::folder("/a") };
        exporter.send(&file, Some("four".into())).await?;
        exporter.all_sent().await;
        while exporter.next().await?.is_some() {}
        exporter.finish().await
    };
    let ended: Result<(), davault::plugin::Error> = steps.await;
    drop(plugin);
    goes(id).await;
    said(&ended.expect_err("a failure"))
}

#[tokio::test]
async fn a_destination_that_fails_at_any_step_is_said_to() {
    use ErrorKind::{Died, Protocol, Refused, TimedOut, Usage};
    let late = |doing: &str| format!("{NAME} gave no answer within 3s when it was to {doing}");
    let died = |code: u8| format!("{NAME} ended before its work was done (exit status: {code})");
    for (way, kind, expected) in [
        ("exporter-dies-at-init", Died, died(9)),
        ("exporter-hangs-at-init", TimedOut, late("open the destination")),
        ("exporter-refuses-init", Usage, "cannot open the destination: unknown option `pasword`".into()),
        ("exporter-breaks-off", Protocol, format!("{NAME} broke off when it was to write to the destination")),
        ("exporter-answers-hugely", Protocol, format!("{NAME} sent a message larger than 64 MiB")),
        ("exporter-dies-at-close", Died, died(8)),
        ("exporter-hangs-at-close", TimedOut, late("close the destination")),
        ("exporter-refuses-close", Refused, "cannot close the destination: the session is lost".into()),
    ] {
        assert_eq!(restore(way).await, (kind, expected), "{way}");
    }
}

#[tokio::test]
async fn a_destination_that_reads_nothing_is_given_up_however_much_is_sent() {
    let plugin =
        Plugin::start_within(&executable(), &["exporter-mute".to_owned()], no_patience()).await.expect("a plugin");
    let id = plugin.id();
    let exporter = plugin.export(init("fake://x")).await.expect("an exporter");
    let mut number = 0;
    let error = loop {
        number += 1;
        assert!(number < 1000, "a GiB is on its way");
        let file = Record { size: 1 << 20, mode: 0o600, ..Record::folder(&format!("/{number}")) };
        if let Err(error) = exporter.send(&file, Some(vec![b'x'; 1 << 20].into())).await {
            break error;
        }
    };
    let expected = format!("{NAME} gave no answer within 3s when it was to write to the destination");
    assert_eq!(said(&error), (ErrorKind::TimedOut, expected));
    drop((exporter, plugin));
    goes(id).await;
}
