//! Every option of a connector in one table: what it is called, where it applies, which values are valid, and whether it
//! is a secret. Nothing outside this table is accepted, and an error never repeats the value of a secret.

use std::collections::BTreeMap;

use super::{Error, ErrorKind, Role};
use crate::item::window::Window;

mod value;

/// One option that a source or a destination takes.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// The name before `=`.
    pub name: &'static str,
    /// The only role that takes it; `None` when both do.
    pub role: Option<Role>,
    /// Whether a local folder takes it, too.
    pub vdir: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What it does, for a person, on one line.
    pub meaning: &'static str,
    /// Refuses a bad value by saying what is valid.
    check: fn(&str) -> Result<(), &'static str>,
}

impl OptionSpec {
    const fn both(name: &'static str, check: fn(&str) -> Result<(), &'static str>, meaning: &'static str) -> Self {
        Self { name, role: None, vdir: false, secret: false, meaning, check }
    }

    const fn only(
        role: Role,
        name: &'static str,
        check: fn(&str) -> Result<(), &'static str>,
        meaning: &'static str,
    ) -> Self {
        Self { role: Some(role), ..Self::both(name, check, meaning) }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn also_vdir(self) -> Self {
        Self { vdir: true, ..self }
    }
}

use Role::{Destination, Source};

/// All options, in the order in which the documentation lists them.
pub const OPTIONS: &[OptionSpec] = &[
    OptionSpec::both("username", value::text, "the name to sign in with; also written before @ in the location"),
    OptionSpec::both("password", value::text, "the password itself").secret(),
    OptionSpec::both("password_file", value::text, "a file whose first line is the password"),
    OptionSpec::both("password_command", value::text, "a shell command whose first line of output is the password"),
    OptionSpec::both("bearer_token", value::text, "a token to sign in with, instead of a password").secret(),
    OptionSpec::both("auth", value::auth, "auto (answer what the server asks for), basic, digest or bearer"),
    OptionSpec::both("allow_plain_http", value::flag, "true: a password may go over plain http to another machine"),
    OptionSpec::both("ca_file", value::text, "a PEM file with further certificate authorities to trust"),
    OptionSpec::both("client_cert", value::text, "a PEM file with the certificate to show to the server"),
    OptionSpec::both("client_key", value::text, "a PEM file with the key of client_cert"),
    OptionSpec::both("fingerprint", value::fingerprint, "SHA-256 of the only server certificate to accept"),
    OptionSpec::both("tls_verify", value::flag, "false: the fingerprint alone decides; needs fingerprint"),
    OptionSpec::both("trusted_hosts", value::text, "further hosts that may get the credentials, comma-separated"),
    OptionSpec::both("connections", value::connections, "how many requests run at the same time, 1 to 64; default 4"),
    OptionSpec::both("timeout", value::seconds, "longest time for one request in seconds; default 60"),
    OptionSpec::both("proxy", value::proxy, "URL of a proxy; default is what the environment says"),
    OptionSpec::both("user_agent", value::text, "how to name ourselves to the server"),
    OptionSpec::only(
        Source,
        "include",
        value::globs,
        "only collections whose folder or display name, or whose path from /, matches a glob",
    )
    .also_vdir(),
    OptionSpec::only(
        Source,
        "exclude",
        value::globs,
        "no collections whose folder or display name, or whose path from /, matches a glob",
    )
    .also_vdir(),
    OptionSpec::only(
        Source,
        "components",
        value::components,
        "only these kinds of calendar items: VEVENT,VTODO,VJOURNAL",
    )
    .also_vdir(),
    OptionSpec::only(Source, "since", value::date, "only calendar items with something at or after a date, or -90d")
        .also_vdir(),
    OptionSpec::only(Source, "until", value::date, "only calendar items with something before a date, or +1y")
        .also_vdir(),
    OptionSpec::only(
        Source,
        "include_subscribed",
        value::flag,
        "true: also what is in subscribed calendars; else only the address of each feed",
    ),
    OptionSpec::only(Source, "include_trash", value::flag, "true: also what lies in the account's bin"),
    OptionSpec::only(
        Source,
        "verify",
        value::sweep,
        "always, never, or every how many backups all is listed, changed or not; default 20",
    ),
    OptionSpec::only(
        Destination,
        "on_conflict",
        value::on_conflict,
        "what differs there: keep (default), overwrite or copy",
    )
    .also_vdir(),
    OptionSpec::only(
        Destination,
        "into",
        value::text,
        "put everything into this collection; with %n, names for new ones",
    )
    .also_vdir(),
    OptionSpec::only(Destination, "mirror", value::flag, "true: also delete what the snapshot lacks").also_vdir(),
    OptionSpec::only(
        Destination,
        "properties",
        value::properties,
        "name, colour and the like of a collection that is there: set (default) as in the snapshot, or keep",
    )
    .also_vdir(),
    OptionSpec::only(
        Destination,
        "scheduling",
        value::scheduling,
        "guests: silent (default: nobody is told, or the event is held back), server or without-attendees",
    ),
    OptionSpec::only(Destination, "dry_run", value::flag, "true: only say what would be done").also_vdir(),
    OptionSpec::only(Destination, "verify", value::flag, "true: read back every item that was put, and compare"),
];

/// The ways to prove who one is; at most one may be given.
const SIGN_IN: [&str; 4] = ["password", "password_file", "password_command", "bearer_token"];

/// What plakar's own connector took to sign in at Google, Microsoft or Apple.
const OAUTH: [&str; 3] = ["name", "client_id", "client_secret"];

/// Whether an option's value must never be shown.
#[must_use]
pub fn is_secret(option: &str) -> bool {
    OPTIONS.iter().any(|spec| spec.name == option && spec.secret)
}

/// Checks names, values and combinations; touches neither disk nor network.
pub(super) fn check(role: Role, vdir: bool, options: &BTreeMap<String, String>) -> Result<(), Error> {
    for (name, value) in options {
        let spec = find(role, vdir, name)?;
        (spec.check)(value).map_err(|valid| bad_value(spec, value, valid))?;
    }
    let mut given = SIGN_IN.iter().filter(|name| options.contains_key(**name));
    if let (Some(one), Some(other)) = (given.next(), given.next()) {
        return Err(usage(format!("{one} and {other} are two ways to sign in; give one of them")));
    }
    match (options.contains_key("client_cert"), options.contains_key("client_key")) {
        (true, false) => return Err(usage("client_cert needs client_key beside it".to_owned())),
        (false, true) => return Err(usage("client_key needs client_cert beside it".to_owned())),
        _ => {}
    }
    let unverified = options.get("tls_verify").is_some_and(|value| !is_true(value));
    if unverified && !options.contains_key("fingerprint") {
        return Err(usage(
            "tls_verify=false needs a fingerprint: without one anybody could pose as the server".to_owned(),
        ));
    }
    window(options)?;
    Ok(())
}

/// A URL as it may be shown: without the password in it, should there be one.
#[must_use]
pub fn without_password(url: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let Some((scheme, rest)) = url.split_at_checked(scheme).filter(|(scheme, _)| !scheme.is_empty()) else {
        return url.to_owned();
    };
    if rest.starts_with("http://") || rest.starts_with("https://") {
        return format!("{scheme}{}", without_password(rest));
    }
    let host = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    match rest.split_at_checked(host).and_then(|(host, rest)| Some((host.rsplit_once('@')?, rest))) {
        Some(((user, host), rest)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}{user}:********@{host}{rest}")
        }
        _ => url.to_owned(),
    }
}

