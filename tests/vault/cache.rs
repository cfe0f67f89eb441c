//! What a machine keeps of a vault far away: sealed, its owner's alone, and safe to delete or damage at any time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use davault::report::Tally;
use davault::vault::{CheckDepth, Local, Place, Vault};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::world::{back_up, events, everything, in_memory, new_vault, passphrase};

fn local() -> (TempDir, Local) {
    let folder = tempfile::tempdir().expect("a folder");
    let local = Local { state: None, cache: Some(folder.path().to_owned()) };
    (folder, local)
}

async fn open(place: &Place, local: &Local) -> Vault {
    Vault::open_with(place, &passphrase("correct horse"), local.clone()).await.expect("it works")
}

fn kept(folder: &Path, vault: &Vault) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("vaults").join(vault.id())).expect("it works");
    files.map(|file| file.expect("it works").path()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it works").permissions().mode() & 0o777
}

#[tokio::test]
async fn what_is_kept_is_sealed_and_its_owners_alone() {
    let (_, place) = in_memory();
    let (folder, local) = local();
    let files = events(200, 1);
    let (snapshot, _) = back_up(&new_vault(&place).await, &files, 1).await;
    let vault = open(&place, &local).await;
    everything(&vault, &snapshot).await;
    vault.find("latest").await.unwrap();
    let kept = kept(folder.path(), &vault);
    assert!(kept.len() >= 3, "an index file, a snapshot and trees: {kept:?}");
    for file in &kept {
        assert_eq!(mode(file), 0o600, "{}", file.display());
        let bytes = fs::read(file).unwrap();
        let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        let name = files[0].0.rsplit('/').next().unwrap();
        assert!(!holds("BEGIN:VCALENDAR") && !holds("alice@dav.example.com") && !holds(name), "{}", file.display());
    }
    for made in [folder.path().join("vaults"), folder.path().join("vaults").join(vault.id())] {
        assert_eq!(mode(&made), 0o700, "{}", made.display());
    }
}

#[tokio::test]
async fn two_that_use_a_cache_go_on_when_it_is_deleted_or_damaged() {
    let (_, place) = in_memory();
    let (folder, local) = local();
    let mut files = events(200, 1);
    files.sort();
    new_vault(&place).await;
    let both = [open(&place, &local).await, open(&place, &local).await];
    let (snapshot, _) = back_up(&both[0], &files, 1).await;
    let spoils: [fn(&Path); 5] = [
        // As if it had been damaged on its way here: whole, and not what the storage has.
        |path| {
            let name = path.file_name().unwrap().to_str().unwrap().replace('+', "/");
            let zeros = vec![0; fs::read(path).unwrap().len() - 32];
            let checksum = Sha256::digest([name.as_bytes(), &[0], &zeros].concat());
            fs::write(path, [zeros.as_slice(), &checksum].concat()).unwrap();
        },
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        // A folder where a file should be.
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
    ];
    for spoil in spoils {
        for vault in &both {
            // Reads anew, as another process would.
            let other = open(&place, &local).await;
            assert_eq!(other.find("latest").await.unwrap(), snapshot);
            assert_eq!(everything(&other, &snapshot).await, files);
            kept(folder.path(), vault).iter().filter(|path| path.is_file()).for_each(|path| spoil(path));
            assert_eq!(vault.find("latest").await.unwrap(), snapshot);
            assert_eq!(everything(vault, &snapshot).await, files);
        }
    }
    fs::remove_dir_all(folder.path().join("vaults")).unwrap();
    for (vault, second) in both.iter().zip(2..) {
        back_up(vault, &files, second).await;
        assert_eq!(everything(vault, &vault.find("latest").await.unwrap()).await, files);
        assert!(vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap().is_sound());
    }
    assert_eq!(open(&place, &local).await.snapshots().await.unwrap().whole.len(), 3);
}
