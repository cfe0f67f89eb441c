//! Compiles `proto/` without an installed protoc.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["importer.proto", "exporter.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Contents travel as slices of what was received, not as copies.
        .bytes(".importer.OpenResponse")
        .bytes(".plakar.exporter.ExportRequest")
        .compile_fds(files)?;
    // By itself: its packages and services have names that generation 1.1 uses as well.
    let into = PathBuf::from(std::env::var("OUT_DIR")?).join("v1_0");
    std::fs::create_dir_all(&into)?;
    let files = protox::compile(["importer.proto", "exporter.proto"], ["proto/v1_0"])?;
    tonic_prost_build::configure()
        .out_dir(into)
        .bytes(".importer.OpenReaderResponse")
        .bytes(".exporter.Data")
        .compile_fds(files)?;
    Ok(())
}
