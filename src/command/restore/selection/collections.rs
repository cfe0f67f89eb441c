//! Calendars and address books by the names that a person knows.

use std::collections::BTreeMap;

use crate::vault::{NodeKind, Vault};

use super::super::super::arguments::Terms;
use super::super::super::failure::Failure;
use super::super::super::node;
use super::pool::Pool;

/// Most bytes of a display name that are looked at.
const MOST_NAME: u64 = 4096;

/// Keeps what lies in one of the collections that are named; all if none is.
pub async fn choose(vault: &Vault, pool: &mut Pool, terms: &Terms) -> Result<(), Failure> {
    if terms.calendars.is_empty() && terms.address_books.is_empty() {
        return Ok(());
    }
    let asked = [("/calendars", "calendar", &terms.calendars), ("/contacts", "address book", &terms.address_books)];
    let mut chosen = Vec::new();
    for (top, word, names) in asked.into_iter().filter(|(_, _, names)| !names.is_empty()) {
        let known = named(vault, pool, top).await?;
        for name in names {
            let found =
                known.iter().filter(|(path, title)| node::split_path(path).1 == name || title.as_ref() == Some(name));
            let before = chosen.len();
            chosen.extend(found.map(|(path, _)| path.clone()));
            if chosen.len() == before {
                return Err(unknown(word, name, &known));
            }
        }
    }
    pool.items.retain(|(path, _)| chosen.iter().any(|folder| node::split_path(path).0 == folder));
    Ok(())
}

/// The collections below `top`, each with its display name.
async fn named(vault: &Vault, pool: &Pool, top: &str) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let paths =
        pool.folders.iter().map(|(record, _)| record.path.as_str()).filter(|path| node::split_path(path).0 == top);
    let mut known: BTreeMap<String, Option<String>> = paths.map(|path| (path.to_owned(), None)).collect();
    for (path, file) in &pool.metadata {
        let (folder, name) = node::split_path(path);
        let is_small = matches!(file.kind, NodeKind::File { size } if size <= MOST_NAME);
        if name == "displayname"
            && is_small
            && let Some(title) = known.get_mut(folder)
        {
            let bytes = vault.read(file).await.map_err(|error| node::unreadable(path, &error))?;
            *title = Some(String::from_utf8_lossy(&bytes).trim().to_owned());
        }
    }
    Ok(known)
}

fn unknown(word: &str, name: &str, known: &BTreeMap<String, Option<String>>) -> Failure {
    let there = known.iter().map(|(path, title)| {
        let folder = node::split_path(path).1;
        match title {
            Some(title) if title != folder => format!("{title} ({folder})"),
            _ => folder.to_owned(),
        }
    });
    let there = there.collect::<Vec<_>>().join(", ");
    let failure = Failure::failed(format!("there is no {word} called '{name}' in what is to be restored"));
    if there.is_empty() {
        return failure.hint(format!("There is no {word} in it at all."));
    }
    failure.hint(format!("There are: {there}."))
}
