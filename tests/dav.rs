//! The dav room against a scripted server.

mod discovery;
mod http2;
mod requests;
mod safety;
mod signing_in;
mod tls;

use std::time::Duration;

use davault::dav::{AuthScheme, Client, Credentials, Error, Href, Options, RetryPolicy};
use url::Url;

use crate::support::scripted::Server;

/// Options for tests: alice, quick retries, short timeouts.
fn options(url: &str) -> Options {
    let mut options = Options::new(Url::parse(url).expect("a URL"));
    options.credentials = Credentials::Password { username: "alice".into(), password: "secret-pw".into() };
    options.timeout = Duration::from_millis(500);
    options.retry =
        RetryPolicy { attempts: 3, first_delay: Duration::from_millis(1), longest_delay: Duration::from_millis(20) };
    options
}

fn client_with(server: &Server, change: impl FnOnce(&mut Options)) -> Client {
    let mut options = options(&server.url());
    change(&mut options);
    Client::new(options).expect("a client")
}

fn client(server: &Server) -> Client {
    client_with(server, |_| {})
}

/// For tests in which nobody signs in.
fn anonymous(server: &Server) -> Client {
    client_with(server, |options| {
        options.credentials = Credentials::None;
        options.auth = AuthScheme::Auto;
    })
}

fn href(client: &Client, path: &str) -> Href {
    client.href(path).expect("a path")
}

fn sentence(error: &Error) -> String {
    davault::report::sentence(error)
}
