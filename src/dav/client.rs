//! Sends requests: signs in, follows redirects on the site, tries again, and bounds what is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::auth::{Answer, Auth};
use super::body::{Body, Patience};
use super::error::{Error, ErrorKind};
use super::failure::{Failure, refusal, shown};
use super::href::Href;
use super::options::{Options, RetryPolicy};
use super::request::{Expects, Head, Part, Parts, Request};
use super::retry::{self, Next};
use super::site::{Site, is_loopback};
use super::tls;
use super::xml::Multistatus;

/// Largest body that is read as a whole, in bytes, after decompression.
const LARGEST_CONTENT: usize = 64 << 20;

/// How much is read of what a server says about an error, in bytes.
const LARGEST_EXPLANATION: usize = 64 << 10;

/// Most redirects for one request; real servers need two.
const MOST_REDIRECTS: usize = 5;

/// Most rounds of signing in for one request: a challenge, a stale nonce, and one more of each.
const MOST_CHALLENGES: usize = 4;

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The slowest sending of a body that is waited for, in bytes a second.
const SLOWEST_UPLOAD: u64 = 32 << 10;

/// A whole answer, however it trickles, may take so many times as long as the wait for its next piece.
const WHOLE_FACTOR: u32 = 10;

/// Speaks to one site. Cheap to clone; clones share connections, limits and what was learned about signing in.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    base: Href,
    http: reqwest::Client,
    auth: Auth,
    site: Site,
    permits: Semaphore,
    timeout: Duration,
    subscribed_items: bool,
    retry: RetryPolicy,
    /// Whether the server ever answered: then a connection that fails may be a passing trouble.
    reached: AtomicBool,
}

impl Client {
    /// Checks the options and reads the files that they name; connects to nothing.
    pub fn new(options: Options) -> Result<Self, Error> {
        let base = Href::from_url(&options.base).ok_or_else(|| usage("the location is no http or https URL"))?;
        let auth = Auth::new(options.credentials.clone(), options.auth);
        let plain = base.url().scheme() == "http" && !is_loopback(&base.url());
        if plain && auth.has_credentials() && !options.allow_plain_http {
            let url = base.url();
            let host = url.host_str().unwrap_or_default();
            return Err(usage(&format!("the password would go over plain http to {host}, where anybody can read it")));
        }
        let site = Site::new(base.url(), &options.trusted_hosts)
            .map_err(|entry| usage(&format!("trusted_hosts: \"{entry}\" is no host")))?;
        let inner = Inner {
            http: http_client(&options, &base.url())?,
            base,
            auth,
            site,
            permits: Semaphore::new(options.connections.max(1)),
            timeout: options.timeout,
            subscribed_items: options.subscribed_items,
            retry: options.retry,
            reached: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The location.
    #[must_use]
    pub fn base(&self) -> &Href {
        &self.inner.base
    }

    /// Reads an address that was stored as text, relative to the location.
    pub fn href(&self, text: &str) -> Result<Href, Error> {
        Href::new(self.inner.site.base(), text)
    }

    /// Sends a request and waits for its whole answer, from which the reply is built while it arrives: no body of a
    /// multistatus is ever held.
    ///
    /// Kind `OutcomeUnknown` for a write of which nobody can say whether it was done; it is never sent twice.
    pub async fn send<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        self.send_timed(request).await.0
    }

    /// Like [`Client::send`], and says how long the last sending took, from when it was its turn to its end.
    pub async fn send_timed<R: Request>(&self, request: &R) -> (Result<R::Reply, Error>, Duration) {
        let parts = request.parts();
        let mut sending = 1;
        loop {
            let permit = self.inner.permits.acquire().await;
            let began = Instant::now();
            let attempt = self.inner.attempt(request, &parts).await;
            let took = began.elapsed();
            drop(permit);
            match attempt {
                Ok(reply) => return (Ok(reply), took),
                Err(failure) if request.can_be_less() && failure.is_of_a_gateway() => {
                    return (Err(failure.error.doing(&action(&parts))), took);
                }
                Err(failure) => match self.inner.before_again(failure, &parts, &mut sending).await {
                    Ok(()) => {}
                    Err(error) => return (Err(error), took),
                },
            }
        }
    }

    /// For a server that shows nothing to nobody without asking who we are; see [`Auth::volunteer`].
    pub(super) fn volunteer(&self) -> bool {
        self.inner.auth.volunteer()
    }

    /// Says at once who we are to the location's own origin, which took Basic in an earlier run; see [`Client::took_basic`].
    /// Where the options want another way to sign in, or there is no password, nothing comes of it.
    pub fn expect_basic(&self) {
        self.inner.auth.expect_basic();
    }

    /// Takes back [`Client::expect_basic`], where nothing has shown that it was right.
    pub fn doubt_basic(&self) {
        self.inner.auth.doubt_basic();
    }

    /// Whether the location's own origin (scheme, host and port) has taken a user name and password by Basic (RFC 7617).
    #[must_use]
    pub fn took_basic(&self) -> bool {
        self.inner.auth.took_basic()
    }

    /// Whether requests may go side by side without each being asked first who we are.
    pub(super) fn is_signed_in(&self) -> bool {
        self.inner.auth.is_settled()
    }

    /// See [`Site::allow_below`].
    pub(super) fn allow_below(&self, url: &Url) -> bool {
        self.inner.site.allow_below(url)
    }
}

impl Inner {
    async fn attempt<R: Request>(&self, request: &R, parts: &Parts) -> Result<R::Reply, Failure> {
        let (head, body) = self.exchange(parts).await?;
        let mut reply = request.begin(&head).map_err(Failure::reading)?;
        if parts.expects == Expects::Content {
            let content = body.whole(LARGEST_CONTENT).await.map_err(Failure::reading)?;
            request.add(&mut reply, Part::Content(content)).map_err(Failure::reading)?;
        } else if head.status == 207 {
            let body = body.at_most(request.largest_answer());
            let mut members = Multistatus::open(body, head.url).await.map_err(Failure::reading)?;
            loop {
                request.room().await;
                let Some(response) = members.next().await.map_err(Failure::reading)? else { break };
                request.add(&mut reply, Part::Response(response)).map_err(Failure::reading)?;
            }
            if let Some(token) = members.into_sync_token() {
                request.add(&mut reply, Part::SyncToken(token)).map_err(Failure::reading)?;
            }
        } else {
            // The answer is known; reading the rest only lets the connection be used again.
            body.beginning(LARGEST_EXPLANATION).await;
        }
        Ok(reply)
    }

