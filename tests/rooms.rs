//! The package keeps the shape that CONTRIBUTING.md describes: which room may import which, and what nobody may do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and what it may import besides itself; a folder inside a room may have a line of its own.
const ROOMS: [(&str, &[&str]); 13] = [
    ("report", &[]),
    ("proto", &[]),
    ("environment", &[]),
    ("go", &[]),
    ("item", &[]),
    ("package", &["go"]),
    ("config", &[]),
    ("dav", &["report"]),
    ("vault", &["report"]),
    ("connector", &["dav", "environment", "item", "report"]),
    ("plugin", &["environment", "go", "proto", "report"]),
    ("plugin/serve", &["connector", "go", "proto", "report"]),
    (
        "command",
        &["report", "proto", "environment", "go", "item", "package", "config", "dav", "vault", "connector", "plugin"],
    ),
];

/// Modules that say nothing about what is in them.
const EMPTY_WORDS: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "misc", "shared"];

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let Some((room, allowed)) = room_of(&file) else { continue };
        for import in imports(&code_of(&file)) {
            let itself = room == import || room.starts_with(&format!("{import}/"));
            if !itself && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: {room} imports {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_src_is_a_room_of_the_table_and_says_what_it_is_for() {
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let path = entry.expect("an entry").path();
        if !path.is_dir() || rust_files_below(&path).is_empty() {
            continue;
        }
        let room = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(ROOMS.iter().any(|(known, _)| *known == room), "src/{room} is not in the table of rooms");
        let text = fs::read_to_string(path.join("mod.rs")).expect("every room has a mod.rs");
        assert!(text.starts_with("//! "), "src/{room}/mod.rs does not open with what the room is for");
    }
}

#[test]
fn main_uses_the_command_room_alone() {
    let main = root().join("src/main.rs");
    let code = code_of(&main);
    let used: BTreeSet<_> = first_names_after(&code, "davault::").into_iter().collect();
    assert!(used.iter().all(|name| name == "command"), "src/main.rs uses {used:?}");
    assert!(code.lines().count() <= 60, "src/main.rs is longer than a screen");
}

#[test]
fn nobody_imports_everything_or_hands_on_another_rooms_names() {
    for file in rust_files("src") {
        let code = code_of(&file);
        let name = file.display();
        assert!(!code.contains("use crate::*"), "{name} has `use crate::*`");
        assert!(!imports(&code).contains(&"self".to_string()), "{name} imports the crate's root");
        if let Some((room, _)) = room_of(&file) {
            let room = room.split('/').next().expect("a first part");
            let handed_on = code.lines().filter(|line| line.trim_start().starts_with("pub use crate::"));
            let foreign = handed_on.filter(|line| !line.contains(&format!("crate::{room}::"))).count();
            assert_eq!(foreign, 0, "{name} hands on names of another room");
        }
    }
}

#[test]
fn lints_are_not_switched_off_for_whole_files() {
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        let exempt = room_of(&file).is_some_and(|(room, _)| matches!(room, "command" | "proto"));
        assert!(exempt || !code_of(&file).contains(concat!("#!", "[allow")), "{} switches a lint off", file.display());
    }
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        let relative = file.strip_prefix(root()).expect("below the root");
        for part in relative.with_extension("").iter().filter_map(|part| part.to_str()) {
            assert!(!EMPTY_WORDS.contains(&part), "{} names nothing", relative.display());
        }
        for word in EMPTY_WORDS {
            let inline = format!("mod {word} ");
            assert!(!code_of(&file).contains(&inline), "{} has {inline}", relative.display());
        }
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let listed = code_of(&root().join("tests/main.rs"));
    let support = code_of(&root().join("tests/support/mod.rs"));
    let members = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).expect(folder);
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let modules =
            paths.filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("mod.rs").exists());
        modules.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string())).collect()
    };
    for name in members("tests").iter().filter(|name| *name != "main") {
        assert!(listed.contains(&format!("mod {name};")), "tests/main.rs does not name {name}");
    }
    for name in members("tests/support").iter().filter(|name| *name != "mod") {
        assert!(support.contains(&format!("mod {name};")), "tests/support/mod.rs does not name {name}");
    }
}

