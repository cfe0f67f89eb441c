//! From a location and checked options to a client that has not connected yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::remembered::Identity;
use crate::connector::location::{Scheme, Site};
use crate::connector::options::{is_on, list, seconds};
use crate::connector::{About, Error, ErrorKind, secret};
use crate::dav::{self, AuthScheme, Client, Credentials, Kind, Tls};

/// An account that was named and not connected to.
pub(in crate::connector) struct Opened {
    /// Speaks to its server.
    pub client: Client,
    /// Who it is.
    pub about: About,
    /// The kinds of collections that its scheme means.
    pub kinds: Vec<Kind>,
    /// How many requests may run at the same time.
    pub connections: usize,
    /// Whose account it is.
    pub identity: Identity,
}

/// Options that say which items are wanted.
const FILTERS: [&str; 3] = ["components", "since", "until"];

/// Reads secrets and builds the client; the options are checked ones.
pub(in crate::connector) async fn open(site: Site, options: &BTreeMap<String, String>) -> Result<Opened, Error> {
    let credentials = credentials(&site, options).await?;
    let username = match &credentials {
        Credentials::Password { username, .. } => Some(username.as_str()),
        Credentials::None | Credentials::Bearer(_) => None,
    };
    let kinds = kinds(site.scheme);
    let filter = FILTERS.map(|name| options.get(name).map(String::as_str).unwrap_or_default()).join("\n");
    let location = site.url.to_string();
    let identity = Identity { location, username: username.map(str::to_owned), kinds: kinds.clone(), filter };
    let about = About { origin: site.origin(username), scheme: site.scheme.name().to_owned(), root: "/".to_owned() };
    let mut set = dav::Options::new(site.url);
    set.credentials = credentials;
    set.auth = match options.get("auth").map(String::as_str) {
        Some("basic") => AuthScheme::Basic,
        Some("digest") => AuthScheme::Digest,
        Some("bearer") => AuthScheme::Bearer,
        _ => AuthScheme::Auto,
    };
    set.tls = tls(options);
    set.trusted_hosts = list(options, "trusted_hosts");
    set.allow_plain_http = is_on(options, "allow_plain_http");
    set.subscribed_items = is_on(options, "include_subscribed");
    set.proxy = options.get("proxy").cloned();
    if let Some(connections) = options.get("connections").and_then(|value| value.parse().ok()) {
        set.connections = connections;
    }
    if let Some(limit) = seconds(options, "timeout") {
        set.timeout = Duration::from_secs(limit);
    }
    if let Some(name) = options.get("user_agent") {
        set.user_agent.clone_from(name);
    }
    let connections = set.connections;
    let client = Client::new(set).map_err(|error| failed(format!("cannot use {}", about.origin), error))?;
    Ok(Opened { client, about, kinds, connections, identity })
}

/// What became of a request, in the words of this room: `what` failed because of `error`.
pub(super) fn failed(what: impl Into<String>, error: dav::Error) -> Error {
    let kind = match error.kind {
        dav::ErrorKind::Usage => ErrorKind::Usage,
        dav::ErrorKind::Unreachable
        | dav::ErrorKind::Tls
        | dav::ErrorKind::Unauthorised
        | dav::ErrorKind::NotDav
        | dav::ErrorKind::Redirected
        | dav::ErrorKind::TimedOut => ErrorKind::Access,
        _ => ErrorKind::Item,
    };
    Error { kind, what: what.into(), source: Some(Box::new(error)) }
}

fn kinds(scheme: Scheme) -> Vec<Kind> {
    match scheme {
        Scheme::Caldav => vec![Kind::Calendar],
        Scheme::Carddav => vec![Kind::AddressBook],
        Scheme::Dav => Kind::ALL.to_vec(),
    }
}

async fn credentials(site: &Site, options: &BTreeMap<String, String>) -> Result<Credentials, Error> {
    if let Some(token) = options.get("bearer_token") {
        return Ok(Credentials::Bearer(SecretString::from(token.as_str())));
    }
    let password = match (options.get("password"), options.get("password_file"), options.get("password_command")) {
        (Some(password), _, _) => Some(SecretString::from(password.as_str())),
        (_, Some(file), _) => Some(secret::from_file(Path::new(file)).await?),
        (_, _, Some(command)) => Some(secret::from_command(command).await?),
        (None, None, None) => None,
    };
    let username = options.get("username").cloned().or_else(|| site.username.clone());
    match (username, password) {
        (Some(username), Some(password)) => Ok(Credentials::Password { username, password }),
        (None, None) => Ok(Credentials::None),
        (Some(username), None) => {
            Err(usage(format!("no password for {username}; give password, password_file or password_command")))
        }
        (None, Some(_)) => {
            Err(usage("a password needs a user name; give username, or write it before the host".to_owned()))
        }
    }
}

fn tls(options: &BTreeMap<String, String>) -> Tls {
    let path = |name: &str| options.get(name).map(PathBuf::from);
    Tls {
        ca_file: path("ca_file"),
        client_cert: path("client_cert"),
        client_key: path("client_key"),
        fingerprint: options.get("fingerprint").cloned(),
        verify: !options.contains_key("tls_verify") || is_on(options, "tls_verify"),
    }
}

fn usage(what: String) -> Error {
    Error { kind: ErrorKind::Usage, what, source: None }
}
