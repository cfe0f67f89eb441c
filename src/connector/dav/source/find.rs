//! Finding the account: where it was the last time, else by a search.

use super::memory::Memory;
use super::others::{Others, ToAsk, Told};
use super::sweep::Sweep;
use super::{Account, DavSource, lock};
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::connector::dav::remembered::RememberedAccount;
use crate::dav::{self, Home, Href, Known};

impl DavSource {
    /// Finds the account and begins a run over it.
    pub(super) async fn find(&self) -> Result<Account, Error> {
        if let Some(folder) = &self.folder {
            self.memory.get_or_init(|| Memory::open(folder, &self.identity, &self.client)).await;
        }
        let Some(memory) = self.memory() else { return self.search().await };
        let may_hold = lock(&self.held).may_have_any();
        let before = memory.account(&self.wants(), may_hold).await;
        let again = match &before {
            Some(before) => self.again(memory, before).await?,
            None => None,
        };
        let found = match again {
            Some(found) => found,
            None => self.search_anew(memory, before).await?,
        };
        if found.account.failures.is_empty() {
            memory.only(&found.account.collections, &found.account.trash);
        }
        Ok(found)
    }

    /// The account where it was; `None` where it is to be searched for.
    async fn again(&self, memory: &Memory, before: &RememberedAccount) -> Result<Option<Account>, Error> {
        // Also where everything else is believed: a home that is new shows in a search alone.
        let is_due = self.sweep.is_due(before.unswept) || Sweep::default().is_due(before.unswept);
        if before.homes.is_empty() || is_due {
            return Ok(None);
        }
        let href = |text: &str| self.client.href(text).ok();
        let known = Known {
            user: before.user.as_deref().and_then(href),
            homes: before.homes.iter().filter_map(|(kind, at)| Some(Home { kind: *kind, href: href(at)? })).collect(),
            only: before.only,
            others: memory.others(),
        };
        if before.basic {
            self.client.expect_basic();
        }
        let mut account = match dav::find_again(&self.client, &self.kinds, known).await {
            Ok(account) => account,
            Err(error) if error.is_about_all() || error.kind == dav::ErrorKind::Unauthorised => {
                return Err(self.not_found(error));
            }
            Err(_) => {
                self.client.doubt_basic();
                return Ok(None);
            }
        };
        self.with_trash(&mut account);
        let is_new = account.collections.iter().any(|one| memory.known(one).is_none());
        let (unswept, basic) = (before.unswept + 1, self.client.took_basic());
        let found = RememberedAccount { unswept, basic, filter: self.wants(), ..before.clone() };
        if !is_new {
            memory.keep_at_end(found);
            return Ok(Some(Account { account, others: Others::Told(Told::default()) }));
        }
        // What programs set in a new one is not known yet.
        let undescribed = dav::add_other_properties(&self.client, &mut account.collections, &account.homes).await;
        memory.describe(&account.collections, &undescribed).await;
        let homes = if undescribed.is_empty() { before.homes.clone() } else { Vec::new() };
        memory.keep(&RememberedAccount { homes, ..found }).await;
        Ok(Some(Account { account, others: Others::Told(Told::all_but(undescribed)) }))
    }

    /// Searches for the account. Where it is, is taken down when all is known of it; where not all of it was found, so that it is
    /// searched for again.
    async fn search_anew(&self, memory: &Memory, before: Option<RememberedAccount>) -> Result<Account, Error> {
        let account = self.found().await?;
        let text = |href: &Href| String::from(memory.text_of(href));
        let user = account.user.as_ref().map(text);
        let was = before.and_then(|before| before.user);
        if was.is_some() && user.is_some() && was != user {
            memory.forget().await;
        }
        let mut homes: Vec<_> = account.homes.iter().map(|home| (home.kind, text(&home.href))).collect();
        if account.only {
            homes.extend(account.collections.iter().map(|one| (one.kind, text(&one.href))));
        }
        if !account.failures.is_empty() {
            homes.clear();
        }
        let (only, basic) = (account.only, self.client.took_basic());
        let remembered = RememberedAccount { user, only, homes, basic, filter: self.wants(), unswept: 0 };
        Ok(Account::to_ask(account, remembered))
    }

    async fn search(&self) -> Result<Account, Error> {
        Ok(Account::to_ask(self.found().await?, RememberedAccount::default()))
    }

    async fn found(&self) -> Result<dav::Account, Error> {
        let found = dav::discover(&self.client, &self.kinds).await;
        let mut account = found.map_err(|error| self.not_found(error))?;
        self.with_trash(&mut account);
        Ok(account)
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

impl Account {
    /// One of which other properties are still to be asked for.
    fn to_ask(account: dav::Account, remembered: RememberedAccount) -> Self {
        let (collections, homes) = (account.collections.clone(), account.homes.clone());
        Self { account, others: Others::ToAsk(Box::new(ToAsk { collections, homes, account: remembered })) }
    }
}