/// Whether a flag is given and true.
#[must_use]
pub fn is_on(options: &BTreeMap<String, String>, name: &str) -> bool {
    options.get(name).is_some_and(|value| is_true(value))
}

/// The parts of a comma-separated value, without blanks around them.
pub(super) fn list(options: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    let parts = options.get(name).map(String::as_str).unwrap_or_default().split(',');
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// What `since` and `until` ask for, by the clock and the time zone of this machine.
pub(super) fn window(options: &BTreeMap<String, String>) -> Result<Window, Error> {
    let edge = |name: &str| options.get(name).map(String::as_str);
    // The one clock of this room: `-90d` means days before today.
    Window::parse(edge("since"), edge("until"), &jiff::Zoned::now())
        .map_err(|why| usage(format!("since and until: {why}")))
}

/// A time in seconds.
pub(super) fn seconds(options: &BTreeMap<String, String>, name: &str) -> Option<u64> {
    options.get(name).and_then(|value| value::as_seconds(value))
}

fn is_true(value: &str) -> bool {
    value::as_flag(value) == Some(true)
}

fn find(role: Role, vdir: bool, name: &str) -> Result<&'static OptionSpec, Error> {
    let applies = |spec: &&OptionSpec| spec.role.is_none_or(|only| only == role) && (spec.vdir || !vdir);
    let named = || OPTIONS.iter().filter(|spec| spec.name == name);
    let Some(spec) = named().find(applies).or_else(|| named().next()) else {
        if OAUTH.contains(&name) {
            return Err(usage(format!(
                "option {name} belongs to signing in by OAuth, which is not there yet; leave name, client_id and \
                 client_secret out, and give an app password as password"
            )));
        }
        let nearest = OPTIONS.iter().filter(applies).min_by_key(|spec| distance(name, spec.name));
        let nearest = nearest.map(|spec| format!("; the nearest is {}", spec.name)).unwrap_or_default();
        return Err(usage(format!("unknown option {name}{nearest}")));
    };
    if applies(&spec) {
        return Ok(spec);
    }
    let place = match (vdir, role) {
        (true, _) => "a local folder",
        (false, Source) => "a source",
        (false, Destination) => "a destination",
    };
    Err(usage(format!("option {name} does not apply to {place}")))
}

