//! The commands: what a person types, a short story over the other rooms, a summary line.
//!
//! The only room that prints, that knows exit codes, that gives advice, and that looks at the clock. One file a command.

mod arguments;
mod backup;
mod cat;
mod check;
mod clock;
mod completions;
mod configured;
mod connectors;
mod context;
mod create;
mod endpoint;
mod failure;
mod held;
mod keep;
mod key;
mod local;
mod ls;
mod node;
mod open;
mod output;
mod passphrase;
mod pkg;
mod plugin;
mod policy;
mod previous;
mod progress;
mod prune;
mod repair;
mod restore;
mod rm;
mod served;
mod sizes;
mod sync;
mod taking;
mod translate;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use context::Context;
use failure::Failure;

/// Runs the program with its arguments (the first is its own name) and returns its exit code.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match arguments::normalise(arguments) {
        Ok(arguments) => Arguments::parse_from(arguments),
        Err(failure) => return failure.show(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::failed(format!("cannot start: {error}")).show(),
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("DAVAULT_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let ended = runtime.block_on(until_interrupted(arguments));
    // A prompt or a command that still waits for input must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.show(),
    }
}

/// Ctrl-C and SIGTERM drop the command where it stands: children are ended with it, and a snapshot is written last.
async fn until_interrupted(arguments: Arguments) -> Result<(), Failure> {
    if matches!(arguments.command, Command::Plugin) {
        // The host decides when a plugin ends; a terminal's Ctrl-C reaches it too.
        return plugin::run().await;
    }
    let cost = what_an_interrupt_costs(&arguments.command);
    tokio::select! {
        ended = dispatch(arguments) => ended,
        () = interrupted() => Err(Failure::failed(format!("interrupted{cost}"))),
    }
}

/// What a person must know of a command that was broken off, to follow "interrupted".
fn what_an_interrupt_costs(command: &Command) -> &'static str {
    match command {
        Command::Backup(_) => ": no snapshot was made, and every earlier one is untouched",
        Command::Restore(_) => ": what was put back so far stays; run it again for the rest",
        Command::Pkg(_) => ": what was installed before is untouched",
        Command::Create(_) => ": try again; if that says that there is a vault already, this one was made",
        _ => "",
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        ended = tokio::signal::ctrl_c() => if ended.is_err() { std::future::pending().await },
        _ = terminate.recv() => (),
    }
}

async fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let context = Context::new(&arguments.global)?;
    match arguments.command {
        Command::Create(options) => create::run(&context, &options).await,
        Command::Backup(options) => backup::run(&context, &options).await,
        Command::Ls(options) => ls::run(&context, &options).await,
        Command::Cat(options) => cat::run(&context, &options).await,
        Command::Restore(options) => restore::run(&context, &options).await,
        Command::Check(options) => check::run(&context, &options).await,
        Command::Sync(options) => sync::run(&context, &options).await,
        Command::Repair(options) => repair::run(&context, &options).await,
        Command::Key(command) => key::run(&context, command).await,
        Command::Rm(options) => rm::run(&context, &options).await,
        Command::Prune(options) => prune::run(&context, &options).await,
        Command::Policy(options) => policy::run(&context, &options),
        Command::Source(options) => configured::run(&context, crate::config::Section::Sources, options).await,
        Command::Destination(options) => configured::run(&context, crate::config::Section::Destinations, options).await,
        Command::Store(options) => configured::run(&context, crate::config::Section::Stores, options).await,
        Command::Pkg(command) => pkg::run(&context, command),
        Command::Completions(options) => completions::run(&options),
        Command::Version => output::line(&format!("davault {}", env!("CARGO_PKG_VERSION"))),
        Command::Plugin => plugin::run().await,
    }
}
