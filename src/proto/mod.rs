//! The wire of plakar's plugin interface, generated from `proto/`.
//!
//! Promises the names and numbers of generations 1.1 and 1.0, and holds no code of its own. The modules are nested as the
//! packages are, because the generated code refers to itself that way; generation 1.0 has its own module, because its packages
//! have the same names.
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::indexing_slicing, clippy::unwrap_used)]

/// Package `importer`.
pub mod importer {
    tonic::include_proto!("importer");
}

/// Packages below `plakar`.
pub mod plakar {
    /// Package `plakar.connectors`.
    pub mod connectors {
        tonic::include_proto!("plakar.connectors");
    }

    /// Package `plakar.exporter`.
    pub mod exporter {
        tonic::include_proto!("plakar.exporter");
    }
}

/// Generation 1.0.
pub mod v1_0 {
    /// Package `importer`.
    pub mod importer {
        tonic::include_proto!("v1_0/importer");
    }

    /// Package `exporter`.
    pub mod exporter {
        tonic::include_proto!("v1_0/exporter");
    }
}
