//! `davault pkg create|add|list|show|rm`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::connector::SCHEMES;
use crate::package::{self, Added, Connector, Error, ErrorKind, FileName, Installed, Made, Packages, Platform};
use crate::report::sentence;

use super::arguments::Pkg;
use super::context::Context;
use super::failure::Failure;
use super::{local, output, words};

/// When a package says that it was made, in seconds since 1970, unless `SOURCE_DATE_EPOCH` says otherwise: 1 January 2026. A
/// constant, so that the same files make the same package at any time.
const MADE: u32 = 1_767_225_600;
/// Who a package says that it was made by.
const CLIENT: &str = concat!("davault/", env!("CARGO_PKG_VERSION"));

/// Runs one of these commands.
pub fn run(context: &Context, command: Pkg) -> Result<(), Failure> {
    match command {
        Pkg::Create { manifest, version, out } => create(context, &manifest, &version, out.as_deref()),
        Pkg::Add { file } => add(context, &file),
        Pkg::List => list(context),
        Pkg::Show { name } => show(context, &name),
        Pkg::Rm { names } => remove(context, &names),
    }
}

/// The installed packages; none where the environment names no home.
pub fn installed() -> Option<Packages> {
    local::packages(|name| std::env::var_os(name)).map(|folder| Packages::at(&folder))
}

fn packages() -> Result<Packages, Failure> {
    installed().ok_or_else(|| {
        Failure::usage("cannot tell where packages are installed: neither XDG_DATA_HOME nor HOME names a folder")
    })
}

fn create(context: &Context, manifest_path: &Path, version: &str, out: Option<&Path>) -> Result<(), Failure> {
    let what = || format!("cannot make a package of {}", manifest_path.display());
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds.parse().map_err(|_| Failure::usage("SOURCE_DATE_EPOCH is no number of seconds"))?,
        Err(_) => MADE,
    };
    let Made { manifest, bytes, folders } =
        package::create(manifest_path, seconds, CLIENT).map_err(|error| failure(&what(), &error))?;
    // As for Go, so that a package can be made on another machine than it is for.
    let here = Platform::here();
    let platform =
        Platform { os: std::env::var("GOOS").unwrap_or(here.os), arch: std::env::var("GOARCH").unwrap_or(here.arch) };
    let file_name = FileName::new(&manifest.name, version, platform).map_err(|error| failure(&what(), &error))?;
    let path = out_path(out, &file_name)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(|error| Failure::because(format!("cannot write the package {}", path.display()), &error))?;
    if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_all()) {
        // Half a package is of no use to anyone.
        let _ = fs::remove_file(&path);
        return Err(Failure::because(format!("cannot write the package {}", path.display()), &error));
    }
    for folder in &folders {
        let why = "only the folder itself is packed, as plakar has it: name its files one by one";
        output::error_line(&words::printable(&format!("davault: warning: {folder}: {why}")));
    }
    if context.json {
        let (name, file, bytes) = (&manifest.name, path.display().to_string(), bytes.len());
        return output::json(&json!({ "name": name, "version": version, "file": file, "bytes": bytes }));
    }
    if context.quiet {
        return Ok(());
    }
    output::line(&format!("made {} ({})", path.display(), words::size(bytes.len() as u64)))
}

/// Where the package is written: hosts take name and version from the name of its file, so it must say the same.
fn out_path(out: Option<&Path>, file_name: &FileName) -> Result<PathBuf, Failure> {
    match out {
        None => Ok(PathBuf::from(file_name.to_string())),
        Some(folder) if folder.is_dir() => Ok(folder.join(file_name.to_string())),
        Some(file) => {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name == file_name.to_string() {
                return Ok(file.to_owned());
            }
            let hint = format!("A host takes name and version from the file's name: call it {file_name}.");
            Err(Failure::usage(format!("{name:?} is no name for this package's file")).hint(hint))
        }
    }
}

fn add(context: &Context, file: &Path) -> Result<(), Failure> {
    let added = packages()?.add(file);
    let added = added.map_err(|error| failure(&format!("cannot install {}", file.display()), &error))?;
    let (installed, text) = match &added {
        Added::New(installed) => (installed, "installed".to_owned()),
        Added::Same(installed) => (installed, "installed already:".to_owned()),
        Added::Replaced(installed, old) => (installed, format!("replaced {old}, installed")),
    };
    if context.json {
        return output::json(&as_json(installed));
    }
    if context.quiet {
        return Ok(());
    }
    output::line(&format!("{text} {}", line(installed)))?;
    own(installed).map_or(Ok(()), |own| output::line(&own))
}

/// Of a package for protocols that davault speaks, that it does: plakar's users install davault's own package as any other.
fn own(installed: &Installed) -> Option<String> {
    let protocols = own_protocols(installed);
    let (last, others) = protocols.split_last()?;
    let spoken = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
    Some(format!("davault speaks {spoken} itself and does not use this package for it"))
}

