use std::path::Path;
use std::time::Duration;

use davault::plugin::host::{Limits, Plugin, Received, Record};
use davault::plugin::{Error, ErrorKind};

use super::{executable, goes, impatient, importer, init, is_gone, said, start};

pub const NAME: &str = "the plugin misbehaving-plugin";

/// What a whole backup by a plugin that misbehaves in this `way` ends with; afterwards no process is left.
pub async fn backup(way: &str, limits: Limits) -> Result<Vec<String>, Error> {
    let plugin = Plugin::start_within(&executable(), &[way.to_owned()], limits).await?;
    let id = plugin.id();
    let ended = tokio::time::timeout(Duration::from_mins(1), drive(&plugin)).await.expect("an end");
    drop(plugin);
    goes(id).await;
    ended
}

async fn drive(plugin: &Plugin) -> Result<Vec<String>, Error> {
    let importer = plugin.import(init("fake://x")).await?;
    let mut seen = Vec::new();
    while let Some(received) = importer.next().await? {
        match received {
            Received::Record(record) if record.is_folder() => seen.push(record.path),
            Received::Record(record) => match importer.read(&record).await {
                Err(error) if error.kind == ErrorKind::Item => seen.push(said(&error).1),
                read => {
                    read?;
                    seen.push(record.path);
                }
            },
            Received::Failed { path, why } | Received::Flaw { path, why } => seen.push(format!("{path} {why}")),
            Received::Attribute(_) | Received::AttributeFailed { .. } => panic!("it was not asked for"),
        }
    }
    importer.finish().await?;
    Ok(seen)
}

pub async fn sentence(way: &str, kind: ErrorKind) -> String {
    let limits = match (kind, way) {
        (ErrorKind::TimedOut, "mute" | "hangs-at-init") => Limits { answer: Duration::from_secs(2), ..impatient() },
        (ErrorKind::TimedOut, _) => impatient(),
        _ => Limits::default(),
    };
    let error = backup(way, limits).await.expect_err("a failure");
    let (said_kind, sentence) = said(&error);
    assert_eq!(said_kind, kind, "{way}: {sentence}");
    sentence.strip_prefix(NAME).map_or(sentence.clone(), |rest| format!("…{rest}"))
}

#[tokio::test]
async fn an_executable_that_is_not_there_or_none_is_named() {
    let missing = Plugin::start(Path::new("/nowhere/plugin"), &[]).await.err().unwrap();
    assert_eq!(said(&missing), (ErrorKind::Start, "there is no plugin at /nowhere/plugin".into()));
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "no program").unwrap();
    let not_executable = Plugin::start(&text, &[]).await.err().unwrap();
    let sentence = format!("the plugin {} may not be executed", text.display());
    assert_eq!(said(&not_executable), (ErrorKind::Start, sentence));
}

#[tokio::test]
async fn a_plugin_that_dies_is_said_to_with_its_status() {
    let died = "… ended before its work was done";
    assert_eq!(sentence("exits", ErrorKind::Died).await, format!("{died} (exit status: 3)"));
    assert_eq!(sentence("dies-at-init", ErrorKind::Died).await, format!("{died} (exit status: 9)"));
    assert_eq!(sentence("dies-listing", ErrorKind::Died).await, format!("{died} (exit status: 7)"));
    assert_eq!(sentence("dies-reading", ErrorKind::Died).await, format!("{died} (exit status: 7)"));
    let aborted = sentence("aborts", ErrorKind::Died).await;
    assert!(aborted.starts_with(&format!("{died} (signal: 6 (SIGABRT)")), "{aborted}");
    assert_eq!(sentence("garbage-and-exits", ErrorKind::Died).await, format!("{died} (exit status: 0)"));
}

#[tokio::test]
async fn a_plugin_that_hangs_is_given_up() {
    let late = |doing: &str| format!("… gave no answer within 2s when it was to {doing}");
    assert_eq!(sentence("mute", ErrorKind::TimedOut).await, late("open the source"));
    assert_eq!(sentence("hangs-at-init", ErrorKind::TimedOut).await, late("open the source"));
    assert_eq!(sentence("hangs-listing", ErrorKind::TimedOut).await, late("list the source"));
    assert_eq!(sentence("hangs-reading", ErrorKind::TimedOut).await, late("read /a"));
}

