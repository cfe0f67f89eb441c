//! The plugin interface from end to end: davault's host with real child processes, well-behaved and not.

mod contents;
mod ending;
mod good;
mod misbehaving;
mod nonsense;

use std::path::PathBuf;
use std::time::Duration;

use davault::plugin::host::{Importer, Init, Limits, Plugin};
use davault::plugin::{Error, ErrorKind};
use davault::report;

pub fn executable() -> PathBuf {
    let tests = std::env::current_exe().expect("this test's executable");
    let built = tests.parent().and_then(std::path::Path::parent).expect("a target folder").join("examples");
    let executable = built.join("misbehaving-plugin");
    assert!(executable.exists(), "run `cargo build --example misbehaving-plugin` before this one test");
    executable
}

/// Limits that a test need not wait long for, where waiting is the point; Init has its time, on a busy machine too.
fn impatient() -> Limits {
    Limits { quiet: Duration::from_secs(2), grace: Duration::from_secs(2), ..Limits::default() }
}

async fn start(way: &str) -> Plugin {
    Plugin::start(&executable(), &[way.to_owned()]).await.expect("a plugin")
}

fn init(location: &str) -> Init {
    Init { location: location.into(), max_concurrency: 2, ..Init::default() }
}

async fn importer(plugin: &Plugin, location: &str) -> Importer {
    plugin.import(init(location)).await.expect("an importer")
}

fn said(error: &Error) -> (ErrorKind, String) {
    (error.kind, report::sentence(error))
}

/// Neither a running process nor a zombie has this number.
fn is_gone(id: u32) -> bool {
    !PathBuf::from(format!("/proc/{id}")).exists()
}

async fn goes(id: u32) {
    let gone = async {
        while !is_gone(id) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the process to be gone");
}
