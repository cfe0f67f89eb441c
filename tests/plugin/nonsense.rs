//! What comes out of a plugin that does not speak the interface at all.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use davault::plugin::ErrorKind;
use davault::plugin::host::{Limits, Plugin};

use super::misbehaving::{NAME, backup, sentence};
use super::{goes, importer, init, said, start};

const GARBAGE: &str = "sent something that is not the plugin interface, or closed its output";

/// What a backup by a shell script ends with.
async fn script(text: &str) -> (ErrorKind, String) {
    let arguments = ["-c", text].map(str::to_owned);
    let plugin = match Plugin::start(Path::new("/bin/sh"), &arguments).await {
        Ok(plugin) => plugin,
        Err(error) => return said(&error),
    };
    let id = plugin.id();
    let error = plugin.import(init("fake://x")).await.err().expect("a failure");
    drop(plugin);
    goes(id).await;
    said(&error)
}

#[tokio::test]
async fn what_is_no_http2_is_called_that() {
    for text in [
        "exec >&-; exec cat >/dev/null",
        "printf 'HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n'; exec cat >/dev/null",
    ] {
        assert_eq!(script(text).await, (ErrorKind::Protocol, format!("the plugin sh {GARBAGE}")), "{text}");
    }
    // Whoever goes on writing after that may die of it.
    for text in ["yes", "exec cat"] {
        let said = script(text).await.1;
        assert!(said.ends_with(GARBAGE) || said.contains(" ended before its work was done ("), "{text}: {said}");
    }
    assert_eq!(sentence("half-http2", ErrorKind::Protocol).await, format!("… {GARBAGE}"));
}

#[tokio::test]
async fn http2_without_end_is_given_up() {
    let limits = Limits { answer: Duration::from_secs(3), ..Limits::default() };
    let error = backup("endless-http2", limits).await.expect_err("a failure");
    let expected = format!("{NAME} gave no answer within 3s when it was to open the source");
    assert_eq!(said(&error), (ErrorKind::TimedOut, expected));
}

#[tokio::test]
async fn http2_that_is_no_grpc_is_called_that() {
    assert_eq!(
        sentence("web", ErrorKind::Protocol).await,
        "… does not know the call to open the source; it may be of another generation"
    );
}

#[tokio::test]
async fn what_no_process_can_be_made_of_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text");
    std::fs::write(&text, "no program").expect("a file");
    std::fs::set_permissions(&text, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    let error = Plugin::start(&text, &[]).await.err().expect("a failure");
    let expected = format!("cannot start the plugin {}: Exec format error (os error 8)", text.display());
    assert_eq!(said(&error), (ErrorKind::Start, expected));
    let error = Plugin::start(folder.path(), &[]).await.err().expect("a failure");
    let expected = format!("the plugin {} may not be executed", folder.path().display());
    assert_eq!(said(&error), (ErrorKind::Start, expected));
}

#[tokio::test]
async fn what_a_plugin_says_of_itself_is_cut_and_cleaned() {
    assert_eq!(sentence("huge-init", ErrorKind::Protocol).await, "… sent a message larger than 64 MiB");
    let plugin = start("long-init").await;
    let importer = importer(&plugin, "fake://x").await;
    let origin = &importer.about().origin;
    assert!(origin.chars().count() == 501 && !origin.contains('\x1b'), "{origin}");
    while importer.next().await.expect("a list").is_some() {}
    importer.finish().await.expect("a good end");
}