#[tokio::test]
async fn garbage_on_standard_output_is_called_that() {
    let garbage = "… sent something that is not the plugin interface, or closed its output";
    assert_eq!(sentence("garbage", ErrorKind::Protocol).await, garbage);
}

#[tokio::test]
async fn what_a_plugin_refuses_is_said_in_its_words_without_control_characters() {
    let refused = sentence("refuses-init", ErrorKind::Usage).await;
    assert_eq!(refused, "cannot open the source: unknown option  [31m`pasword`: did you mean `password`?");
    let refused = sentence("refuses-listing", ErrorKind::Refused).await;
    assert_eq!(refused, "cannot list the source: the account is locked");
    let plugin = start("whatever").await;
    let away = importer(&plugin, "fake://x").await.ping().await.unwrap_err();
    assert_eq!(said(&away), (ErrorKind::Access, "cannot reach the source: the server is away".into()));
    let error = plugin.export(init("fake://x")).await.err().unwrap();
    assert_eq!(
        said(&error),
        (
            ErrorKind::Protocol,
            format!("{NAME} does not know the call to open the destination; it may be of another generation")
        )
    );
}

#[tokio::test]
async fn a_list_that_breaks_a_rule_is_refused() {
    for (way, rule) in [
        ("bare-record", "listed /a without saying what it is"),
        ("relative", "listed the path \"a\", which is not absolute"),
        ("leads-out", "listed the path \"/a/../../etc/passwd\", which leads out of its folder"),
        ("twice", "listed /a twice"),
        ("in-a-file", "listed /a/b in something that is no folder"),
        ("late-file", "listed /a as a file, and something in it"),
        ("below-zero", "listed /a with a size below zero"),
        ("no-end", "ended its list without saying that it is complete"),
        ("both-in-one", "listed a record and the end in one, or neither"),
        ("after-the-end", "went on after the end of its list"),
        ("finished-twice", "went on after the end of its list"),
        ("says-nothing", "listed a record and the end in one, or neither"),
        ("no-path", "listed the path \"\", which is not absolute"),
        ("dot", "listed the path \"/./a\", which has a name that is only a dot"),
        ("no-name", "listed the path \"/a//b\", which has an empty name in it"),
        ("nul", "listed the path \"/a b\", which holds a NUL"),
        ("beginning-of-time", "listed /a with a time that does not exist"),
        ("failures", "listed more failures than can be kept in mind"),
        ("folders", "listed more folders than can be kept in mind"),
        ("huge-message", "sent a message larger than 64 MiB"),
    ] {
        assert_eq!(sentence(way, ErrorKind::Protocol).await, format!("… {rule}"), "{way}");
    }
}

#[tokio::test]
async fn a_path_without_end_is_shown_cut() {
    let long = sentence("long-path", ErrorKind::Protocol).await;
    assert!(long.starts_with("… listed the path \"/a/a/") && long.ends_with("…\", which is longer than 4096 bytes"));
    assert!(long.len() < 600);
}

#[tokio::test]
async fn a_flood_is_stopped() {
    let few = Limits { records: 5000, ..Limits::default() };
    let many = backup_unread("flood", few).await;
    assert_eq!(said(&many), (ErrorKind::Protocol, format!("{NAME} listed more than 5000 items")));
    let little = Limits { unsettled_bytes: 1 << 20, ..Limits::default() };
    let fast = backup_unread("flood", little).await;
    assert_eq!(said(&fast), (ErrorKind::Protocol, format!("{NAME} lists faster than its items can be taken")));
}

async fn backup_unread(way: &str, limits: Limits) -> Error {
    let plugin = Plugin::start_within(&executable(), &[way.to_owned()], limits).await.expect("no failure");
    let importer = importer(&plugin, "fake://x").await;
    loop {
        if let Err(error) = importer.next().await {
            let again = importer.next().await.expect_err("a failure");
            assert_eq!(said(&again), (ErrorKind::Refused, "cannot list the source any further".into()));
            return error;
        }
    }
}

