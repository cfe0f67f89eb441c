//! The arguments of `pkg`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Pkg {
    /// Make a package of a manifest and the files that it names
    Create {
        /// The manifest, a file called manifest.yaml; all that it names lies below its folder
        manifest: PathBuf,
        /// The version of the package, such as v1.2.3
        version: String,
        /// Where to write it: a folder, or a file called NAME_VERSION_OS_ARCH.ptar [default: the current folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Install a package, or put a newer version in place of one
    Add {
        /// The package, a file called NAME_VERSION_OS_ARCH.ptar
        file: PathBuf,
    },
    /// List what is installed
    List,
    /// Show what a package is, and what its connectors are for
    Show { name: String },
    /// Remove packages
    Rm {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}
