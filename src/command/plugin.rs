//! `davault plugin`: this program as a plugin of plakar's, or of its own.

use async_trait::async_trait;
use std::collections::BTreeMap;

use crate::connector::{self, Destination, Source};
use crate::plugin::serve::{self, Generation};

use super::failure::Failure;
use super::local;
use super::output;

/// Says which generation of the plugin interface the host speaks, where what it calls itself misleads.
const API: &str = "DAVAULT_PLUGIN_API";

/// Serves the connectors on standard input and output until the host goes away.
pub async fn run() -> Result<(), Failure> {
    let generation = match std::env::var_os(API) {
        None => None,
        Some(text) if text == "1.0" => Some(Generation::V1_0),
        Some(text) if text == "1.1" => Some(Generation::V1_1),
        Some(text) if text.is_empty() => None,
        Some(text) => return Err(Failure::usage(format!("{API}={} is neither 1.0 nor 1.1", text.display()))),
    };
    serve::serve_stdio(Ours { generation }).await.map_err(|error| Failure::because("the plugin ended", &error))
}

/// The connectors of this program.
struct Ours {
    generation: Option<Generation>,
}

#[async_trait]
impl serve::Connectors for Ours {
    async fn source(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Source>, connector::Error> {
        let memory = local::folders(|name| std::env::var_os(name)).cache.map(|cache| cache.join("accounts"));
        connector::source(location, options, memory).await
    }

    async fn destination(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Destination>, connector::Error> {
        connector::destination(location, options).await
    }

    fn generation(&self) -> Option<Generation> {
        self.generation
    }

    fn warn(&self, sentence: &str) {
        output::error_line(&format!("davault: {sentence}"));
    }
}
