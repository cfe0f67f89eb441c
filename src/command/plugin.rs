//! `davault plugin`: this program as a plugin of plakar's, or of its own.

use async_trait::async_trait;
use std::collections::BTreeMap;

use crate::connector::{self, Destination, Source};
use crate::plugin::serve;

use super::failure::Failure;
use super::output;

/// Serves the connectors on standard input and output until the host goes away.
pub async fn run() -> Result<(), Failure> {
    serve::serve_stdio(Ours).await.map_err(|error| Failure::because("the plugin ended", &error))
}

/// The connectors of this program.
struct Ours;

#[async_trait]
impl serve::Connectors for Ours {
    async fn source(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Source>, connector::Error> {
        connector::source(location, options).await
    }

    async fn destination(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Destination>, connector::Error> {
        connector::destination(location, options).await
    }

    fn warn(&self, sentence: &str) {
        output::error_line(&format!("davault: {sentence}"));
    }
}
