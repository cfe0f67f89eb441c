//! Finds everything of an account from any address in it.

use url::Host;

use super::account::{Account, Collection, Home, HomeFailure, collection_properties};
use super::client::Client;
use super::error::{Error, ErrorKind};
use super::failure::shown;
use super::href::Href;
use super::kind::Kind;
use super::names;
use super::request::{Depth, Propfind, PropfindReply, Resource};
use super::srv;

/// Finds the homes and collections of `kinds` from the client's location: the location itself, then well-known addresses
/// (RFC 6764 §5), then DNS (RFC 6764 §3).
///
/// The location may be a server, a principal, a home or one collection. Kind `NotDav` if there is nothing of the kind, and
/// `NotFound` if a location with a path is not there.
pub async fn discover(client: &Client, kinds: &[Kind]) -> Result<Account, Error> {
    let mut search = Search { client, kinds, scheduling: false };
    let first = match search.at(client.base()).await {
        Ok(Some(found)) => return search.account(found).await,
        Ok(None) => nothing_there(client.base()),
        Err(error) => error,
    };
    if !may_be_elsewhere(&first, client.base()) {
        return Err(first);
    }
    if let Some(found) = search.at_well_known(client.base(), kinds).await? {
        return search.account(found).await;
    }
    match search.by_dns().await? {
        Some(found) => search.account(found).await,
        None => Err(first),
    }
}

/// What is to be listed.
struct Found {
    principal: Option<Href>,
    what: What,
}

enum What {
    Homes(Vec<Home>),
    Only(Box<Collection>),
}

struct Search<'a> {
    client: &'a Client,
    kinds: &'a [Kind],
    scheduling: bool,
}

/// An address that was looked at.
struct Look {
    at: Href,
    resource: Resource,
}

