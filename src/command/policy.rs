//! `davault policy add|rm|show|list`: rules for what stays, under a name.

use serde_json::json;

use crate::config::{self, Policy};

use super::arguments;
use super::context::Context;
use super::failure::Failure;
use super::{keep, output};

/// Runs one of these commands.
pub fn run(context: &Context, command: &arguments::Policy) -> Result<(), Failure> {
    match command {
        arguments::Policy::Add { name, keep } => add(context, name, keep),
        arguments::Policy::Rm { names } => remove(context, names),
        arguments::Policy::Show { names } => show(context, names),
        arguments::Policy::List => show(context, &[]),
    }
}

fn add(context: &Context, name: &str, rules: &arguments::Keep) -> Result<(), Failure> {
    config::check_name(name)?;
    let policy = keep::policy(rules);
    if keep::keep(&policy)?.is_empty() {
        return Err(Failure::usage("a policy needs at least one rule, such as --keep-daily 7"));
    }
    config::update(&context.config_path, |config| {
        if config.policies.contains_key(name) {
            return Err(Failure::usage(format!("there is a policy '{name}' already"))
                .hint(format!("Remove it with `davault policy rm {name}`.")));
        }
        config.policies.insert(name.into(), policy);
        Ok(())
    })
}

fn remove(context: &Context, names: &[String]) -> Result<(), Failure> {
    config::update(&context.config_path, |config| {
        for name in names {
            config.policy(name)?;
            config.policies.remove(name);
        }
        Ok(())
    })
}

fn show(context: &Context, names: &[String]) -> Result<(), Failure> {
    let policies = &context.config.policies;
    let names = if names.is_empty() { policies.keys().cloned().collect() } else { names.to_vec() };
    for name in names {
        let policy = context.config.policy(&name)?;
        if context.json {
            output::json(&json!({ "name": name, "rules": policy }))?;
        } else {
            output::line(&format!("{name}: {}", words(policy)))?;
        }
    }
    Ok(())
}

/// The rules as they are written on the command line.
fn words(policy: &Policy) -> String {
    let numbers = [
        ("last", policy.keep_last),
        ("hourly", policy.keep_hourly),
        ("daily", policy.keep_daily),
        ("weekly", policy.keep_weekly),
        ("monthly", policy.keep_monthly),
        ("yearly", policy.keep_yearly),
    ];
    let mut words: Vec<String> =
        numbers.iter().filter_map(|(rule, number)| Some(format!("--keep-{rule} {}", (*number)?))).collect();
    words.extend(policy.keep_within.iter().map(|within| format!("--keep-within {within}")));
    words.extend(policy.keep_tag.iter().map(|tag| format!("--keep-tag {tag}")));
    words.join(" ")
}
