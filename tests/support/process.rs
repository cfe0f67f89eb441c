//! Processes by their number, on Linux: who started whom, and whether they still run.

use std::fs;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, interval};

/// How long an orphan may take to notice.
const NOTICE: Duration = Duration::from_secs(30);

/// What `parent` has started and not yet reaped.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { return Vec::new() };
    let lists = threads.map(|thread| fs::read_to_string(thread.expect("a thread").path().join("children")));
    let lists: Vec<String> = lists.map(Result::unwrap_or_default).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).map(|number| number.parse().expect("a number")).collect()
}

/// `kill -9`.
pub async fn kill(process: u32) {
    signal(process, "KILL").await;
}

/// `kill -NAME`.
pub async fn signal(process: u32, name: &str) {
    let arguments = [format!("-{name}"), process.to_string()];
    let killed = Command::new("kill").args(arguments).status().await.expect("kill runs");
    assert!(killed.success(), "process {process} is gone already");
}

/// Waits until `process` has ended, whoever should have reaped it.
pub async fn ended(process: u32) {
    let began = Instant::now();
    let mut again = interval(Duration::from_millis(10));
    while runs(process) {
        assert!(began.elapsed() < NOTICE, "process {process} still runs");
        again.tick().await;
    }
}

fn runs(process: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
    // The state follows the name, which may hold anything; an orphan that ended stays a zombie where nobody reaps it.
    !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}