impl Search<'_> {
    /// What an address leads to; `None` if it answers but leads nowhere.
    async fn at(&mut self, address: &Href) -> Result<Option<Found>, Error> {
        let look = self.look(address).await?;
        if let Some(collection) = Collection::read(&look.resource, self.kinds) {
            let principal = principal(&look);
            if let Some(principal) = &principal {
                // Only to learn whether the server sends invitations.
                let _ = self.look(principal).await;
            }
            return Ok(Some(Found { principal, what: What::Only(Box::new(collection)) }));
        }
        let own = self.homes_in(&look);
        let (principal, mut homes) = match principal(&look) {
            _ if !own.is_empty() => (Some(look.at.clone()), own),
            Some(principal) => {
                let homes = self.homes_of(&principal).await?;
                (Some(principal), homes)
            }
            None => (None, Vec::new()),
        };
        if homes.iter().any(|home| home.href == look.at) {
            homes.retain(|home| home.href == look.at);
        } else if !leads_to(&look.at, principal.as_ref(), &homes) {
            // Somebody else's home, or a server without principals.
            let here = self.homes_by_listing(&look.at).await;
            homes = if here.is_empty() { homes } else { here };
        }
        if homes.is_empty() {
            return Ok(None);
        }
        self.add_missing_kinds(&look.at, &mut homes).await;
        Ok(Some(Found { principal, what: What::Homes(homes) }))
    }

    async fn at_well_known(&mut self, server: &Href, kinds: &[Kind]) -> Result<Option<Found>, Error> {
        for kind in kinds {
            let address = Href::new(server.url(), kind.row().well_known)?;
            // What a well-known address answers instead of leading somewhere means nothing: a login page, an error.
            match self.at(&address).await {
                Ok(Some(found)) => return Ok(Some(found)),
                Err(error) if error.kind == ErrorKind::Unauthorised => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Only for a bare host: who writes a path or a port means that place.
    async fn by_dns(&mut self) -> Result<Option<Found>, Error> {
        let base = self.client.base().url();
        let (Some(Host::Domain(domain)), "/", None) = (base.host(), base.path(), base.port()) else { return Ok(None) };
        if super::site::is_loopback(base) {
            return Ok(None);
        }
        let mut foreign = None;
        for kind in self.kinds {
            for url in srv::locations(kind.row().service, domain).await {
                let Some(address) = Href::from_url(&url) else { continue };
                if !self.client.allow_below(&url) {
                    let what =
                        format!("DNS names {} for {domain}, another site, which gets no credentials", shown(&url));
                    foreign = Some(Error::new(ErrorKind::Redirected, what));
                } else if address.path() != "/"
                    && let Ok(Some(found)) = self.at(&address).await
                {
                    return Ok(Some(found));
                } else if let Some(found) = self.at_well_known(&address, &[*kind]).await? {
                    return Ok(Some(found));
                }
            }
        }
        foreign.map_or(Ok(None), Err)
    }

    /// Calendars and contacts may lie under different principals; then the other kind's well-known address tells.
    async fn add_missing_kinds(&mut self, server: &Href, homes: &mut Vec<Home>) {
        if server.path() != "/" {
            return;
        }
        for kind in self.kinds {
            if homes.iter().any(|home| home.kind == *kind) {
                continue;
            }
            let Ok(address) = Href::new(server.url(), kind.row().well_known) else { continue };
            let Ok(look) = self.look(&address).await else { continue };
            let mut more = self.homes_in(&look);
            if let (true, Some(principal)) = (more.is_empty(), principal(&look)) {
                more = self.homes_of(&principal).await.unwrap_or_default();
            }
            homes.extend(more.into_iter().filter(|home| home.kind == *kind));
        }
    }

    async fn look(&mut self, at: &Href) -> Result<Look, Error> {
        let mut names = collection_properties();
        names.extend([names::CURRENT_USER_PRINCIPAL, names::SCHEDULE_OUTBOX_URL]);
        names.extend(self.kinds.iter().map(|kind| kind.row().home_set));
        let request = Propfind { at: at.clone(), depth: Depth::Zero, names };
        let mut reply = self.client.send(&request).await;
        let shut_out = match &reply {
            Ok(reply) => own_resource(reply, at).is_some_and(is_nobody),
            Err(error) => error.kind == ErrorKind::Forbidden,
        };
        if shut_out && self.client.volunteer() {
            reply = self.client.send(&request).await;
        }
        let reply = self.noted(reply?);
        match own_resource(&reply, at) {
            Some(resource) => Ok(Look { at: reply.at.clone(), resource: resource.clone() }),
            None => Err(nothing_there(at)),
        }
    }

    async fn list(&mut self, home: &Href) -> Result<PropfindReply, Error> {
        let request = Propfind { at: home.clone(), depth: Depth::One, names: collection_properties() };
        let reply = self.client.send(&request).await?;
        Ok(self.noted(reply))
    }

    // QUIRK(xandikos): sends the `DAV` header with OPTIONS alone; the outbox tells it too.
    fn noted(&mut self, reply: PropfindReply) -> PropfindReply {
        self.scheduling |= reply.features.iter().any(|class| class == "calendar-auto-schedule")
            || reply.resources.iter().any(|resource| resource.get(names::SCHEDULE_OUTBOX_URL).is_some());
        reply
    }

    async fn homes_of(&mut self, principal: &Href) -> Result<Vec<Home>, Error> {
        let look = self.look(principal).await?;
        Ok(self.homes_in(&look))
    }

    fn homes_in(&self, look: &Look) -> Vec<Home> {
        let mut homes: Vec<Home> = Vec::new();
        for kind in self.kinds {
            let set = look.resource.get(kind.row().home_set);
            for text in set.into_iter().flat_map(|set| set.hrefs().collect::<Vec<_>>()) {
                let home = Href::new(look.at.url(), &text).map(|href| Home { kind: *kind, href: as_collection(href) });
                homes.extend(home.ok().filter(|home| !homes.contains(home)));
            }
        }
        homes
    }

    /// The address itself as a home, for each kind that lies in it.
    async fn homes_by_listing(&mut self, at: &Href) -> Vec<Home> {
        let Ok(reply) = self.list(at).await else { return Vec::new() };
        let collections: Vec<Collection> =
            reply.resources.iter().filter_map(|resource| Collection::read(resource, self.kinds)).collect();
        let kinds = self.kinds.iter().filter(|kind| collections.iter().any(|c| c.kind == **kind));
        kinds.map(|kind| Home { kind: *kind, href: reply.at.clone() }).collect()
    }

    async fn account(mut self, found: Found) -> Result<Account, Error> {
        let mut account = Account {
            principal: found.principal,
            homes: Vec::new(),
            collections: Vec::new(),
            failures: Vec::new(),
            only: false,
            scheduling: false,
        };
        match found.what {
            What::Only(collection) => {
                account.only = true;
                account.collections.push(*collection);
            }
            What::Homes(homes) => self.fill(&mut account, homes).await?,
        }
        account.scheduling = self.scheduling;
        Ok(account)
    }

    /// An error only if no home can be listed.
    async fn fill(&mut self, account: &mut Account, homes: Vec<Home>) -> Result<(), Error> {
        let mut hrefs: Vec<&Href> = Vec::new();
        for home in &homes {
            if !hrefs.contains(&&home.href) {
                hrefs.push(&home.href);
            }
        }
        for href in &hrefs {
            match self.list(href).await {
                Ok(reply) => add_collections(account, &reply, self.kinds),
                Err(why) => account.failures.push(HomeFailure { href: (*href).clone(), why }),
            }
        }
        if account.failures.len() == hrefs.len()
            && let Some(failure) = account.failures.pop()
        {
            return Err(failure.why);
        }
        account.homes = homes;
        Ok(())
    }
}

fn add_collections(account: &mut Account, reply: &PropfindReply, kinds: &[Kind]) {
    for resource in &reply.resources {
        if let Some(collection) = Collection::read(resource, kinds)
            && !account.collections.iter().any(|known| known.href == collection.href)
        {
            account.collections.push(collection);
        }
    }
}

fn own_resource<'a>(reply: &'a PropfindReply, asked: &Href) -> Option<&'a Resource> {
    let own = reply.resources.iter().find(|resource| resource.href == reply.at || resource.href == *asked);
    own.or_else(|| reply.resources.first())
}

