//! `davault source|destination|store add|rm|show|set|unset|ping|list`, and `store default`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::config::{self, Config, Place, Section};
use crate::connector::{self, Role};

use super::arguments::Configured;
use super::context::Context;
use super::failure::Failure;
use super::{arguments, connectors, endpoint, open, output, served, sizes};

/// Shown in place of a secret.
const HIDDEN: &str = "********";

/// Options whose value is a file.
const FILES: [&str; 5] = ["keyfile", "password_file", "ca_file", "client_cert", "client_key"];

/// Runs one of these commands.
pub async fn run(context: &Context, section: Section, command: Configured) -> Result<(), Failure> {
    match command {
        Configured::Add { name, location, options } => add(context, section, &name, &location, &options),
        Configured::Rm { names } => remove(context, section, &names),
        Configured::Set { name, options } => {
            let options = remembered(section, &context.config.get(section, &name)?.location, &options)?;
            change(context, section, &name, |place| place.options.extend(options))
        }
        Configured::Unset { name, options } => unset(context, section, &name, &options),
        Configured::Show { names, sizes: true } if section == Section::Stores => sizes::run(context, &names).await,
        Configured::Show { sizes: true, .. } => {
            Err(Failure::usage("only a store has sizes: davault store show -sizes"))
        }
        Configured::Show { names, .. } => show(context, section, &names),
        Configured::List => list(context, section),
        Configured::Ping { name } => ping(context, section, &name).await,
        Configured::Default { name } => default(context, section, &name),
    }
}

fn add(context: &Context, section: Section, name: &str, location: &str, options: &[String]) -> Result<(), Failure> {
    config::check_name(name)?;
    let location = match role(section) {
        Some(role) => served::remembered(role, location)?,
        None => open::absolute(location)?,
    };
    let place = Place { options: remembered(section, &location, options)?, location };
    check(section, &place)?;
    config::update(&context.config_path, |config| {
        let places = config.section_mut(section);
        if places.contains_key(name) {
            let noun = section.noun();
            return Err(Failure::usage(format!("there is a {noun} '{name}' already")).hint(format!(
                "Change it with `davault {noun} set {name} …`, or remove it with `davault {noun} rm {name}`."
            )));
        }
        places.insert(name.into(), place);
        Ok(())
    })
}

/// As what a connector is used for a place of this section; a store has none.
fn role(section: Section) -> Option<Role> {
    match section {
        Section::Sources => Some(Role::Source),
        Section::Destinations => Some(Role::Destination),
        Section::Stores => None,
    }
}

/// Options as they may be remembered: a file means the same one wherever it is used from. Those of others' connectors stay as
/// they are, as nobody here knows what they mean.
fn remembered(section: Section, location: &str, options: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut options = arguments::options(options)?;
    if role(section).is_some() && !served::is_own(location) {
        return Ok(options);
    }
    for (_, file) in options.iter_mut().filter(|(name, file)| FILES.contains(&name.as_str()) && !file.is_empty()) {
        *file = open::absolute(file)?;
    }
    Ok(options)
}

fn remove(context: &Context, section: Section, names: &[String]) -> Result<(), Failure> {
    config::update(&context.config_path, |config| {
        for name in names {
            config.get(section, name)?;
            config.section_mut(section).remove(name);
            if section == Section::Stores && config.default_store.as_ref() == Some(name) {
                config.default_store = None;
            }
        }
        Ok(())
    })
}

fn unset(context: &Context, section: Section, name: &str, options: &[String]) -> Result<(), Failure> {
    let set = &context.config.get(section, name)?.options;
    if let Some(missing) = options.iter().find(|option| !set.contains_key(*option)) {
        // What follows a `=` may be a secret.
        let missing = missing.split('=').next().unwrap_or_default();
        return Err(Failure::usage(format!("the {} '{name}' has no option '{missing}' set", section.noun())));
    }
    change(context, section, name, |place| place.options.retain(|option, _| !options.contains(option)))
}

fn change(context: &Context, section: Section, name: &str, change: impl FnOnce(&mut Place)) -> Result<(), Failure> {
    config::update(&context.config_path, |config| {
        let mut place = config.get(section, name)?.clone();
        change(&mut place);
        check(section, &place)?;
        config.section_mut(section).insert(name.into(), place);
        Ok(())
    })
}

fn check(section: Section, place: &Place) -> Result<(), Failure> {
    if place.options.contains_key("location") {
        return Err(Failure::usage("'location' is no option: remove it and add it again to move it"));
    }
    match role(section) {
        Some(role) => served::by(role, &place.location, &place.options).map(|_| ()),
        None => open::check(&place.location, &place.options),
    }
}

fn show(context: &Context, section: Section, names: &[String]) -> Result<(), Failure> {
    let places = context.config.section(section);
    let names = if names.is_empty() { places.keys().cloned().collect() } else { names.to_vec() };
    for name in names {
        let place = context.config.get(section, &name)?;
        let (location, options) = (connector::without_password(&place.location), shown(section, place));
        if context.json {
            output::json(&json!({ "name": name, "location": location, "options": options }))?;
            continue;
        }
        output::line(&format!("{name}: {location}"))?;
        for (option, value) in options {
            output::line(&format!("  {option}={value}"))?;
        }
    }
    Ok(())
}

fn shown(section: Section, place: &Place) -> BTreeMap<String, String> {
    let is_secret = |option: &str| match section {
        Section::Sources | Section::Destinations => served::is_secret(&place.location, option),
        Section::Stores => open::is_secret(option),
    };
    let show = |(option, value): (&String, &String)| {
        (option.clone(), if is_secret(option) { HIDDEN.to_string() } else { connector::without_password(value) })
    };
    place.options.iter().map(show).collect()
}

fn list(context: &Context, section: Section) -> Result<(), Failure> {
    for (name, place) in context.config.section(section) {
        let is_default = section == Section::Stores && context.config.default_store.as_ref() == Some(name);
        let location = connector::without_password(&place.location);
        if context.json {
            output::json(&json!({ "name": name, "location": location, "default": is_default }))?;
        } else {
            output::line(&format!("{name}\t{location}{}", if is_default { "\t(default)" } else { "" }))?;
        }
    }
    Ok(())
}

async fn ping(context: &Context, section: Section, name: &str) -> Result<(), Failure> {
    let answer = match section {
        Section::Stores => {
            let place = context.config.get(section, name)?;
            let mut found = open::found(context, &place.location, place.options.clone())?;
            found.named = format!("@{name}");
            let vault = open::open(context, &found).await?;
            format!("the vault {} answers at {}", vault.id(), found.place.describe())
        }
        Section::Sources => {
            let endpoint = endpoint::resolve(context, Role::Source, &format!("@{name}"), &[])?;
            format!("{} answers", connectors::ping_source(&endpoint).await?)
        }
        Section::Destinations => {
            let endpoint = endpoint::resolve(context, Role::Destination, &format!("@{name}"), &[])?;
            format!("{} answers", connectors::ping_destination(&endpoint).await?)
        }
    };
    if context.quiet { Ok(()) } else { output::line(&answer) }
}

fn default(context: &Context, section: Section, name: &str) -> Result<(), Failure> {
    if section != Section::Stores {
        return Err(Failure::usage(format!("there is no default {}", section.noun())));
    }
    config::update(&context.config_path, |config: &mut Config| {
        config.get(section, name)?;
        config.default_store = Some(name.into());
        Ok(())
    })
}
