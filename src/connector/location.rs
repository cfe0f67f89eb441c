//! Where an account or a folder is, as a person writes it: `caldav://[user@]host[:port][/path]`, `carddav://…`, `dav://…`,
//! `vdir://PATH` or a plain path. No error repeats what stands before an `@`: it may be a password.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use super::{Error, ErrorKind};

/// A location that is well written; nothing has been looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// An account, a home or a collection on a server.
    Dav(Site),
    /// A local folder.
    Vdir(PathBuf),
}

/// A place on a CalDAV/CardDAV server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// Which of the two kinds of collections are meant.
    pub scheme: Scheme,
    /// Where discovery begins; without a user name in it.
    pub url: Url,
    /// The user name that stood before the host.
    pub username: Option<String>,
}

/// What stands before `://` in all locations that a connector here reads.
pub const SCHEMES: [&str; 4] = ["caldav", "carddav", "dav", "vdir"];

/// The schemes of a server's location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Calendars.
    Caldav,
    /// Address books.
    Carddav,
    /// Both.
    Dav,
}

impl Scheme {
    /// The name before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Caldav => "caldav",
            Self::Carddav => "carddav",
            Self::Dav => "dav",
        }
    }
}

impl Location {
    /// Reads a location as a person writes it.
    pub fn parse(location: &str) -> Result<Self, Error> {
        let location = location.trim();
        if location.is_empty() {
            return Err(wrong("the location is empty; write caldav://host/path or a folder"));
        }
        let Some((scheme, rest)) = location.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::Vdir(PathBuf::from(location)));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "caldav" => Scheme::Caldav,
            "carddav" => Scheme::Carddav,
            "dav" => Scheme::Dav,
            "vdir" if rest.is_empty() => {
                return Err(wrong("vdir:// needs a folder, as in vdir:///home/alice/calendars"));
            }
            "vdir" => return Ok(Self::Vdir(PathBuf::from(rest))),
            other => return Err(unknown_scheme(other)),
        };
        Site::parse(scheme, rest).map(Self::Dav)
    }
}

impl Site {
    fn parse(scheme: Scheme, rest: &str) -> Result<Self, Error> {
        let name = scheme.name();
        let whole = if rest.starts_with("http://") || rest.starts_with("https://") {
            rest.to_owned()
        } else {
            format!("https://{rest}")
        };
        let mut url = Url::parse(&whole).map_err(|error| Error {
            source: Some(Box::new(error)),
            ..wrong(format!("the {name}:// location has no valid host or path"))
        })?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong(format!("the {name}:// location names no host; write {name}://host/path")));
        }
        if url.password().is_some() {
            return Err(wrong("a location must not hold a password; use password, password_file or password_command"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(format!("the {name}:// location must not contain ? or #; write them as %3F and %23")));
        }
        let username = match percent_decode_str(url.username()).decode_utf8() {
            Ok(user) => Some(user.into_owned()).filter(|user| !user.is_empty()),
            Err(_) => {
                return Err(wrong(format!("the user name in the {name}:// location is not UTF-8")));
            }
        };
        if url.set_username("").is_err() {
            return Err(wrong(format!("the {name}:// location names no host; write {name}://host/path")));
        }
        Ok(Self { scheme, url, username })
    }

    /// The location for a person: user, host and path, without a password.
    pub fn origin(&self, username: Option<&str>) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let user = username.or(self.username.as_deref()).map(|user| format!("{user}@")).unwrap_or_default();
        format!("{user}{host}{port}")
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
}

fn unknown_scheme(scheme: &str) -> Error {
    match scheme {
        "http" | "https" => wrong(format!(
            "a location does not begin with {scheme}://; write caldav://, carddav:// or dav:// before it"
        )),
        "file" => wrong("a location does not begin with file://; write vdir://PATH or the path alone"),
        _ => wrong(format!(
            "unknown scheme {scheme}://; known are caldav://, carddav://, dav://, vdir:// and plain paths"
        )),
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error { kind: ErrorKind::Usage, what: what.into(), source: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(location: &str) -> Site {
        match Location::parse(location) {
            Ok(Location::Dav(site)) => site,
            other => panic!("{location}: {other:?}"),
        }
    }

    fn why(location: &str) -> String {
        Location::parse(location).unwrap_err().what
    }

    #[test]
    fn https_is_meant_unless_http_is_written() {
        assert_eq!(site("caldav://dav.example.com/alice/").url.as_str(), "https://dav.example.com/alice/");
        assert_eq!(site("dav://dav.example.com:8443").url.as_str(), "https://dav.example.com:8443/");
        assert_eq!(site("caldav://http://127.0.0.1:5232/alice/").url.as_str(), "http://127.0.0.1:5232/alice/");
        assert_eq!(site("carddav://https://dav.example.com/").scheme, Scheme::Carddav);
    }

    #[test]
    fn a_user_name_is_taken_out_of_the_url() {
        let site = site("caldav://alice%40example.com@dav.example.com:444/x");
        assert_eq!(site.username.as_deref(), Some("alice@example.com"));
        assert_eq!(site.url.as_str(), "https://dav.example.com:444/x");
        assert_eq!(site.origin(None), "alice@example.com@dav.example.com:444");
    }

    #[test]
    fn a_folder_is_a_path_or_a_vdir() {
        assert_eq!(Location::parse("vdir:///srv/cal").unwrap(), Location::Vdir("/srv/cal".into()));
        assert_eq!(Location::parse("vdir://cal").unwrap(), Location::Vdir("cal".into()));
        assert_eq!(Location::parse("./a b").unwrap(), Location::Vdir("./a b".into()));
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence_and_no_password_is_repeated() {
        assert_eq!(why(""), "the location is empty; write caldav://host/path or a folder");
        assert_eq!(why("vdir://"), "vdir:// needs a folder, as in vdir:///home/alice/calendars");
        assert_eq!(
            why("https://dav.example.com"),
            "a location does not begin with https://; write caldav://, carddav:// or dav:// before it"
        );
        assert_eq!(
            why("imap://x"),
            "unknown scheme imap://; known are caldav://, carddav://, dav://, vdir:// and plain paths"
        );
        assert_eq!(why("caldav://"), "the caldav:// location has no valid host or path");
        assert_eq!(why("caldav://h/?a"), "the caldav:// location must not contain ? or #; write them as %3F and %23");
        let error = Location::parse("caldav://alice:geheim@dav.example.com/").unwrap_err();
        assert!(!crate::report::sentence(&error).contains("geheim"));
        assert_eq!(error.what, "a location must not hold a password; use password, password_file or password_command");
    }
}