fn principal(look: &Look) -> Option<Href> {
    let text = look.resource.get(names::CURRENT_USER_PRINCIPAL)?.hrefs().next()?;
    Href::new(look.at.url(), &text).ok()
}

/// RFC 5397 §3: the server let us in without asking who we are.
fn is_nobody(resource: &Resource) -> bool {
    resource.get(names::CURRENT_USER_PRINCIPAL).is_some_and(|e| e.find(names::UNAUTHENTICATED).is_some())
}

/// Whether an address stands for all of what was found from it: the principal, or something above it or its homes.
fn leads_to(at: &Href, principal: Option<&Href>, homes: &[Home]) -> bool {
    principal.is_some_and(|principal| at.is_above(principal)) || homes.iter().any(|home| at.is_above(&home.href))
}

/// Homes are written without the slash at the end by some; names are joined to them.
fn as_collection(href: Href) -> Href {
    if href.path().ends_with('/') {
        return href;
    }
    let mut url = href.url().clone();
    url.set_path(&format!("{}/", href.path()));
    Href::from_url(&url).unwrap_or(href)
}

fn may_be_elsewhere(error: &Error, at: &Href) -> bool {
    match error.kind {
        // Who names a path means it: a wrong one must not become the whole account.
        ErrorKind::NotFound => at.path() == "/",
        ErrorKind::Unauthorised | ErrorKind::Usage => false,
        _ => true,
    }
}

fn nothing_there(at: &Href) -> Error {
    let what = format!("{} leads to no calendars or address books of ours", shown(at.url()));
    Error::new(ErrorKind::NotDav, what)
}
