//! Signing in: which challenge is answered, and what worked is remembered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use http_auth::ChallengeParser;
use secrecy::ExposeSecret as _;

use super::digest::{Challenge, Question, hex};
use super::options::{AuthScheme, Credentials};

/// Who we are, and what the server wants to see of it.
pub(super) struct Auth {
    credentials: Credentials,
    scheme: AuthScheme,
    known: Mutex<Known>,
    /// Whether the location's own origin has taken Basic in this run.
    took_basic: AtomicBool,
}

/// What is sent without being asked.
#[derive(Debug, Clone)]
enum Known {
    Nothing,
    /// Basic, to the location's own origin alone: it took that in an earlier run, and has not said anything yet in this one.
    BasicAtHome,
    Basic,
    Bearer,
    Digest(Challenge),
}

/// What one request has sent to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing.
    Nothing,
    /// Basic or bearer.
    Plain,
    /// An answer to the challenge with this nonce.
    Digest(String),
}

/// What to do after a 401.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Send it again: now there is something to send.
    Again,
    /// Give up, for this reason.
    Refused(&'static str),
}

impl Auth {
    pub fn new(credentials: Credentials, scheme: AuthScheme) -> Self {
        let known = match (&credentials, scheme) {
            (Credentials::Bearer(_), AuthScheme::Auto | AuthScheme::Bearer) => Known::Bearer,
            (Credentials::Password { .. }, AuthScheme::Basic) => Known::Basic,
            _ => Known::Nothing,
        };
        Self { credentials, scheme, known: Mutex::new(known), took_basic: AtomicBool::new(false) }
    }

