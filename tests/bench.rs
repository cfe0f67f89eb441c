//! What the benches are measured with: the proxy's counting, and the comparing of two runs.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

// With tests of its own.
#[path = "../bench/proxy/messages.rs"]
mod messages;

fn compared(folder: &Path, old: &str, new: &str) -> Output {
    let written = [("old", old), ("new", new)].map(|(name, figures)| {
        let path = folder.join(name);
        fs::write(&path, format!(r#"{{"An account": {{"written": "today", "figures": {{{figures}}}}}}}"#))
            .expect("the folder is ours");
        path
    });
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/compare");
    Command::new("python3").arg(program).args(written).output().expect("python3 runs")
}

#[test]
fn a_figure_that_got_worse_by_more_than_the_noise_of_the_rounds_fails_the_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let old = r#""first / bare": "1.00 1.10 1.20", "requests": "3 3 3", "memory": "50""#;
    let new = r#""first / bare": "1.40 1.45 1.49", "requests": "4 4 4", "memory": "40""#;
    let output = compared(folder.path(), old, new);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said,
        "WORSE   An account: first / bare: 1.1 → 1.45 (+32%)\n\
        better  An account: memory: 50 → 40 (-20%)\n\
        WORSE   An account: requests: 3 → 4 (+33%)\n\
        2 of 3 figures got worse by more than the noise of the rounds\n"
    );
}

#[test]
fn figures_within_the_noise_of_the_rounds_are_no_regression() {
    let folder = tempfile::tempdir().unwrap();
    let old = r#""first / bare": "1.00 1.10 1.20", "requests": "3 3 3""#;
    let new = r#""first / bare": "1.10 1.25 1.29", "requests": "3 3 3""#;
    let output = compared(folder.path(), old, new);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "0 of 2 figures got worse by more than the noise of the rounds\n");
    assert_eq!(output.status.code(), Some(0));
}
