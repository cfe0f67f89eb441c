//! Setting up sources, destinations and stores: names, secrets, files, and what unlocks a vault.

use std::fs;

use crate::support::person::Person;

#[tokio::test]
async fn no_secret_is_ever_shown() {
    let person = Person::new();
    let options = ["password=hunter2", "username=alice", "proxy=http://u:hunter2@p:3128"];
    person.ok(&[&["source", "add", "work", "dav://dav.example.com/"], &options[..]].concat()).await;
    let keys = ["access_key=hunter2", "secret_key=hunter2", "endpoint=http://u:hunter2@127.0.0.1:9000"];
    person.ok(&[&["store", "add", "cloud", "s3://bucket/vault"], &keys[..]].concat()).await;
    for words in [
        &["source", "show"][..],
        &["source", "show", "--json"],
        &["source", "list"],
        &["store", "show"],
        &["store", "show", "cloud", "--json"],
        &["store", "list"],
    ] {
        let ran = person.ok(words).await;
        assert!(!ran.out().contains("hunter2") && !ran.err().contains("hunter2"), "{ran:?}");
    }
    let shown = person.ok(&["source", "show", "work"]).await.out();
    let expected =
        "work: dav://dav.example.com/\n  password=********\n  proxy=http://u:********@p:3128\n  username=alice\n";
    assert_eq!(shown, expected);

    let ran = person.run(&["source", "unset", "work", "bearer_token=hunter2"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert_eq!(ran.err(), "davault: the source 'work' has no option 'bearer_token' set\n");
    let ran = person.run(&["source", "set", "work", "proxy=ftp://u:hunter2@p"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(!ran.err().contains("hunter2"), "{ran:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_configuration_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let person = Person::new();
    person.ok(&["source", "add", "work", "dav://dav.example.com/", "password=hunter2"]).await;
    person.ok(&["source", "set", "work", "username=alice"]).await;
    let mode = fs::metadata(person.path("config/davault/config.toml")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_name_may_have_its_at_sign_everywhere() {
    let person = Person::new();
    fs::create_dir(person.path("cal")).expect("a folder");
    person.ok(&["source", "add", "work", "./cal"]).await;
    person.ok(&["source", "set", "@work", "include=a*"]).await;
    person.ok(&["source", "unset", "@work", "include"]).await;
    assert!(person.ok(&["source", "show", "@work"]).await.out().starts_with("work: "));
    person.ok(&["source", "ping", "@work"]).await;
    person.ok(&["source", "rm", "@work"]).await;
    assert_eq!(person.ok(&["source", "list"]).await.out(), "");
}

#[tokio::test]
async fn the_default_store_is_the_vault_where_none_is_named() {
    let person = Person::new();
    person.ok(&["store", "add", "usb", "file://vaults/usb"]).await;
    let location = format!("usb: file://{}\n", person.path("vaults/usb").display());
    assert_eq!(person.ok(&["store", "show", "usb"]).await.out(), location, "a relative folder would wander");
    let ran = person.run(&["at", "@usb", "ls"]).await;
    assert!(ran.err().ends_with("Make one with `davault at @usb create`.\n"), "{ran:?}");
    person.ok(&["store", "default", "@usb"]).await;
    person.ok(&["create", "-key-memory", "8"]).await;
    person.ok(&["ls"]).await;
    assert!(person.ok(&["store", "list"]).await.out().ends_with("\t(default)\n"));
    assert!(person.path("vaults/usb").is_dir());
}

#[tokio::test]
async fn a_key_file_or_a_command_unlocks_a_vault() {
    let person = Person::new();
    fs::write(person.path("kf"), [7; 64]).expect("a key file");
    person.ok(&["-keyfile", "kf", "at", "by-key", "create", "-key-memory", "8"]).await;
    person.ok(&["-keyfile", "kf", "at", "by-key", "ls"]).await;
    let ran = person.run(&["at", "by-key", "ls"]).await;
    assert_eq!(ran.code(), Some(1), "the passphrase does not open it: {ran:?}");
    person.ok(&["store", "add", "by-key", "by-key", "keyfile=kf"]).await;
    fs::create_dir(person.path("elsewhere")).expect("a folder");
    let mut elsewhere = person.command(&["at", "@by-key", "ls"]);
    let ran = elsewhere.current_dir(person.path("elsewhere")).output().await.expect("davault starts");
    assert!(ran.status.success(), "the key file is found from anywhere: {ran:?}");

    person.ok(&["store", "add", "by-command", "by-command", "passphrase_command=echo words"]).await;
    for words in [&["at", "@by-command", "create", "-key-memory", "8"][..], &["at", "@by-command", "ls"]] {
        let ran = person.command(words).env_remove("DAVAULT_PASSPHRASE").output().await.expect("davault starts");
        assert!(ran.status.success(), "{ran:?}");
    }
    let ran = person.run(&["at", "by-command", "ls"]).await;
    assert_eq!(ran.code(), Some(1), "it is another passphrase: {ran:?}");
}

#[tokio::test]
async fn what_davault_starts_does_not_learn_any_passphrase() {
    let person = Person::new();
    let others = [("DAVAULT_NEW_PASSPHRASE", "the next one"), ("DAVAULT_PEER_PASSPHRASE", "the other vault's")];
    // Through the connector's process, and started by davault itself.
    let spy = "env | grep -q PASSPHRASE";
    let password = format!("password_command={spy}");
    person.ok(&["source", "add", "spy", "dav://http://127.0.0.1:9/", "username=alice", &password]).await;
    let ran = person.command(&["source", "ping", "spy"]).envs(others).output().await.expect("davault starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("the password command failed (exit status: 1)"), "{said}");
    person.ok(&["at", "vault", "create", "-key-memory", "8"]).await;
    person.ok(&["store", "add", "spied", "vault", &format!("passphrase_command={spy}")]).await;
    let mut ping = person.command(&["store", "ping", "spied"]);
    let ran = ping.env_remove("DAVAULT_PASSPHRASE").envs(others).output().await.expect("davault starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("command failed (exit status: 1)"), "{said}");
}

#[tokio::test]
async fn damaged_snapshots_are_named_and_cost_the_exit_code() {
    let person = Person::with_vault().await;
    fs::create_dir(person.path("cal")).expect("a folder");
    fs::write(person.path("cal/a.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("an item");
    for _ in 0..2 {
        person.ok(&["at", "vault", "backup", "./cal"]).await;
    }
    let snapshots = fs::read_dir(person.path("vault/snapshots")).expect("a folder");
    let first = snapshots.map(|entry| entry.expect("an entry").path()).min().expect("a snapshot");
    fs::write(&first, "spoiled").expect("written");
    let name = first.file_name().expect("a name").to_string_lossy().into_owned();
    let ran = person.run(&["at", "vault", "ls"]).await;
    assert_eq!((ran.code(), ran.out().lines().count()), (Some(3), 1), "{ran:?}");
    assert!(ran.err().contains(&name), "{ran:?}");
    let ran = person.run(&["at", "vault", "ls", "--json"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    let out = ran.out();
    let last: serde_json::Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
    assert!(last["damaged"].as_str().is_some_and(|why| why.contains(&name)), "{ran:?}");
}

#[tokio::test]
async fn every_shell_gets_its_completions() {
    for (shell, word) in [("bash", "_davault"), ("zsh", "#compdef davault"), ("fish", "complete -c davault")] {
        let ran = Person::new().ok(&["completions", shell]).await;
        assert!(ran.out().contains(word) && ran.out().contains("restore"), "{shell}");
    }
}

#[tokio::test]
async fn sizes_of_a_store_are_shown_by_name_or_of_the_vault_at_hand() {
    let person = Person::with_vault().await;
    fs::create_dir(person.path("cal")).expect("a folder");
    fs::write(person.path("cal/a.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("an item");
    person.ok(&["source", "add", "cal", "./cal"]).await;
    person.ok(&["at", "vault", "backup", "@cal"]).await;
    person.ok(&["store", "add", "here", "./vault"]).await;
    let plain = person.ok(&["store", "show", "here"]).await;
    assert!(plain.out().starts_with("here: ") && !plain.out().contains("deduplicated"), "{plain:?}");
    let by_name = person.ok(&["store", "show", "here", "-sizes"]).await;
    assert!(by_name.out().contains("deduplicated") && by_name.out().contains("@cal"), "{by_name:?}");
    assert!(by_name.out().contains("0 B of the packs is needed by no snapshot"), "{by_name:?}");
    let ran = person.ok(&["at", "vault", "store", "show", "-sizes", "--json"]).await;
    assert_eq!((ran.value("/sources/0/source"), ran.value("/all/raw_bytes")), ("cal".into(), 32.into()), "{ran:?}");
    let ran = person.run(&["source", "show", "cal", "-sizes"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(ran.err().contains("only a store has sizes"), "{ran:?}");
}