fn bad_value(spec: &OptionSpec, value: &str, valid: &str) -> Error {
    let name = spec.name;
    if spec.secret || value.is_empty() {
        return usage(format!("option {name}: {valid}"));
    }
    usage(format!("option {name}={}: {valid}", without_password(value)))
}

fn usage(what: String) -> Error {
    Error { kind: ErrorKind::Usage, what, source: None }
}

/// Edits (insert, remove, replace one letter) between two names.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((right, above_left), above) in other.chars().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or_default();
            let replaced = above_left + usize::from(left != right);
            next.push(replaced.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(role: Role, options: &[(&str, &str)]) -> String {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match check(role, false, &options) {
            Ok(()) => String::new(),
            Err(error) => error.what,
        }
    }

    #[test]
    fn an_unknown_option_names_the_nearest_valid_one() {
        assert_eq!(why(Source, &[("pasword", "x")]), "unknown option pasword; the nearest is password");
        assert_eq!(why(Source, &[("includes", "x")]), "unknown option includes; the nearest is include");
        assert_eq!(why(Source, &[("mirror", "true")]), "option mirror does not apply to a source");
        let folder = BTreeMap::from([("timeout".to_owned(), "3".to_owned())]);
        assert_eq!(check(Source, true, &folder).unwrap_err().what, "option timeout does not apply to a local folder");
    }

    #[test]
    fn what_plakars_own_connector_took_for_oauth_is_recognised() {
        let sentence = |name: &str| {
            format!(
                "option {name} belongs to signing in by OAuth, which is not there yet; leave name, client_id and \
                 client_secret out, and give an app password as password"
            )
        };
        for (role, name) in [(Source, "name"), (Destination, "client_id"), (Source, "client_secret")] {
            assert_eq!(why(role, &[(name, "geheim"), ("username", "alice")]), sentence(name));
        }
    }

    #[test]
    fn a_bad_value_is_named_with_what_is_valid() {
        assert_eq!(
            why(Source, &[("connections", "many")]),
            "option connections=many: give a whole number from 1 to 64"
        );
        assert_eq!(why(Source, &[("auth", "ntlm")]), "option auth=ntlm: give auto, basic, digest or bearer");
        assert_eq!(
            why(Source, &[("components", "VEVENT,VALARM")]),
            "option components=VEVENT,VALARM: give some of VEVENT, VTODO and VJOURNAL, comma-separated"
        );
        assert_eq!(
            why(Source, &[("since", "yesterday")]),
            "option since=yesterday: give a date such as 2026-01-31, a time such as 2026-01-31T09:30 or \
             2026-01-31T09:30Z, or days, weeks, months or years from today, such as -90d, -6m, +2y"
        );
        assert_eq!(
            why(Source, &[("since", "2026-01-01"), ("until", "2026-01-01")]),
            "since and until: the end is not after the beginning, so that nothing lies between them"
        );
        assert_eq!(why(Source, &[("password", "")]), "option password: give a value that is not empty");
        assert_eq!(
            why(Destination, &[("scheduling", "loud")]),
            "option scheduling=loud: give silent, server or without-attendees"
        );
        assert_eq!(
            why(Source, &[("include", "[a")]),
            "option include=[a: give globs such as work or proj-*, comma-separated"
        );
    }

    #[test]
    fn two_ways_to_sign_in_are_both_named() {
        let why = why(Source, &[("password", "geheim"), ("password_file", "f")]);
        assert_eq!(why, "password and password_file are two ways to sign in; give one of them");
    }

    #[test]
    fn an_unverified_server_needs_a_fingerprint() {
        let print = "ab".repeat(32);
        assert_eq!(why(Source, &[("tls_verify", "false"), ("fingerprint", &print)]), "");
        let why = why(Source, &[("tls_verify", "no")]);
        assert_eq!(why, "tls_verify=false needs a fingerprint: without one anybody could pose as the server");
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("http://u:pw@p:3128", "http://u:********@p:3128"),
            ("socks5h://u:p@w@p/x@y", "socks5h://u:********@p/x@y"),
            ("dav://http://u:pw@p/x", "dav://http://u:********@p/x"),
            ("dav://alice@h:1/a:b@c", "dav://alice@h:1/a:b@c"),
            ("/home/a:b@c", "/home/a:b@c"),
            ("http://p", "http://p"),
        ] {
            assert_eq!(without_password(url), shown);
        }
        let refused = why(Source, &[("proxy", "ftp://u:pw@p")]);
        assert!(refused.starts_with("option proxy=ftp://u:********@p: "), "{refused}");
    }

    #[test]
    fn exactly_the_password_and_the_token_are_secrets() {
        let secrets: Vec<_> = OPTIONS.iter().filter(|spec| is_secret(spec.name)).map(|spec| spec.name).collect();
        assert_eq!(secrets, ["password", "bearer_token"]);
    }
}
