//! What davault restores to a folder is a vdir for other programs: vdirsyncer reads it and uploads it unchanged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir;

const SIZE: Size = Size { calendars: 3, events_each: 25, books: 1, contacts_each: 25 };

const METADATA: &str = "metadata = [\"displayname\", \"color\"]";

#[tokio::test]
async fn vdirsyncer_uploads_a_restored_folder_unchanged() {
    let (first, second) = (Server::radicale().await, Server::radicale().await);
    let person = Person::with_vault().await;
    person.add("first", &first).await;
    person.add("second", &second).await;
    Account::seeded(8, SIZE).write_vdir(&person.path("made")).expect("an account");
    person.fill("first", &person.path("made")).await;
    person.ok(&["at", "vault", "backup", "@first"]).await;
    person.ok(&["at", "vault", "restore", "-to", "./folder", "latest@first"]).await;
    let restored = vdir::read(&person.path("folder"));

    let config = person.path("vdirsyncer");
    fs::write(&config, configuration(&person.path("folder"), &person.path("status"), &second)).expect("a file");
    for step in ["discover", "sync", "metasync"] {
        vdirsyncer(&config, step).await;
    }
    assert_eq!(vdir::read(&person.path("folder")), restored, "vdirsyncer found nothing to change in the folder");

    person.ok(&["at", "vault", "backup", "@second"]).await;
    person.ok(&["at", "vault", "restore", "-to", "./uploaded", "latest@second"]).await;
    let uploaded = vdir::read(&person.path("uploaded"));
    assert_eq!(uploaded.keys().collect::<Vec<_>>(), restored.keys().collect::<Vec<_>>());
    for (name, folder) in &restored {
        let twin = &uploaded[name];
        assert_eq!(folder.items, twin.items, "{name}");
        for property in ["displayname", "color"].iter().filter(|_| name.starts_with("calendars/")) {
            assert_eq!(folder.properties.get(*property), twin.properties.get(*property), "{property} of {name}");
        }
    }
}

/// Runs one step of vdirsyncer to its end, and says yes to whatever it asks.
async fn vdirsyncer(config: &Path, step: &str) {
    let tools = std::env::var_os("SRVTOOLS").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"));
    let mut child = Command::new(tools.join("vdirsyncer/bin/vdirsyncer"))
        .arg("-c")
        .arg(config)
        .arg(step)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("vdirsyncer starts (`make tools` installs it)");
    let mut input = child.stdin.take().expect("its input");
    // It may ask less often than that, and then closes its end.
    let _ = input.write_all("y\n".repeat(100).as_bytes()).await;
    drop(input);
    let output = child.wait_with_output().await.expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "vdirsyncer {step}: {}", String::from_utf8_lossy(&said));
}

fn configuration(folder: &Path, status: &Path, server: &Server) -> String {
    // Of address books vdirsyncer takes no metadata.
    let pair = |name: &str, scheme: &str, fileext: &str, metadata: &str| {
        let (folder, url) = (folder.join(name), server.url());
        format!(
            "
[pair {name}]
a = \"{name}_folder\"
b = \"{name}_server\"
collections = [\"from a\"]
{metadata}
conflict_resolution = \"a wins\"

[storage {name}_folder]
type = \"filesystem\"
path = \"{}\"
fileext = \"{fileext}\"

[storage {name}_server]
type = \"{scheme}\"
url = \"{url}\"
username = \"alice\"
password = \"alice-pw\"
",
            folder.display()
        )
    };
    let general = format!("[general]\nstatus_path = \"{}\"\n", status.display());
    [general, pair("calendars", "caldav", ".ics", METADATA), pair("contacts", "carddav", ".vcf", "")].concat()
}