    /// Waits until a request may be sent again, or says why it may not.
    async fn before_again(&self, failure: Failure, parts: &Parts, sending: &mut u32) -> Result<(), Error> {
        let Failure { end, asked_delay, error } = failure;
        let error = error.doing(&action(parts));
        match retry::next(end, parts.repeatable) {
            Next::Again if end == retry::End::NotConnected && !self.reached.load(Ordering::Relaxed) => Err(error),
            Next::Again if retry::is_too_long(&self.retry, asked_delay) => Err(error.asking(asked_delay)),
            Next::Again if *sending < self.retry.attempts => {
                *sending += 1;
                sleep(retry::delay(&self.retry, *sending, asked_delay, rand::random())).await;
                Ok(())
            }
            Next::Unknown => {
                let why = format!("{}: whether it was done is unknown", action(parts));
                let status = error.status;
                Err(Error { status, ..Error::new(ErrorKind::OutcomeUnknown, why).caused_by(error) })
            }
            Next::Again | Next::GiveUp => Err(error),
        }
    }

    /// One sending with the redirects and challenges that belong to it; an answer with an expected status.
    async fn exchange(&self, parts: &Parts) -> Result<(Head, Body), Failure> {
        let mut url = parts.at.url();
        if !self.site.allows(&url) {
            return Err(Failure::lasting(elsewhere(&url)));
        }
        let mut tried = Vec::new();
        let mut redirects = 0;
        loop {
            let is_home = url.origin() == self.site.base().origin();
            let (sent, authorization) = self.auth.header(parts.method.as_str(), uri(&url).as_str(), is_home);
            let response = self.send_once(parts, &url, authorization).await?;
            self.reached.store(true, Ordering::Relaxed);
            if response.status() == StatusCode::UNAUTHORIZED && tried.len() < MOST_CHALLENGES {
                tried.push(sent.clone());
                match self.auth.challenged(response.headers(), &sent, &tried) {
                    Answer::Again => {
                        self.body(response).beginning(LARGEST_EXPLANATION).await;
                        continue;
                    }
                    Answer::Refused(why) => {
                        let error = Error::new(ErrorKind::Unauthorised, why).with_status(401);
                        return Err(Failure::lasting(error));
                    }
                }
            }
            if is_home && response.status().is_success() {
                self.auth.taken(&sent);
            }
            if let Some(to) = redirect(&response, &parts.method, &url) {
                redirects += 1;
                url = self.follow(&url, to, redirects)?;
                self.body(response).beginning(LARGEST_EXPLANATION).await;
                continue;
            }
            return self.judge(response, url, parts.expects).await;
        }
    }

