//! What else the collections of an account have. Only the last file of each needs it, so it is asked for beside the first listings.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use futures_util::future::{Either, select};

use super::{DavSource, Run, Stop};
use crate::connector::dav::remembered::RememberedAccount;
use crate::dav::{self, Collection, Home, Href, Property};

/// What else collections have.
pub(super) enum Others {
    /// As far as it is known.
    Told(Told),
    /// Still to be asked for.
    ToAsk(Box<ToAsk>),
}

/// What a server told of other properties.
#[derive(Default)]
pub(super) struct Told {
    /// By collection, those that did not come with it.
    properties: HashMap<Href, Vec<Property>>,
    /// Collections of which it did not say for now what else they have.
    undescribed: HashSet<Href>,
}

/// What is to be asked for, and what is remembered of the account when that is done.
pub(super) struct ToAsk {
    /// Of these.
    pub collections: Vec<Collection>,
    /// Where they lie; nowhere, if the location is one of them.
    pub homes: Vec<Home>,
    /// Without homes where not all of the account was found: then it is searched for again.
    pub account: RememberedAccount,
}

impl Told {
    /// All that is known came with the collections, but of those that are `undescribed`.
    pub fn all_but(undescribed: HashSet<Href>) -> Self {
        Self { undescribed, ..Self::default() }
    }

    /// What did not come with a collection.
    pub fn of(&self, collection: &Href) -> &[Property] {
        self.properties.get(collection).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the server did not say for now what else it has.
    pub fn lacks(&self, collection: &Href) -> bool {
        self.undescribed.contains(collection)
    }
}

impl DavSource {
    /// Asks for what is not known, and remembers where the account is, now that all of it is known.
    async fn ask(&self, asking: ToAsk) -> Told {
        let ToAsk { mut collections, homes, mut account } = asking;
        let came: Vec<usize> = collections.iter().map(|one| one.other.len()).collect();
        let undescribed = dav::add_other_properties(&self.client, &mut collections, &homes).await;
        if let Some(memory) = self.memory() {
            if !undescribed.is_empty() {
                account.homes.clear();
            }
            memory.describe(&collections, &undescribed).await;
            memory.keep(&account).await;
        }
        let others = collections.into_iter().zip(came);
        let properties = others.map(|(one, came)| (one.href, one.other.into_iter().skip(came).collect())).collect();
        Told { properties, undescribed }
    }
}

impl Run<'_> {
    /// Does the work of a run, and finds out beside it what it needs of other properties. Work that breaks off needs no more.
    pub(super) async fn beside(
        &self,
        others: Others,
        work: impl Future<Output = Result<(), Stop>>,
    ) -> Result<(), Stop> {
        let telling = async {
            let told = match others {
                Others::Told(told) => told,
                Others::ToAsk(asking) => Box::pin(self.source.ask(*asking)).await,
            };
            // Nobody else sets it.
            let _ = self.told.set(told);
        };
        match select(pin!(work), pin!(telling)).await {
            Either::Left((Ok(()), telling)) => {
                telling.await;
                Ok(())
            }
            Either::Left((stopped, _)) => stopped,
            Either::Right(((), work)) => work.await,
        }
    }
}
