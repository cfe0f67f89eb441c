//! Finds everything of an account from any address in it.

use futures_util::future::join_all;
use url::Host;

use super::account::{Account, Collection, Home, Role, collection_properties};
use super::client::Client;
use super::error::{Error, ErrorKind};
use super::failure::shown;
use super::href::Href;
use super::kind::Kind;
use super::look::{Look, as_collection, is_nobody, own_resource};
use super::names;
use super::others::Others;
use super::request::{Depth, Propfind, PropfindReply, Resource};
use super::scheduling::Scheduling;
use super::srv;
use super::unread::{Missing, Unread};

mod again;

pub use again::{Known, find_again};

/// Finds the homes and collections of `kinds` from the client's location: the location itself, then well-known addresses
/// (RFC 6764 §5), then DNS (RFC 6764 §3).
///
/// The location may be a server, a principal, a home or one collection. Kind `NotDav` if there is nothing of the kind, and
/// `NotFound` if a location with a path is not there.
pub async fn discover(client: &Client, kinds: &[Kind]) -> Result<Account, Error> {
    let mut search = Search::new(client, kinds);
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
    scheduling: Scheduling,
    /// What could not be found out, of kinds for which no home was found.
    unread: Vec<Unread>,
    /// What to ask for besides.
    others: Others,
    /// Who was signed in before.
    known_user: Option<Href>,
    /// Who is signed in, by the first answer that tells.
    user: Option<Href>,
}

impl<'a> Search<'a> {
    fn new(client: &'a Client, kinds: &'a [Kind]) -> Self {
        let (scheduling, others) = (Scheduling::default(), Others::default());
        Self { client, kinds, scheduling, unread: Vec::new(), others, known_user: None, user: None }
    }
}