    fn follow(&self, from: &Url, to: Url, redirects: usize) -> Result<Url, Failure> {
        if !self.site.may_lead(from, &to) {
            return Err(Failure::lasting(elsewhere(&to)));
        }
        if redirects > MOST_REDIRECTS {
            let error = Error::new(ErrorKind::Refused, "the server leads from one address to the next without end");
            return Err(Failure::lasting(error));
        }
        Ok(to)
    }

    async fn send_once(
        &self,
        parts: &Parts,
        url: &Url,
        authorization: Option<HeaderValue>,
    ) -> Result<reqwest::Response, Failure> {
        let mut headers = parts.headers.clone();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value);
        }
        // Compressing costs both sides more than this line does.
        if is_loopback(url) {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        // QUIRK(nextcloud): shows a subscription as a calendar only to who asks so.
        if self.subscribed_items {
            headers.insert("x-nc-caldav-webcal-caching", HeaderValue::from_static("On"));
        }
        // SOGo and Radicale refuse bodies in chunks; an empty one has a length, too.
        if parts.method != Method::GET && parts.method != Method::DELETE {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(parts.body.len()));
        }
        let request = self.http.request(parts.method.clone(), url.clone()).headers(headers).body(parts.body.clone());
        let upload = Duration::from_secs(parts.body.len() as u64 / SLOWEST_UPLOAD);
        match timeout(self.timeout + upload, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Failure::sending(error, url)),
            Err(_) => Err(Failure::silent(self.timeout)),
        }
    }

    /// An expected answer, or what is wrong with it.
    async fn judge(&self, response: reqwest::Response, url: Url, expects: Expects) -> Result<(Head, Body), Failure> {
        let status = response.status();
        let expected = match expects {
            Expects::Multistatus => status.as_u16() == 207,
            Expects::Content | Expects::Done => status.is_success(),
        };
        if expected {
            let head = Head { status: status.as_u16(), headers: response.headers().clone(), url };
            return Ok((head, self.body(response)));
        }
        let asked_delay = retry::asked_delay(response.headers());
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = self.body(response).beginning(LARGEST_EXPLANATION).await;
        let error = refusal(status, content_type.as_deref(), &body).await;
        // QUIRK(google): says 403 where others say 429.
        let end = if error.is_about_rate() { 429 } else { status.as_u16() };
        Err(Failure { end: retry::End::Status(end), asked_delay, error })
    }

    fn body(&self, response: reqwest::Response) -> Body {
        Body::new(response, Patience { idle: self.timeout, whole: self.timeout * WHOLE_FACTOR })
    }
}

fn http_client(options: &Options, base: &Url) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config(&options.tls)?)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(options.timeout.min(CONNECT_TIMEOUT))
        .pool_max_idle_per_host(options.connections.max(1))
        .referer(false)
        .user_agent(&options.user_agent);
    if let Some(proxy) = &options.proxy {
        let proxy = reqwest::Proxy::all(proxy).map_err(|_| usage("proxy: that is no URL of a proxy"))?;
        builder = builder.proxy(proxy);
    } else if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| usage("the HTTP client can't be set up").caused_by(error))
}

/// Where an answer leads to with the same method and body, if it leads anywhere.
fn redirect(response: &reqwest::Response, method: &Method, from: &Url) -> Option<Url> {
    let follows = match response.status().as_u16() {
        301 | 302 | 307 | 308 => true,
        303 => method == Method::GET,
        _ => false,
    };
    let location = response.headers().get(LOCATION).filter(|_| follows)?.to_str().ok()?;
    let mut to = from.join(location).ok()?;
    to.set_username("").ok()?;
    to.set_password(None).ok()?;
    to.set_fragment(None);
    Some(to)
}

fn elsewhere(url: &Url) -> Error {
    let origin = url.origin().ascii_serialization();
    Error::new(ErrorKind::Redirected, format!("it leads to {origin}, another site, which gets no credentials"))
}

/// `PROPFIND https://dav.example.com/alice/`.
fn action(parts: &Parts) -> String {
    format!("{} {}", parts.method, shown(&parts.at.url()))
}

fn uri(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn usage(what: &str) -> Error {
    Error::new(ErrorKind::Usage, what)
}
