//! Three archives that plakar 1.1.4 installs, written again: their SHA-256 was taken of what another program wrote.

use sha2::{Digest, Sha256};

use super::super::hash::hex;
use super::super::lz4::Blocks;
use super::super::write::crafted::file;
use super::super::write::{File, Stamp, Style, write};

/// When the golden archives say that they were made.
const SECONDS: u32 = 1_735_787_045;

fn stamp(first: u8) -> Stamp {
    let mut repository = [0; 16];
    repository.iter_mut().zip(first..).for_each(|(byte, value)| *byte = value);
    Stamp {
        repository,
        snapshot: [first + 1; 32],
        packfile: [first + 2; 32],
        state: [first + 3; 32],
        seconds: SECONDS,
        client: "ptar-proto".into(),
    }
}

fn least() -> Vec<File> {
    let manifest = "name: g\napi_version: 1.1.0\nconnectors:\n- type: importer\n  executable: x\n  protocols: [g]\n";
    vec![file("/manifest.yaml", 0o644, manifest.as_bytes()), file("/x", 0o755, b"#!/bin/sh\n")]
}

fn more() -> Vec<File> {
    let mut files = least();
    let two: Vec<u8> = (0..3_000_u32).map(|at| u8::try_from(at % 250).unwrap()).collect();
    files.extend([file("/d/empty", 0o600, b""), file("/d/e/two", 0o640, &two)]);
    files
}

const PLAIN: Style = Style { is_full: true, compression: None, has_parent: true, chunk_bytes: 1024 };

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[test]
fn the_least_archive_is_written_again_byte_for_byte() {
    let bytes = write(&least(), &[], Style { is_full: false, ..PLAIN }, &stamp(0x10));
    assert_eq!(sha256(&bytes), "b151032a85c893f34009d19d5870f6cd1f530a96cedd53521620f9b892e83e31");
}

#[test]
fn an_archive_with_all_records_is_written_again_byte_for_byte() {
    let bytes = write(&more(), &[], PLAIN, &stamp(0x20));
    assert_eq!(sha256(&bytes), "ddb87337967de97cf3678e5e12d89af17ada10da1a140702b650019d271ed5f5");
}

#[test]
fn a_compressed_archive_is_written_again_byte_for_byte() {
    let bytes = write(&more(), &[], Style { compression: Some(Blocks::Kib64), ..PLAIN }, &stamp(0x30));
    assert_eq!(sha256(&bytes), "3cbb38c88758e13d5e0aeea22cdc958bf1b1668ca1da20c100262721dc8aae25");
}