    pub fn has_credentials(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// What to send with a request, if anything is known to be wanted; `is_home` of one to the location's own origin.
    pub fn header(&self, method: &str, uri: &str, is_home: bool) -> (Sent, Option<HeaderValue>) {
        let mut known = self.known();
        let (sent, text) = match (&mut *known, &self.credentials) {
            (Known::BasicAtHome, _) if !is_home => return (Sent::Nothing, None),
            (Known::Bearer, Credentials::Bearer(token)) => (Sent::Plain, format!("Bearer {}", token.expose_secret())),
            (Known::Basic | Known::BasicAtHome, Credentials::Password { username, password }) => {
                let pair = format!("{username}:{}", password.expose_secret());
                (Sent::Plain, format!("Basic {}", STANDARD.encode(pair)))
            }
            (Known::Digest(challenge), Credentials::Password { username, password }) => {
                let cnonce = hex(&rand::random::<[u8; 16]>());
                let password = password.expose_secret();
                let question = Question { username, password, method, uri, cnonce: &cnonce };
                (Sent::Digest(challenge.nonce.clone()), challenge.answer(&question))
            }
            _ => return (Sent::Nothing, None),
        };
        let value = HeaderValue::from_str(&text).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        (sent, value)
    }

    /// A server answered 401 to a request that had `sent` this.
    pub fn challenged(&self, headers: &HeaderMap, sent: &Sent, tried: &[Sent]) -> Answer {
        let offered = Offered::read(headers);
        let wanted = match self.choose(&offered) {
            Ok(wanted) => wanted,
            Err(why) => return Answer::Refused(why),
        };
        let refused = Answer::Refused(match self.credentials {
            Credentials::Bearer(_) => "the server refused the token",
            _ => "the server refused the user name or password",
        });
        match (&wanted, sent) {
            (Known::Basic | Known::Bearer, Sent::Plain) => return refused,
            (Known::Digest(challenge), Sent::Digest(nonce)) => {
                // A fresh nonce is worth one more try, or more if the server says that only the nonce was at fault.
                let answered = tried.iter().filter(|sent| matches!(sent, Sent::Digest(_))).count();
                if *nonce == challenge.nonce || (answered > 1 && !challenge.stale) {
                    return refused;
                }
            }
            _ => {}
        }
        if !matches!(wanted, Known::Basic) {
            self.took_basic.store(false, Ordering::Relaxed);
        }
        *self.known() = wanted;
        Answer::Again
    }

    /// The location's own origin has done what a request wanted that had `sent` this.
    pub fn taken(&self, sent: &Sent) {
        if *sent == Sent::Plain && matches!(self.credentials, Credentials::Password { .. }) {
            self.took_basic.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the location's own origin has taken Basic in this run, and nothing else since.
    pub fn took_basic(&self) -> bool {
        self.took_basic.load(Ordering::Relaxed)
    }

    /// Says at once who we are to the location's own origin, which took Basic in an earlier run; where another way is asked for,
    /// or anything was learned in this run, that counts.
    pub fn expect_basic(&self) {
        let mut known = self.known();
        if self.can_volunteer(&known) {
            *known = Known::BasicAtHome;
        }
    }

    /// Waits for a challenge again, where nothing has shown that Basic is still taken.
    pub fn doubt_basic(&self) {
        let mut known = self.known();
        if matches!(*known, Known::BasicAtHome) && !self.took_basic() {
            *known = Known::Nothing;
        }
    }

    /// Whether there is nothing that a first request would have to find out for those beside it.
    pub fn is_settled(&self) -> bool {
        match *self.known() {
            Known::Nothing => !self.has_credentials(),
            Known::BasicAtHome => self.took_basic(),
            Known::Basic | Known::Bearer | Known::Digest(_) => true,
        }
    }

    /// For a server that lets anybody in but shows them nothing: says who we are without a challenge from now on. `false`
    /// if there is no way to, or it was done already.
    pub fn volunteer(&self) -> bool {
        let mut known = self.known();
        let can = self.can_volunteer(&known);
        if can {
            *known = Known::Basic;
        }
        can
    }

    /// Whether Basic may be sent without being asked for, and nothing else is known to be wanted.
    fn can_volunteer(&self, known: &Known) -> bool {
        let password = matches!(self.credentials, Credentials::Password { .. });
        password && self.scheme == AuthScheme::Auto && matches!(known, Known::Nothing)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn choose(&self, offered: &Offered) -> Result<Known, &'static str> {
        match (&self.credentials, self.scheme) {
            (Credentials::None, _) => Err("the server wants a user name and password"),
            (Credentials::Bearer(_), AuthScheme::Auto | AuthScheme::Bearer) => Ok(Known::Bearer),
            (Credentials::Password { .. }, AuthScheme::Basic) => Ok(Known::Basic),
            (Credentials::Password { .. }, AuthScheme::Digest) => {
                offered.digest.clone().map(Known::Digest).ok_or("the server offers no Digest that we can answer")
            }
            (Credentials::Password { .. }, AuthScheme::Auto) => match &offered.digest {
                Some(challenge) => Ok(Known::Digest(challenge.clone())),
                // QUIRK(yahoo): answers 401 without any challenge, and takes Basic.
                None if offered.basic || offered.nothing => Ok(Known::Basic),
                None => Err("the server offers no way to sign in with a password"),
            },
            (Credentials::Bearer(_), _) => Err("a token can't be used for this way to sign in"),
            (Credentials::Password { .. }, AuthScheme::Bearer) => Err("there is no token to sign in with"),
        }
    }
}

/// What the challenges of a 401 offer.
struct Offered {
    digest: Option<Challenge>,
    basic: bool,
    nothing: bool,
}

impl Offered {
    fn read(headers: &HeaderMap) -> Self {
        let mut offered = Self { digest: None, basic: false, nothing: true };
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            offered.nothing = false;
            let Ok(text) = value.to_str() else { continue };
            for challenge in ChallengeParser::new(text).map_while(Result::ok) {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    offered.basic = true;
                } else if challenge.scheme.eq_ignore_ascii_case("digest") {
                    offered.consider(Challenge::read(&challenge));
                }
            }
        }
        offered
    }

    fn consider(&mut self, challenge: Option<Challenge>) {
        let Some(new) = challenge else { return };
        if self.digest.as_ref().is_none_or(|old| new.stronger_than(old)) {
            self.digest = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(scheme: AuthScheme) -> Auth {
        let credentials = Credentials::Password { username: "Aladdin".into(), password: "open sesame".into() };
        Auth::new(credentials, scheme)
    }

    fn headers(challenges: &[&'static str]) -> HeaderMap {
        challenges.iter().map(|text| (header::WWW_AUTHENTICATE, HeaderValue::from_static(text))).collect()
    }

    fn shown(auth: &Auth) -> String {
        auth.header("GET", "/", true).1.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn nothing_is_sent_before_a_challenge_and_basic_is_remembered() {
        let auth = auth(AuthScheme::Auto);
        assert_eq!(auth.header("GET", "/", true), (Sent::Nothing, None));
        let challenge = headers(&["Basic realm=\"x\""]);
        assert_eq!(auth.challenged(&challenge, &Sent::Nothing, &[]), Answer::Again);
        // RFC 7617 §2.
        assert_eq!(shown(&auth), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let refused = Answer::Refused("the server refused the user name or password");
        assert_eq!(auth.challenged(&challenge, &Sent::Plain, &[Sent::Plain]), refused);
    }

    #[test]
    fn the_strongest_challenge_is_answered() {
        let auth = auth(AuthScheme::Auto);
        let challenges = headers(&[
            "Basic realm=\"x\", Digest realm=\"x\", nonce=\"m\", qop=\"auth\", algorithm=MD5",
            "Digest realm=\"x\", nonce=\"s\", qop=\"auth\", algorithm=SHA-256",
        ]);
        assert_eq!(auth.challenged(&challenges, &Sent::Nothing, &[]), Answer::Again);
        assert!(shown(&auth).contains("algorithm=SHA-256"));
    }

    #[test]
    fn a_stale_nonce_is_answered_again_and_the_same_nonce_is_not() {
        let auth = auth(AuthScheme::Digest);
        let first = headers(&["Digest realm=\"x\", nonce=\"1\", qop=\"auth\""]);
        assert_eq!(auth.challenged(&first, &Sent::Nothing, &[]), Answer::Again);
        let (sent, _) = auth.header("GET", "/", true);
        assert!(matches!(auth.challenged(&first, &sent, std::slice::from_ref(&sent)), Answer::Refused(_)));
        let fresh = headers(&["Digest realm=\"x\", nonce=\"2\", stale=true, qop=\"auth\""]);
        assert_eq!(auth.challenged(&fresh, &sent, std::slice::from_ref(&sent)), Answer::Again);
    }

    #[test]
    fn a_wanted_scheme_is_not_weakened() {
        let refused = auth(AuthScheme::Digest).challenged(&headers(&["Basic realm=\"x\""]), &Sent::Nothing, &[]);
        assert_eq!(refused, Answer::Refused("the server offers no Digest that we can answer"));
        let nobody = Auth::new(Credentials::None, AuthScheme::Auto);
        let refused = nobody.challenged(&headers(&["Basic realm=\"x\""]), &Sent::Nothing, &[]);
        assert_eq!(refused, Answer::Refused("the server wants a user name and password"));
    }

    #[test]
    fn basic_that_was_taken_before_goes_to_the_own_origin_at_once_and_nowhere_else() {
        let basic = headers(&["Basic realm=\"x\""]);
        let auth = auth(AuthScheme::Auto);
        auth.expect_basic();
        auth.doubt_basic();
        assert_eq!(shown(&auth), "");
        auth.expect_basic();
        assert_eq!(auth.header("GET", "/", false), (Sent::Nothing, None));
        assert!(shown(&auth).starts_with("Basic ") && !auth.is_settled() && !auth.took_basic());
        auth.taken(&Sent::Plain);
        assert!(auth.is_settled() && auth.took_basic());
        let wrong = Answer::Refused("the server refused the user name or password");
        assert_eq!(auth.challenged(&basic, &Sent::Plain, &[Sent::Plain]), wrong);
        // Another host is told only when it asks.
        assert_eq!(auth.challenged(&basic, &Sent::Nothing, &[Sent::Nothing]), Answer::Again);
        assert_eq!(auth.header("GET", "/", false).0, Sent::Plain);
    }

    #[test]
    fn basic_that_was_taken_before_gives_way_to_digest_and_to_another_wish() {
        let digest = headers(&["Digest realm=\"x\", nonce=\"1\", qop=\"auth\""]);
        let auto = auth(AuthScheme::Auto);
        auto.expect_basic();
        auto.taken(&Sent::Plain);
        assert_eq!(auto.challenged(&digest, &Sent::Plain, &[Sent::Plain]), Answer::Again);
        assert!(shown(&auto).starts_with("Digest ") && !auto.took_basic());
        // What was learned is not forgotten.
        auto.expect_basic();
        auto.doubt_basic();
        assert!(shown(&auto).starts_with("Digest "));
        for scheme in [AuthScheme::Digest, AuthScheme::Bearer] {
            let other = auth(scheme);
            other.expect_basic();
            assert_eq!(shown(&other), "");
        }
        let nobody = Auth::new(Credentials::None, AuthScheme::Auto);
        nobody.expect_basic();
        assert_eq!(shown(&nobody), "");
        assert!(nobody.is_settled());
    }
}
