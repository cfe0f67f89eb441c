//! `davault at VAULT create`

use serde_json::json;

use crate::vault::{KeyCost, Vault};

use super::arguments::Create;
use super::context::Context;
use super::failure::Failure;
use super::{open, output};

/// Makes a new vault and says where.
pub async fn run(context: &Context, arguments: &Create) -> Result<(), Failure> {
    let found = open::find(context)?;
    let place = found.place.describe();
    let unlock = found.unlock(true).await?;
    let cost = KeyCost { memory_kib: arguments.key_memory * 1024, ..KeyCost::default() };
    let vault = Vault::create(&found.place, &unlock, cost, Context::now())
        .await
        .map_err(|error| open::failure(&format!("cannot create a vault at {place}"), &error))?;
    if context.json {
        return output::json(&json!({ "vault": vault.id(), "place": place }));
    }
    if !context.quiet {
        output::line(&format!("created the vault {place}"))?;
        output::error_line(
            "Whoever loses what unlocks it loses what is in it: keep it in two places, neither of them the vault.",
        );
    }
    Ok(())
}