#[tokio::test]
async fn a_content_that_is_wrong_costs_only_its_item() {
    for (way, what) in [
        ("shorter", "/a has less content than was announced"),
        ("longer", "/a has more content than was announced"),
        ("endless", "/a has more content than was announced"),
        ("empty-for-ever", "/a has a content without an end and without anything in it"),
        ("refuses-reading", "cannot read /a: the server answered 500"),
    ] {
        assert_eq!(backup(way, Limits::default()).await.unwrap(), [what, "/"], "{way}");
    }
}

#[tokio::test]
async fn folders_may_come_late_or_never() {
    assert_eq!(backup("late-folder", Limits::default()).await.unwrap(), ["/a/b/c", "/a", "/", "/a/b"]);
}

#[tokio::test]
async fn links_and_attributes_are_failures_of_their_own() {
    assert_eq!(
        backup("odd-things", Limits::default()).await.unwrap(),
        [
            "/link is neither a folder nor a file, and can't be kept",
            "/a has an extended attribute, which can't be kept",
            "/b no entry",
            "/",
        ]
    );
}

#[tokio::test]
async fn a_restore_that_breaks_a_rule_is_refused() {
    for (way, kind, what) in [
        ("exporter-answers-twice", ErrorKind::Protocol, "gave two results for /a"),
        ("exporter-answers-for-strangers", ErrorKind::Protocol, "gave a result for what it was not given, /other"),
        ("exporter-answers-nothing", ErrorKind::Protocol, "gave a result that belongs to no record"),
        ("exporter-forgets", ErrorKind::Protocol, "did not say what became of one record"),
        ("exporter-ends-early", ErrorKind::Protocol, "ended its results before it was given the last record"),
        ("exporter-dies", ErrorKind::Died, "ended before its work was done (exit status: 5)"),
        ("exporter-mute", ErrorKind::TimedOut, "gave no answer within 2s when it was to write to the destination"),
    ] {
        assert_eq!(said(&restore(way).await), (kind, format!("{NAME} {what}")), "{way}");
    }
    let refused = (ErrorKind::Access, "cannot write to the destination: the server is full".into());
    assert_eq!(said(&restore("exporter-refuses").await), refused);
}

async fn restore(way: &str) -> Error {
    let limits = if way == "exporter-mute" { impatient() } else { Limits::default() };
    let plugin = Plugin::start_within(&executable(), &[way.to_owned()], limits).await.expect("no failure");
    let id = plugin.id();
    let exporter = plugin.export(init("fake://x")).await.expect("no failure");
    let file = Record { size: 4, mode: 0o600, ..Record::folder("/a") };
    exporter.send(&file, Some("four".into())).await.expect("no failure");
    if way != "exporter-ends-early" {
        exporter.all_sent().await;
    }
    let error = loop {
        match exporter.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("{way} ended well"),
            Err(error) => break error,
        }
    };
    let again = exporter.next().await.expect_err("a failure");
    assert_eq!(said(&again), said(&error), "every call that fails says the same");
    let _ = plugin.stop().await;
    assert!(is_gone(id));
    error
}

#[tokio::test]
async fn a_plugin_that_does_not_end_is_killed() {
    let plugin = Plugin::start_within(&executable(), &["stays".to_owned()], impatient()).await.unwrap();
    let id = plugin.id();
    let importer = importer(&plugin, "fake://x").await;
    let error = plugin.stop().await.unwrap_err();
    assert_eq!(said(&error), (ErrorKind::TimedOut, format!("{NAME} did not end by itself and was killed")));
    assert!(is_gone(id));
    assert_eq!(importer.next().await.unwrap_err().kind, ErrorKind::Died);
}

#[tokio::test]
async fn a_plugin_that_is_dropped_is_killed_and_waited_for() {
    let plugin = start("stays").await;
    let id = plugin.id();
    assert!(!is_gone(id));
    drop(plugin);
    goes(id).await;
}
