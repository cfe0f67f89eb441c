//! Compiles `proto/` without an installed protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["importer.proto", "exporter.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Contents travel as slices of what was received, not as copies.
        .bytes(".importer.OpenResponse")
        .bytes(".plakar.exporter.ExportRequest")
        .compile_fds(files)?;
    Ok(())
}
