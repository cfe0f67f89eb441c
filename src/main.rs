//! The `davault` program: arguments in, a command run, an exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    davault::command::run(std::env::args_os().collect())
}
