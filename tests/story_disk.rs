//! A real disk that is full, read-only or not ours any more: a sentence, an exit code, and no damage.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

use davault::vault::{Ending, Local, Place, SnapshotHead, Unlock, Vault};
use tokio::process::Command;

use crate::support::person::Person;

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

/// Somebody with one snapshot of a folder, which has grown by 600 KB since.
async fn person() -> Person {
    let person = Person::with_vault().await;
    fs::create_dir(person.path("cal")).expect("a folder");
    fs::write(person.path("cal/first.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("an item");
    person.ok(&["at", "vault", "backup", "./cal"]).await;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..100 {
        let words = (0..400).map(|_| {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            format!("{random:016x}")
        });
        let text = format!("BEGIN:VCALENDAR\r\nX-TEXT:{}\r\nEND:VCALENDAR\r\n", words.collect::<String>());
        fs::write(person.path(&format!("cal/{number}.ics")), text).expect("an item");
    }
    person
}

/// Runs `davault WORDS…` where no file can grow beyond so many blocks of 512 or 1024 bytes: writing more fails part-way.
async fn run_on_full_disk(person: &Person, blocks: u32, words: &[&str]) -> Output {
    let davault = person.command(words);
    let davault = davault.as_std();
    let mut limited = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    limited.arg("-c").arg(script).arg(davault.get_program()).args(davault.get_args()).env_clear();
    limited.envs(davault.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(person.path("")).stdin(std::process::Stdio::null()).output().await.expect("a shell")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything is whole, the first snapshot comes back, and the next backup works.
async fn is_sound_and_goes_on(person: &Person) {
    let ran = person.ok(&["at", "vault", "check", "--read-data", "--json"]).await;
    assert_eq!(ran.value("/snapshots"), 1, "{ran:?}");
    let back = person.path("back");
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
    assert!(find(&back, "first.ics"), "the first snapshot did not come back");
    fs::remove_dir_all(back).expect("it is there");
    person.ok(&["at", "vault", "backup", "./cal"]).await;
    let ran = person.ok(&["at", "vault", "check", "--read-data", "--json"]).await;
    assert_eq!(ran.value("/snapshots"), 2, "{ran:?}");
}

fn find(folder: &Path, name: &str) -> bool {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .into_iter()
        .any(|path| path.file_name().is_some_and(|found| found == name) || (path.is_dir() && find(&path, name)))
}

#[tokio::test]
async fn a_backup_onto_a_full_disk_says_so_and_costs_no_earlier_snapshot() {
    for blocks in [0, 2, 64] {
        let person = person().await;
        let output = run_on_full_disk(&person, blocks, &["at", "vault", "backup", "./cal"]).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{blocks}: {said}");
        assert!(said.contains("cannot store the backup: cannot write packs/"), "{blocks}: {said}");
        assert!(
            said.contains("File too large") && said.contains("Every earlier snapshot is untouched."),
            "{blocks}: {said}"
        );
        is_sound_and_goes_on(&person).await;
    }
}

#[tokio::test]
async fn removing_and_pruning_on_a_full_disk_fail_without_damage() {
    let person = person().await;
    for words in [&["at", "vault", "rm", "latest"][..], &["at", "vault", "prune", "--now"]] {
        let output = run_on_full_disk(&person, 0, words).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write marks/") && said.contains("File too large"), "{said}");
    }
    let output = run_on_full_disk(&person, 0, &["at", "other", "create", "-key-memory", "8"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", self::said(&output));
    assert!(self::said(&output).contains("cannot write keys/"), "{}", self::said(&output));
    person.ok(&["at", "other", "create", "-key-memory", "8"]).await;
    is_sound_and_goes_on(&person).await;
}

/// Runs a command as somebody whom permissions hold: root may do everything.
async fn run_as_nobody(person: &Person, words: &[&str]) -> Output {
    let mut command = person.command(words);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().await.expect("davault starts")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("Linux").uid() == 0
}

/// Gives all that is below a path to [`NOBODY`], if we may.
fn give_away(path: &Path) {
    if is_root() {
        for path in all(path) {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
    }
}

fn all(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_path_buf()];
    if path.is_dir() {
        found.extend(fs::read_dir(path).expect("a folder").flat_map(|entry| all(&entry.expect("an entry").path())));
    }
    found
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[tokio::test]
async fn a_vault_that_can_only_be_read_is_read_and_a_backup_into_it_says_why_not() {
    let person = person().await;
    let vault = person.path("vault");
    give_away(&person.path(""));
    let folders: Vec<PathBuf> = all(&vault).into_iter().filter(|path| path.is_dir()).collect();
    for folder in &folders {
        allow(folder, 0o555);
    }
    for words in [
        &["at", "vault", "ls"][..],
        &["at", "vault", "check", "--read-data"],
        &["at", "vault", "restore", "-to", "./there", "latest"],
    ] {
        let output = run_as_nobody(&person, words).await;
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
    }
    for words in [&["at", "vault", "backup", "./cal"][..], &["at", "vault", "rm", "latest"], &["at", "vault", "prune"]]
    {
        let output = run_as_nobody(&person, words).await;
        assert_eq!(output.status.code(), Some(1), "{words:?}: {}", said(&output));
        assert!(
            said(&output).contains("Permission denied") && said(&output).contains("cannot write "),
            "{words:?}: {}",
            said(&output)
        );
    }
    // The last step of a backup alone.
    for folder in folders.iter().filter(|folder| !folder.ends_with("snapshots")) {
        allow(folder, 0o755);
    }
    let output = run_as_nobody(&person, &["at", "vault", "backup", "./cal"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("cannot store the backup: cannot write snapshots/"), "{}", said(&output));
    for folder in &folders {
        allow(folder, 0o755);
    }
    is_sound_and_goes_on(&person).await;
}

#[tokio::test]
async fn a_vault_that_is_not_ours_any_more_is_said_to_be_so_and_not_to_be_empty_or_damaged() {
    let person = person().await;
    give_away(&person.path(""));
    let (packs, snapshots, vault) = (person.path("vault/packs"), person.path("vault/snapshots"), person.path("vault"));
    for (folder, commands) in [
        (&vault, &[&["at", "vault", "ls"][..], &["at", "vault", "backup", "./cal"], &["at", "vault", "check"]][..]),
        (&snapshots, &[&["at", "vault", "ls"], &["at", "vault", "backup", "./cal"], &["at", "vault", "check"]]),
        (&packs, &[&["at", "vault", "backup", "./cal"], &["at", "vault", "check"], &["at", "vault", "prune"]]),
    ] {
        allow(folder, 0o000);
        for words in commands {
            let output = run_as_nobody(&person, words).await;
            assert_eq!(output.status.code(), Some(1), "{folder:?} {words:?}: {}", said(&output));
            assert!(said(&output).contains("Permission denied"), "{folder:?} {words:?}: {}", said(&output));
            assert!(!said(&output).contains("damaged"), "{folder:?} {words:?}: {}", said(&output));
        }
        allow(folder, 0o755);
    }
    is_sound_and_goes_on(&person).await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_told_of_and_the_new_snapshot_is_still_the_latest() {
    let person = person().await;
    person.ok(&["source", "add", "cal", "./cal"]).await;
    // As a machine with another clock would, a long time ahead.
    let place = Place::parse(person.path("vault").to_str().expect("UTF-8"), &std::collections::BTreeMap::default());
    let unlock = Unlock::Passphrase("a passphrase for tests".into());
    let vault = Vault::open_with(&place.expect("a folder"), &unlock, Local::default()).await.expect("it is there");
    let head = SnapshotHead { source: "cal".into(), ..SnapshotHead::default() };
    let ahead = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(24 * 365 * 200);
    let (wrong, _) =
        vault.backup(head).await.expect("a vault").finish(ahead, Ending::default()).await.expect("a vault");
    let ran = person.ok(&["at", "vault", "backup", "--json", "@cal"]).await;
    assert!(ran.err().contains("which is before the last snapshot of this source"), "{ran:?}");
    assert!(ran.err().contains("Check the clock."), "{ran:?}");
    let made = ran.value("/snapshot/id");
    let ran = person.ok(&["at", "vault", "rm", "--keep-last", "1", "--source", "@cal", "--json"]).await;
    assert_eq!(ran.value("/removed"), serde_json::json!([wrong.id]), "{ran:?}");
    let ran = person.ok(&["at", "vault", "ls", "latest@cal", "--json"]).await;
    assert!(ran.out().contains("calendars") || ran.out().contains("cal"), "{ran:?} {made}");
    // Nothing changed, and that is seen.
    let ran = person.ok(&["at", "vault", "backup", "--json", "@cal"]).await;
    assert_eq!((ran.value("/unchanged"), ran.value("/new_objects")), (101.into(), 0.into()), "{ran:?}");
    person.ok(&["at", "vault", "check", "--read-data"]).await;
}
