//! An account that was found before: no search, one request for each place where its collections lie.

use super::{Found, Search, What, is_passing, nothing_there};
use crate::dav::account::{Account, Collection, Home};
use crate::dav::client::Client;
use crate::dav::error::Error;
use crate::dav::href::Href;
use crate::dav::kind::Kind;
use crate::dav::others::Others;
use crate::dav::unread::{Missing, Unread};

/// What was found of an account before.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Who was signed in.
    pub user: Option<Href>,
    /// Where its collections lay; of a location that is one collection, that.
    pub homes: Vec<Home>,
    /// Whether the location is one collection.
    pub only: bool,
    /// The other properties that its collections had.
    pub others: Others,
}

/// Finds an account again where it was, by one request a home; with the values of the other properties that it had.
///
/// An error where it is not there any more, or somebody else's: then only [`discover`] tells.
pub async fn find_again(client: &Client, kinds: &[Kind], known: Known) -> Result<Account, Error> {
    let Known { user, homes, only, others } = known;
    let mut search = Search { others, known_user: user, ..Search::new(client, kinds) };
    for home in &homes {
        client.allow_below(&home.href.url());
    }
    let what = match homes.as_slice() {
        [one] if only => {
            let look = search.look(&one.href).await?;
            let mut collection = Collection::read(&look.resource, kinds).ok_or_else(|| nothing_there(client.base()))?;
            search.others.add_to(&mut collection, &look.resource.elements().collect::<Vec<_>>());
            What::Only(Box::new(collection))
        }
        _ => What::Homes(homes),
    };
    let account = search.account(Found { principal: None, what }).await?;
    // A home that is gone, or no home any more, has moved; one in trouble has not.
    let moved = |unread: &&Unread| matches!(unread.missing, Missing::Collections(_)) && !is_passing(&unread.why);
    match account.failures.iter().position(|unread| moved(&unread)) {
        Some(_) => Err(nothing_there(client.base())),
        None => Ok(account),
    }
}
