//! What the flags of a restore mean as options of its destination.

use crate::connector::{self, Role};

use super::super::arguments;
use super::super::endpoint::Endpoint;
use super::super::failure::Failure;

/// davault's own restore overwrites what differs and reads back what it put, unless the person or the configuration says
/// otherwise. What others' connectors do is theirs to say, by their options.
pub fn choose(endpoint: &mut Endpoint, arguments: &arguments::Restore) -> Result<(), Failure> {
    let mirrors = arguments.mirror || connector::is_on(&endpoint.options, "mirror");
    if arguments.terms.choose_items() && mirrors {
        return Err(Failure::usage(
            "a mirror deletes what does not come, and of items that are chosen one by one all others do not come",
        )
        .hint("Leave out -mirror or mirror=true, or choose whole calendars with -calendar or a path."));
    }
    if !endpoint.served.is_own() {
        let flags = [
            ("-on-conflict", arguments.on_conflict.is_some()),
            ("-dry-run", arguments.dry_run),
            ("-into", arguments.into.is_some()),
            ("-mirror", arguments.mirror),
            ("-no-undo", arguments.no_undo),
            ("-verify", arguments.verify),
            ("-no-verify", arguments.no_verify),
        ];
        return match flags.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => {
                let to = endpoint.shown();
                Err(Failure::usage(format!("{flag} is for davault's own destinations, and {to} is another's")))
            }
            None => Ok(()),
        };
    }
    let can_verify = connector::is_account(&endpoint.location);
    let options = &mut endpoint.options;
    let mut set = |name: &str, value: &str| _ = options.insert(name.into(), value.into());
    if let Some(choice) = &arguments.on_conflict {
        set("on_conflict", choice);
    }
    if arguments.dry_run {
        set("dry_run", "true");
    }
    if arguments.mirror {
        set("mirror", "true");
    }
    if arguments.verify {
        set("verify", "true");
    }
    match arguments.into.as_deref().map(str::trim) {
        Some("") => _ = options.remove("into"),
        Some(name) => _ = options.insert("into".into(), name.into()),
        None => {}
    }
    // Who wants one event back does not want the calendar's old name with it.
    if arguments.terms.choose_items() {
        options.entry("properties".into()).or_insert_with(|| "keep".into());
    }
    options.entry("on_conflict".into()).or_insert_with(|| "overwrite".into());
    if can_verify && !arguments.no_verify {
        options.entry("verify".into()).or_insert_with(|| "true".into());
    }
    Ok(connector::check(Role::Destination, &endpoint.location, options)?)
}