/// The protocols of a package that davault has a connector of its own for, each with its `://`.
fn own_protocols(installed: &Installed) -> Vec<String> {
    let is_spoken = |own: &&&str| {
        let mut protocols = installed.manifest.connectors.iter().flat_map(|connector| &connector.protocols);
        protocols.any(|protocol| protocol.eq_ignore_ascii_case(own))
    };
    SCHEMES.iter().filter(is_spoken).map(|own| format!("{own}://")).collect()
}

fn list(context: &Context) -> Result<(), Failure> {
    let listing = packages()?.list().map_err(|error| failure("cannot list the packages", &error))?;
    for installed in &listing.installed {
        if context.json { output::json(&as_json(installed))? } else { output::line(&line(installed))? }
    }
    for (name, error) in &listing.damaged {
        let why = words::printable(&format!("{name} can't be used: {}", sentence(error)));
        output::error_line(&format!("davault: the package {why}"));
        output::error_line(&format!("Install it again with `davault pkg add`, or remove it: `davault pkg rm {name}`."));
    }
    if listing.damaged.is_empty() { Ok(()) } else { Err(Failure::partly()) }
}

/// `imap v1.0.0: importer imap://, imaps://; exporter imap://`
fn line(installed: &Installed) -> String {
    let connectors: Vec<String> = installed.manifest.connectors.iter().map(role).collect();
    let FileName { name, version, .. } = &installed.file_name;
    words::printable(&format!("{name} {version}: {}", connectors.join("; ")))
}

fn role(connector: &Connector) -> String {
    let protocols: Vec<String> = connector.protocols.iter().map(|protocol| format!("{protocol}://")).collect();
    format!("{} {}", connector.kind.word(), protocols.join(", "))
}

fn show(context: &Context, name: &str) -> Result<(), Failure> {
    let installed = packages()?.get(name).map_err(|error| failure("cannot show the package", &error))?;
    if context.json {
        return output::json(&as_json(&installed));
    }
    let manifest = &installed.manifest;
    output::line(&format!("{} {}", installed.file_name.name, installed.file_name.version))?;
    let tags = manifest.tags.join(", ");
    let folder = installed.folder.display().to_string();
    for (label, value) in [
        ("name", &manifest.display_name),
        ("about", &manifest.description),
        ("tier", &manifest.tier),
        ("contact", &manifest.contact),
        ("homepage", &manifest.homepage),
        ("licence", &manifest.license),
        ("tags", &tags),
        ("interface", &manifest.api_version),
        ("folder", &folder),
        ("sha256", &installed.sha256),
    ] {
        if !value.is_empty() {
            output::line(&words::printable(&format!("  {label}: {value}")))?;
        }
    }
    for connector in &manifest.connectors {
        output::line(&words::printable(&format!("  {}", role(connector))))?;
        let program = std::iter::once(connector.executable.as_str()).chain(connector.args.iter().map(String::as_str));
        output::line(&words::printable(&format!("    runs {}", program.collect::<Vec<_>>().join(" "))))?;
        if !connector.location_flags.is_empty() {
            output::line(&words::printable(&format!("    flags {}", connector.location_flags.join(", "))))?;
        }
    }
    own(&installed).map_or(Ok(()), |own| output::line(&format!("  {own}")))
}

fn remove(context: &Context, names: &[String]) -> Result<(), Failure> {
    let packages = packages()?;
    for name in names {
        packages.remove(name).map_err(|error| failure("cannot remove the package", &error))?;
        if !context.quiet && !context.json {
            output::line(&format!("removed {name}"))?;
        }
    }
    Ok(())
}

fn as_json(installed: &Installed) -> serde_json::Value {
    let manifest = &installed.manifest;
    let connector = |connector: &Connector| {
        json!({
            "type": connector.kind.word(), "protocols": connector.protocols, "class": connector.class,
            "subclass": connector.subclass, "program": installed.program(connector).display().to_string(),
            "args": connector.args, "location_flags": connector.location_flags, "validator": connector.validator,
        })
    };
    json!({
        "name": installed.file_name.name, "version": installed.file_name.version,
        "platform": installed.file_name.platform.to_string(), "sha256": installed.sha256,
        "folder": installed.folder.display().to_string(), "display_name": manifest.display_name,
        "description": manifest.description, "tier": manifest.tier, "contact": manifest.contact,
        "homepage": manifest.homepage, "license": manifest.license, "tags": manifest.tags,
        "api_version": manifest.api_version, "own_protocols": own_protocols(installed),
        "connectors": manifest.connectors.iter().map(connector).collect::<Vec<_>>(),
    })
}

/// An error of the package room's as the failure of a command.
pub fn failure(what: &str, error: &Error) -> Failure {
    let text = words::printable(&format!("{what}: {}", sentence(error)));
    match error.kind {
        ErrorKind::Usage => Failure::usage(text),
        ErrorKind::NotFound => Failure::usage(text).hint("See which there are with `davault pkg list`."),
        ErrorKind::Older => Failure::failed(text).hint("To go back, remove that one first: `davault pkg rm NAME`."),
        ErrorKind::Damaged => Failure::failed(text).hint("Get the file again from where it came from."),
        ErrorKind::Refused | ErrorKind::Storage => Failure::failed(text),
    }
}
