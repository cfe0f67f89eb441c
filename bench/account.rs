//! Writes a generated account as a vdir: `account FOLDER CALENDARS ITEMS BOOKS CONTACTS`, or `account FOLDER readable`.
//!
//! Prints how many items it wrote and their size in bytes. Needs the standard library alone: `rustc -O bench/account.rs`.

#[path = "../tests/support/generate.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod generate;

use std::path::Path;
use std::process::ExitCode;

use generate::{Account, Size, Style};

/// Any number does; the same one gives the same account in every run.
const SEED: u64 = 20_261_121;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (folder, account) = match words.as_slice() {
        [folder, "readable"] => (folder, Account::readable()),
        [folder, sizes @ ..] => match size(sizes) {
            // Attachments would hide what thousands of small items cost.
            Some(size) => (folder, Account::in_style(SEED, size, Style { attachment_bytes: 0, ..Style::default() })),
            None => return usage(),
        },
        [] => return usage(),
    };
    if let Err(error) = account.write_vdir(Path::new(folder)) {
        eprintln!("cannot write {folder}: {error}");
        return ExitCode::FAILURE;
    }
    println!("{} {}", account.item_count(), account.item_bytes());
    ExitCode::SUCCESS
}

fn size(words: &[&str]) -> Option<Size> {
    let numbers: Vec<usize> = words.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [calendars, events_each, books, contacts_each] = numbers.try_into().ok()?;
    Some(Size { calendars, events_each, books, contacts_each })
}

fn usage() -> ExitCode {
    eprintln!("usage: account FOLDER CALENDARS ITEMS BOOKS CONTACTS, or account FOLDER readable");
    ExitCode::from(2)
}