impl Search<'_> {
    /// What an address leads to; `None` if it answers but leads nowhere.
    async fn at(&mut self, address: &Href) -> Result<Option<Found>, Error> {
        let look = self.look(address).await?;
        if let Some(collection) = Collection::read(&look.resource, self.kinds) {
            let principal = look.principal();
            // Only to learn whether the server sends invitations; who can't be asked leaves that open.
            if let Some(principal) = &principal
                && let Ok(look) = self.look(principal).await
            {
                self.scheduling.note_principal(&look.resource);
            }
            return Ok(Some(Found { principal, what: What::Only(Box::new(collection)) }));
        }
        let own = self.homes_in(&look);
        let (principal, mut homes) = match look.principal() {
            _ if !own.is_empty() => {
                self.scheduling.note_principal(&look.resource);
                // QUIRK(davical): names our homes above our principal, too.
                let below = look.principal().filter(|principal| look.at.is_above(principal));
                (Some(below.unwrap_or_else(|| look.at.clone())), own)
            }
            Some(principal) => {
                let homes = self.homes_of(&principal).await?;
                (Some(principal), homes)
            }
            None => (None, Vec::new()),
        };
        if homes.iter().any(|home| home.href == look.at) {
            homes.retain(|home| home.href == look.at);
        } else if !look.leads_to(principal.as_ref(), &homes) {
            // Somebody else's home, or a server without principals.
            let here = self.homes_by_listing(&look.at).await?;
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
            let address = Href::new(&server.url(), kind.row().well_known)?;
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
        if super::site::is_loopback(&base) {
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
            let Ok(address) = Href::new(&server.url(), kind.row().well_known) else { continue };
            match self.homes_from(&address).await {
                Ok(more) => homes.extend(more.into_iter().filter(|home| home.kind == *kind)),
                Err(error) if says_none(&error) => {}
                Err(error) => self.unread.push(Unread::new(address, Missing::Collections(vec![*kind]), error)),
            }
        }
    }

    /// The homes that an address or its principal names.
    async fn homes_from(&mut self, address: &Href) -> Result<Vec<Home>, Error> {
        let look = self.look(address).await?;
        let homes = self.homes_in(&look);
        match look.principal() {
            Some(principal) if homes.is_empty() => self.homes_of(&principal).await,
            _ => Ok(homes),
        }
    }

    async fn look(&mut self, at: &Href) -> Result<Look, Error> {
        let mut names = collection_properties();
        names.extend([names::CURRENT_USER_PRINCIPAL, names::SCHEDULE_OUTBOX_URL]);
        names.extend(self.kinds.iter().map(|kind| kind.row().home_set));
        let request = Propfind { at: at.clone(), depth: Depth::Zero, names, also: self.others.named().to_vec() };
        let mut reply = self.client.send(&request).await;
        let shut_out = match &reply {
            Ok(reply) => own_resource(reply, at).is_some_and(is_nobody),
            Err(error) => error.kind == ErrorKind::Forbidden,
        };
        if shut_out && self.client.volunteer() {
            reply = self.client.send(&request).await;
        }
        let reply = self.noted(reply?);
        let Some(resource) = own_resource(&reply, at) else { return Err(nothing_there(at)) };
        self.note_user(resource, &reply.at)?;
        Ok(Look { at: reply.at.clone(), resource: resource.clone() })
    }

    async fn list(&mut self, home: &Href) -> Result<PropfindReply, Error> {
        let reply = self.ask_for(home).await;
        self.listed(home, reply)
    }

    async fn ask_for(&self, home: &Href) -> Result<PropfindReply, Error> {
        let mut names = collection_properties();
        names.push(names::CURRENT_USER_PRINCIPAL);
        let request = Propfind { at: home.clone(), depth: Depth::One, names, also: self.others.named().to_vec() };
        self.client.send(&request).await
    }

    /// What a home holds, and what it says of who is signed in.
    fn listed(&mut self, home: &Href, reply: Result<PropfindReply, Error>) -> Result<PropfindReply, Error> {
        let reply = reply?;
        if let Some(own) = own_resource(&reply, home) {
            self.note_user(own, &reply.at)?;
        }
        Ok(self.noted(reply))
    }

    /// Notes who is signed in; an error where that is somebody else than before.
    fn note_user(&mut self, resource: &Resource, at: &Href) -> Result<(), Error> {
        let look = Look { at: at.clone(), resource: resource.clone() };
        let Some(now) = look.principal() else { return Ok(()) };
        let known = self.known_user.as_ref();
        if known.is_some_and(|known| *known != now) {
            return Err(nothing_there(at));
        }
        self.user.get_or_insert(now);
        Ok(())
    }

    fn noted(&mut self, reply: PropfindReply) -> PropfindReply {
        self.scheduling.note(&reply);
        reply
    }

    async fn homes_of(&mut self, principal: &Href) -> Result<Vec<Home>, Error> {
        let look = self.look(principal).await?;
        self.scheduling.note_principal(&look.resource);
        for kind in self.kinds {
            let failing = |status| status >= 500;
            let asked = look.resource.properties.iter().find(|property| property.element.is(kind.row().home_set));
            if let Some(status) = asked.map(|property| property.status).filter(|status| failing(*status)) {
                let why = format!("the server answered {status} when asked for {}s", kind.word());
                let why = Error::new(ErrorKind::Server, why).with_status(status);
                self.unread.push(Unread::new(look.at.clone(), Missing::Collections(vec![*kind]), why));
            }
        }
        Ok(self.homes_in(&look))
    }

    fn homes_in(&self, look: &Look) -> Vec<Home> {
        let mut homes: Vec<Home> = Vec::new();
        for kind in self.kinds {
            let set = look.resource.get(kind.row().home_set);
            for text in set.into_iter().flat_map(|set| set.hrefs().collect::<Vec<_>>()) {
                let home = Href::new(&look.at.url(), &text).map(|href| Home { kind: *kind, href: as_collection(href) });
                homes.extend(home.ok().filter(|home| !homes.contains(home)));
            }
        }
        homes
    }

    /// The address itself as a home, for each kind that lies in it.
    ///
    /// An error where it can't be told whether it is one: then it must not become somebody's whole account instead.
    async fn homes_by_listing(&mut self, at: &Href) -> Result<Vec<Home>, Error> {
        let reply = match self.list(at).await {
            Ok(reply) => reply,
            Err(error) if is_passing(&error) => return Err(error),
            Err(_) => return Ok(Vec::new()),
        };
        let collections: Vec<Collection> =
            reply.resources.iter().filter_map(|resource| Collection::read(resource, self.kinds)).collect();
        let kinds = self.kinds.iter().filter(|kind| collections.iter().any(|c| c.kind == **kind));
        Ok(kinds.map(|kind| Home { kind: *kind, href: reply.at.clone() }).collect())
    }

    async fn account(mut self, found: Found) -> Result<Account, Error> {
        let mut account = Account {
            principal: found.principal,
            user: None,
            homes: Vec::new(),
            collections: Vec::new(),
            trash: Vec::new(),
            failures: Vec::new(),
            only: false,
            scheduling: None,
        };
        match found.what {
            What::Only(collection) => {
                account.only = true;
                account.collections.push(*collection);
            }
            What::Homes(homes) => self.fill(&mut account, homes).await?,
        }
        let homes = &account.homes;
        let is_missing = |kind: &Kind| !homes.iter().any(|home| home.kind == *kind);
        self.unread.retain(|one| matches!(&one.missing, Missing::Collections(kinds) if kinds.iter().all(is_missing)));
        if !account.only {
            account.failures.append(&mut self.unread);
        }
        account.scheduling = self.scheduling.says();
        account.user = self.user;
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
        let mut listed = 0;
        for (href, reply) in self.ask_for_all(&hrefs).await {
            let kinds: Vec<Kind> = homes.iter().filter(|home| home.href == *href).map(|home| home.kind).collect();
            match self.listed(href, reply) {
                Ok(reply) => {
                    listed += 1;
                    self.add_collections(account, &reply);
                    let children = reply.resources.iter().filter(|one| one.href != reply.at && one.href != *href);
                    account.failures.extend(children.filter_map(|child| Unread::child(child, &kinds)));
                }
                Err(why) => {
                    account.failures.push(Unread::new(href.clone(), Missing::Collections(kinds), why));
                }
            }
        }
        if listed == 0
            && let Some(failure) = account.failures.pop()
        {
            return Err(failure.why);
        }
        account.homes = homes;
        Ok(())
    }

    /// What each home answers, in order: side by side, but for the first where that one has to find out how to sign in.
    async fn ask_for_all<'h>(&self, homes: &[&'h Href]) -> Vec<(&'h Href, Result<PropfindReply, Error>)> {
        let alone = if self.client.is_signed_in() { 0 } else { 1.min(homes.len()) };
        let (first, others) = homes.split_at(alone);
        let mut replies = Vec::with_capacity(homes.len());
        for at_once in [first, others] {
            replies.extend(join_all(at_once.iter().map(|home| async { (*home, self.ask_for(home).await) })).await);
        }
        replies
    }

    fn add_collections(&self, account: &mut Account, reply: &PropfindReply) {
        for resource in &reply.resources {
            let Some(mut collection) = Collection::read(resource, self.kinds) else { continue };
            self.others.add_to(&mut collection, &resource.elements().collect::<Vec<_>>());
            let place = if collection.role == Role::Trash { &mut account.trash } else { &mut account.collections };
            if !place.iter().any(|known| known.href == collection.href) {
                place.push(collection);
            }
        }
    }
}

/// Whether an answer means that there is nothing of the kind, rather than that nobody can tell.
fn says_none(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::NotDav)
}

fn is_passing(error: &Error) -> bool {
    use ErrorKind::{Server, TimedOut, TooLarge, Unauthorised, Unreachable};
    matches!(error.kind, Server | TimedOut | TooLarge | Unauthorised | Unreachable)
}

fn may_be_elsewhere(error: &Error, at: &Href) -> bool {
    match error.kind {
        // Who names a path means it: a wrong one must not become the whole account.
        ErrorKind::NotFound => at.path() == "/",
        // Nor may one that is only in trouble today.
        _ if is_passing(error) => at.path() == "/" && error.kind != ErrorKind::Unauthorised,
        ErrorKind::Usage => false,
        _ => true,
    }
}

fn nothing_there(at: &Href) -> Error {
    let what = format!("{} leads to no calendars or address books of ours", shown(&at.url()));
    Error::new(ErrorKind::NotDav, what)
}