#[test]
fn every_path_that_a_text_names_exists() {
    let mut missing = Vec::new();
    for (file, text) in texts() {
        for path in named_paths(&text) {
            if !root().join(&path).exists() {
                missing.push(format!("{} names {path}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn imports_are_found_alone_in_groups_and_within_expressions() {
    let code = "use crate::dav::Client;\nuse crate::{item::Item, report::{Report, Tally}};\nfn f() -> crate::vault::Vault {}\n";
    assert_eq!(imports(code), ["dav", "item", "report", "vault"].map(String::from));
    assert_eq!(imports("use crate::{\n    self,\n    dav,\n};"), ["self", "dav"].map(String::from));
}

#[test]
fn paths_are_found_in_texts() {
    let text = "see `docs/decisions.md#7`, src/vault/mod.rs, and (tests/support/). Not https://a.example/src/x or target/src/y.";
    assert_eq!(named_paths(text), ["docs/decisions.md", "src/vault/mod.rs", "tests/support/"].map(String::from));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    rust_files_below(&root().join(folder))
}

fn rust_files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files_below(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// The line of the table that holds for a file: the longest that fits.
fn room_of(file: &Path) -> Option<(&'static str, &'static [&'static str])> {
    let relative = file.strip_prefix(root().join("src")).ok()?.with_extension("");
    ROOMS.into_iter().filter(|(room, _)| relative.starts_with(room)).max_by_key(|(room, _)| room.len())
}

/// A file without its comments.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file");
    let without_comment = |line: &str| match line.trim_start() {
        comment if comment.starts_with("//") => String::new(),
        _ => line.split(" // ").next().unwrap_or_default().to_string(),
    };
    text.lines().map(|line| without_comment(line) + "\n").collect()
}

/// What stands right after each `crate::`, groups taken apart, in the order of the text.
fn imports(code: &str) -> Vec<String> {
    first_names_after(code, "crate::")
}

fn first_names_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        // `davault_crate::` is something else.
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_members(group)),
            None => names.extend(first_name(rest)),
        }
    }
    names
}

/// The first name of each member of a group, up to its closing brace.
fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut member = String::new();
    let mut members = Vec::new();
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            _ if depth == 0 => member.push(letter),
            _ => {}
        }
    }
    members.push(member);
    members.iter().filter_map(|member| first_name(member.trim())).collect()
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// What people read: the Markdown files, and the comments in the sources.
fn texts() -> Vec<(PathBuf, String)> {
    let markdown = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "md"))
    };
    let mut files: Vec<PathBuf> = markdown(root()).chain(markdown(root().join("docs"))).collect();
    files.extend(rust_files("src"));
    files.sort();
    let comments =
        |text: &str| text.lines().filter(|line| line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a text");
        let source = file.extension().is_some_and(|end| end == "rs");
        if source { (file, comments(&text)) } else { (file, text) }
    };
    files.into_iter().map(read).collect()
}

/// Words that are paths of this repository, without a fragment; a pattern such as `tests/story_*.rs` names nothing.
fn named_paths(text: &str) -> Vec<String> {
    let folders = ["src/", "tests/", "docs/", "proto/", "bench/", "demo/", ".ci/"];
    let ends = |letter: char| letter.is_whitespace() || "`()[]<>\"',;|…→".contains(letter);
    let words = text.split(ends).map(|word| word.split('#').next().unwrap_or_default());
    let paths = words.filter(|word| folders.iter().any(|folder| word.starts_with(folder)));
    let whole = paths.filter(|word| !word.contains(['*', '{', '$']));
    whole.map(|word| word.trim_end_matches(['.', ':']).to_string()).filter(|word| word.len() > 1).collect()
}
