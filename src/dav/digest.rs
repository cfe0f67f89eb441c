//! HTTP Digest (RFC 7616) with MD5 and SHA-256, `-sess`, and `qop=auth` or none (RFC 2069).

use std::fmt::Write as _;

use http_auth::ChallengeRef;
use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// What a server asked for, and how often its nonce was used.
#[derive(Debug, Clone)]
pub(super) struct Challenge {
    realm: String,
    pub nonce: String,
    opaque: Option<String>,
    hash: Hash,
    session: bool,
    /// The token to send back in `algorithm`, if the server sent one.
    algorithm: Option<String>,
    qop_auth: bool,
    pub stale: bool,
    used: u32,
}

/// Strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
}

/// What is being asked, by whom.
pub(super) struct Question<'a> {
    pub username: &'a str,
    pub password: &'a str,
    pub method: &'a str,
    /// Path and query, as they are sent.
    pub uri: &'a str,
    /// A fresh random text.
    pub cnonce: &'a str,
}

impl Challenge {
    /// `None` if it is not one that we can answer: another algorithm, or only `auth-int`.
    pub fn read(challenge: &ChallengeRef<'_>) -> Option<Self> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let algorithm = parameter("algorithm");
        let (hash, session) = match algorithm.as_deref().unwrap_or("MD5").to_ascii_lowercase().as_str() {
            "md5" => (Hash::Md5, false),
            "md5-sess" => (Hash::Md5, true),
            "sha-256" => (Hash::Sha256, false),
            "sha-256-sess" => (Hash::Sha256, true),
            _ => return None,
        };
        let qop = parameter("qop");
        let qop_auth =
            qop.as_deref().is_some_and(|list| list.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")));
        if qop.is_some() && !qop_auth {
            return None;
        }
        Some(Self {
            realm: parameter("realm")?,
            nonce: parameter("nonce")?,
            opaque: parameter("opaque"),
            hash,
            session,
            algorithm,
            qop_auth,
            stale: parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            used: 0,
        })
    }

    /// Whether this is to be preferred to `other`.
    pub fn stronger_than(&self, other: &Self) -> bool {
        (self.hash, self.session) > (other.hash, other.session)
    }

    /// The value of the `Authorization` header; counts the use of the nonce.
    pub fn answer(&mut self, question: &Question<'_>) -> String {
        self.used += 1;
        let count = format!("{:08x}", self.used);
        let response = self.response(question, &count);
        let mut header = String::from("Digest ");
        if question.username.is_ascii() {
            let _ = write!(header, "username=\"{}\"", quoted(question.username));
        } else {
            let _ = write!(header, "username*=UTF-8''{}", utf8_percent_encode(question.username, NON_ALPHANUMERIC));
        }
        let _ = write!(header, ", realm=\"{}\", nonce=\"{}\"", quoted(&self.realm), quoted(&self.nonce));
        let _ = write!(header, ", uri=\"{}\", response=\"{response}\"", quoted(question.uri));
        if let Some(algorithm) = &self.algorithm {
            let _ = write!(header, ", algorithm={algorithm}");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(header, ", opaque=\"{}\"", quoted(opaque));
        }
        if self.qop_auth {
            let _ = write!(header, ", qop=auth, nc={count}");
        }
        if self.qop_auth || self.session {
            let _ = write!(header, ", cnonce=\"{}\"", quoted(question.cnonce));
        }
        header
    }

    fn response(&self, question: &Question<'_>, count: &str) -> String {
        let Question { username, password, method, uri, cnonce } = question;
        let mut who = self.hash(&format!("{username}:{}:{password}", self.realm));
        if self.session {
            who = self.hash(&format!("{who}:{}:{cnonce}", self.nonce));
        }
        let what = self.hash(&format!("{method}:{uri}"));
        if self.qop_auth {
            self.hash(&format!("{who}:{}:{count}:{cnonce}:auth:{what}", self.nonce))
        } else {
            self.hash(&format!("{who}:{}:{what}", self.nonce))
        }
    }

    fn hash(&self, text: &str) -> String {
        match self.hash {
            Hash::Md5 => hex(&Md5::digest(text)),
            Hash::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use http_auth::ChallengeParser;

    use super::*;

    fn challenge(text: &str) -> Option<Challenge> {
        Challenge::read(&ChallengeParser::new(text).next().unwrap().unwrap())
    }

    /// RFC 7616 §3.9.1.
    fn example(algorithm: &str) -> Challenge {
        let text = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        challenge(&text).unwrap()
    }

    fn mufasa() -> Question<'static> {
        Question {
            username: "Mufasa",
            password: "Circle of Life",
            method: "GET",
            uri: "/dir/index.html",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        }
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let sha256 = example("SHA-256").answer(&mufasa());
        let expected = "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"";
        assert!(sha256.contains(expected), "{sha256}");
        assert!(sha256.contains("nc=00000001") && sha256.contains("qop=auth,"), "{sha256}");
        let md5 = example("MD5").answer(&mufasa());
        assert!(md5.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{md5}");
    }

    #[test]
    fn a_nonce_is_counted_and_sha_256_is_preferred() {
        let mut challenge = example("MD5");
        challenge.answer(&mufasa());
        assert!(challenge.answer(&mufasa()).contains("nc=00000002"));
        assert!(example("SHA-256").stronger_than(&example("MD5")));
        assert!(!example("MD5").stronger_than(&example("SHA-256")));
    }

    #[test]
    fn a_session_hashes_the_nonces_into_the_secret() {
        let sess = example("MD5-sess").answer(&mufasa());
        assert!(sess.contains("algorithm=MD5-sess") && !sess.contains("8ca523f5e9506fed4657c9700eebdbec"), "{sess}");
    }

    #[test]
    fn without_qop_the_older_form_is_sent() {
        // RFC 2617 §3.5 without qop, as RFC 2069 §2.4 computes it.
        let mut challenge = challenge("Digest realm=\"r\", nonce=\"n\"").unwrap();
        let answer = challenge.answer(&mufasa());
        assert!(!answer.contains("qop") && !answer.contains("cnonce") && !answer.contains("algorithm"), "{answer}");
    }

    #[test]
    fn what_can_not_be_answered_is_none() {
        assert!(challenge("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256").is_none());
        assert!(challenge("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"").is_none());
        assert!(challenge("Digest realm=\"r\"").is_none());
    }
}
