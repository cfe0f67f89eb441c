//! What a [`Client`](super::Client) is made from.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// How many requests run at the same time where nobody says.
pub const DEFAULT_CONNECTIONS: usize = 4;

/// Where a client connects, who it says it is, and its limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// The location: a server, a principal, a home or one collection. `http` or `https`; user and query are ignored.
    pub base: Url,
    /// Who we are.
    pub credentials: Credentials,
    /// How to sign in.
    pub auth: AuthScheme,
    /// Whom to trust.
    pub tls: Tls,
    /// Further hosts (`host` or `host:port`) that may get the credentials, over https.
    pub trusted_hosts: Vec<String>,
    /// Most requests at the same time, at least 1.
    pub connections: usize,
    /// Longest wait for the beginning of an answer and between two pieces of it; connecting may take at most half a minute
    /// of it. A whole answer may take ten times as long.
    pub timeout: Duration,
    /// A proxy for everything (`http://…`, `socks5://…`); without one the environment's is used, except for loopback.
    pub proxy: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Whether subscribed calendars are to show what is in them, where the server leaves that to us.
    pub subscribed_items: bool,
    /// Whether credentials may go over plain http to another machine.
    pub allow_plain_http: bool,
    /// How often and how soon to try again.
    pub retry: RetryPolicy,
}

impl Options {
    /// The defaults, without credentials.
    #[must_use]
    pub fn new(base: Url) -> Self {
        Self {
            base,
            credentials: Credentials::None,
            auth: AuthScheme::Auto,
            tls: Tls::default(),
            trusted_hosts: Vec::new(),
            connections: DEFAULT_CONNECTIONS,
            timeout: Duration::from_mins(1),
            proxy: None,
            user_agent: concat!("davault/", env!("CARGO_PKG_VERSION")).to_owned(),
            subscribed_items: false,
            allow_plain_http: false,
            retry: RetryPolicy::default(),
        }
    }
}

/// Who we are for the server. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nobody.
    None,
    /// A user name and a password, for Basic or Digest.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A bearer token (RFC 6750).
    Bearer(SecretString),
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthScheme {
    /// Answers the strongest challenge of the server, and sends nothing before one (a bearer token is sent at once).
    Auto,
    /// Basic (RFC 7617), sent at once.
    Basic,
    /// Digest only (RFC 7616).
    Digest,
    /// A bearer token, sent at once.
    Bearer,
}

/// Whom to trust, and who we are in TLS. Files are PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Further authorities to trust beside the platform's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, with its chain.
    pub client_cert: Option<PathBuf>,
    /// The key of our certificate.
    pub client_key: Option<PathBuf>,
    /// SHA-256 of the server's certificate, as hexadecimal digits with or without colons; checked beside the authorities.
    pub fingerprint: Option<String>,
    /// Whether authorities are asked at all; `false` only together with a fingerprint.
    pub verify: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self { ca_file: None, client_cert: None, client_key: None, fingerprint: None, verify: true }
    }
}

/// How often and how soon a request is sent again that may be (see `retry`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most sendings of one request, the first included.
    pub attempts: u32,
    /// The wait before the second sending; it doubles each time. A random part of up to a half is taken off.
    pub first_delay: Duration,
    /// Longest wait. Where the server asks for more by `Retry-After` the request is given up.
    pub longest_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 5, first_delay: Duration::from_millis(500), longest_delay: Duration::from_mins(1) }
    }
}
