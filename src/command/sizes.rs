//! `davault store show [NAME …] -sizes`: what a vault holds of each source, and what it takes.

use serde_json::{Value, json};

use crate::config::Section;
use crate::vault::{Files, Sizes, SourceSizes, Vault};

use super::context::Context;
use super::failure::Failure;
use super::{open, output, words};

/// Shows the sizes of these stores; of the vault at hand if none is named.
pub async fn run(context: &Context, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return show(context, &open::vault(context).await?).await;
    }
    for name in names {
        let place = context.config.get(Section::Stores, name)?;
        let mut found = open::found(context, &place.location, place.options.clone())?;
        found.named = format!("@{name}");
        show(context, &open::open(context, &found).await?).await?;
    }
    Ok(())
}

async fn show(context: &Context, vault: &Vault) -> Result<(), Failure> {
    let sizes = vault.sizes().await.map_err(|error| {
        open::failure("cannot measure the vault", &error).hint("See what is damaged with `davault at VAULT check`.")
    })?;
    if context.json {
        return output::json(&as_json(vault, &sizes));
    }
    output::line(&format!("{}:", words::printable(vault.place())))?;
    let heading = ["source", "snapshots", "raw", "last", "deduplicated", "compressed", "only here"].map(String::from);
    let sources = sizes.sources.iter().map(|source| row(name(source), source));
    let rows: Vec<_> = [heading].into_iter().chain(sources).chain([row("all".into(), &sizes.all)]).collect();
    rows.iter().try_for_each(|row| output::line(&aligned(row, &rows)))?;
    let Sizes { packs, index, snapshots, other, .. } = sizes;
    let of = |what: &str, files: Files| {
        format!("{what} {} in {}", words::size(files.bytes), words::count(files.count, "file", "files"))
    };
    let kinds = [("packs", packs), ("index", index), ("snapshots", snapshots), ("other", other)];
    let kinds = kinds.map(|(what, files)| of(what, files)).join(", ");
    output::line(&format!("{}: {kinds}", of("takes", sizes.files())))?;
    output::line(&format!(
        "{} of the packs is needed by no snapshot; what was backed up is {} as large as the vault",
        words::size(sizes.unneeded_bytes),
        times(&sizes),
    ))
}

fn name(source: &SourceSizes) -> String {
    let name = match (source.source.as_str(), source.location.as_str()) {
        ("", "") => source.origin.clone(),
        ("", location) => location.to_owned(),
        (name, _) => format!("@{name}"),
    };
    words::printable(&name)
}

fn row(name: String, sizes: &SourceSizes) -> [String; 7] {
    let SourceSizes { snapshots, raw_bytes, last_bytes, deduplicated_bytes, compressed_bytes, only_here_bytes, .. } =
        sizes;
    let [raw, last, deduplicated, compressed, only_here] =
        [raw_bytes, last_bytes, deduplicated_bytes, compressed_bytes, only_here_bytes].map(|bytes| words::size(*bytes));
    [name, snapshots.to_string(), raw, last, deduplicated, compressed, only_here]
}

/// A row in which every column is as wide as its widest cell; the first to the left, numbers to the right.
fn aligned(row: &[String; 7], rows: &[[String; 7]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let cells = row.iter().enumerate().map(|(column, cell)| match column {
        0 => format!("{cell:<width$}", width = width(0)),
        _ => format!("{cell:>width$}", width = width(column)),
    });
    format!("  {}", cells.collect::<Vec<_>>().join("  "))
}

/// How many times the vault's size is what was backed up: `146 times`.
fn times(sizes: &Sizes) -> String {
    let tenths = tenths(sizes);
    if tenths < 100 { format!("{}.{} times", tenths / 10, tenths % 10) } else { format!("{} times", tenths / 10) }
}

fn tenths(sizes: &Sizes) -> u64 {
    sizes.all.raw_bytes.saturating_mul(10) / sizes.files().bytes.max(1)
}

fn as_json(vault: &Vault, sizes: &Sizes) -> Value {
    let files = |files: Files| json!({ "files": files.count, "bytes": files.bytes });
    #[expect(clippy::cast_precision_loss, reason = "a ratio to one decimal")]
    let ratio = tenths(sizes) as f64 / 10.0;
    json!({
        "vault": vault.id(), "place": vault.place(),
        "sources": sizes.sources.iter().map(source_json).collect::<Vec<_>>(), "all": source_json(&sizes.all),
        "packs": files(sizes.packs), "index": files(sizes.index), "snapshots": files(sizes.snapshots),
        "other": files(sizes.other), "files": files(sizes.files()),
        "unneeded_bytes": sizes.unneeded_bytes, "ratio": ratio,
    })
}

fn source_json(source: &SourceSizes) -> Value {
    json!({
        "source": source.source, "location": source.location, "origin": source.origin, "snapshots": source.snapshots,
        "raw_bytes": source.raw_bytes, "last_bytes": source.last_bytes,
        "deduplicated_bytes": source.deduplicated_bytes, "compressed_bytes": source.compressed_bytes,
        "only_here_bytes": source.only_here_bytes,
    })
}
