//! Finding the account: where it was the last time, else by a search.

use std::collections::HashSet;

use super::memory::Memory;
use super::{Account, DavSource};
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::connector::dav::remembered::RememberedAccount;
use crate::dav::{self, Home, Known};

impl DavSource {
    /// Finds the account and begins a run over it.
    pub(super) async fn find(&self) -> Result<Account, Error> {
        if let Some(folder) = &self.folder {
            self.memory.get_or_init(|| Memory::open(folder, &self.identity, &self.client)).await;
        }
        let memory = self.memory();
        let found = match memory {
            Some(memory) => self.again(memory).await?,
            None => None,
        };
        let found = match found {
            Some(found) => found,
            None => self.search().await?,
        };
        if let Some(memory) = memory.filter(|_| found.account.failures.is_empty()) {
            memory.only(&found.account.collections, &found.account.trash);
        }
        Ok(found)
    }

    /// The account where it was; `None` where it is to be searched for.
    async fn again(&self, memory: &Memory) -> Result<Option<Account>, Error> {
        let Some(before) = memory.account(&self.wants()).await else { return Ok(None) };
        if before.homes.is_empty() || self.sweep.is_due(before.unswept) {
            return Ok(None);
        }
        let href = |text: &str| self.client.href(text).ok();
        let known = Known {
            principal: before.principal.as_deref().and_then(href),
            homes: before.homes.iter().filter_map(|(kind, at)| Some(Home { kind: *kind, href: href(at)? })).collect(),
            only: before.only,
            others: memory.others(),
        };
        let mut account = match dav::find_again(&self.client, &self.kinds, known).await {
            Ok(account) => account,
            Err(error) if error.is_about_all() || error.kind == dav::ErrorKind::Unauthorised => {
                return Err(self.not_found(error));
            }
            Err(_) => return Ok(None),
        };
        self.with_trash(&mut account);
        let is_new = account.collections.iter().any(|one| memory.known(one).is_none());
        let undescribed = match is_new {
            // What programs set in it is not known yet.
            true => dav::add_other_properties(&self.client, &mut account).await,
            false => HashSet::new(),
        };
        let filter = self.wants();
        memory.keep(&RememberedAccount { unswept: before.unswept + 1, filter, ..before }).await;
        Ok(Some(Account { account, undescribed }))
    }

    async fn search(&self) -> Result<Account, Error> {
        let found = dav::discover(&self.client, &self.kinds).await;
        let mut account = found.map_err(|error| self.not_found(error))?;
        self.with_trash(&mut account);
        let undescribed = dav::add_other_properties(&self.client, &mut account).await;
        if let Some(memory) = self.memory() {
            let mut homes: Vec<_> =
                account.homes.iter().map(|home| (home.kind, memory.text_of(&home.href).into())).collect();
            if account.only {
                homes.extend(account.collections.iter().map(|one| (one.kind, memory.text_of(&one.href).into())));
            }
            // What was not found now must be searched for again.
            if account.failures.is_empty() {
                let principal = account.principal.as_ref().map(|principal| memory.text_of(principal).into());
                let (only, filter) = (account.only, self.wants());
                memory.keep(&RememberedAccount { principal, only, homes, filter, unswept: 0 }).await;
            }
        }
        Ok(Account { account, undescribed })
    }

    fn with_trash(&self, account: &mut dav::Account) {
        if self.include_trash {
            account.collections.append(&mut account.trash);
        }
    }

    /// Which items are wanted, in one line.
    fn wants(&self) -> String {
        let [since, until] = self.filter.edges().map(|(_, edge)| edge.unwrap_or_default());
        format!("{};{since};{until}", self.filter.components.join(","))
    }

    fn not_found(&self, error: dav::Error) -> Error {
        failed(format!("cannot find the account at {}", self.about.origin), error)
    }
}
