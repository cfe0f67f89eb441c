//! The words of a command line before clap sees them, and what is read from single words.

use std::ffi::OsString;

use super::super::failure::Failure;

/// A configured name, with or without the `@` that means it elsewhere.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for it")]
pub fn bare(name: &str) -> Result<String, std::convert::Infallible> {
    Ok(name.strip_prefix('@').unwrap_or(name).to_string())
}

/// A share in percent, with or without its sign.
pub fn percent(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|percent| (1..=100).contains(percent));
    number.ok_or_else(|| "a share is written 1% to 100%".to_string())
}

/// Turns `at VAULT` before the command into `--at VAULT`, and `-word` into `--word`. Single letters stay as they are,
/// and so does all after `--`.
pub fn normalise(arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut normal = Vec::with_capacity(arguments.len() + 1);
    let mut before_command = true;
    let mut is_value = false;
    let mut literal = false;
    for (position, argument) in arguments.into_iter().enumerate() {
        let Some(text) = argument.to_str() else {
            return Err(Failure::usage(format!("the argument {} is not valid UTF-8", argument.display())));
        };
        literal |= text == "--";
        let option = position > 0 && !is_value && !literal && text.starts_with('-');
        // Of the words with a value behind `=` only these: `-oa=b` is the option `-o`.
        let valued = [
            "-read-data",
            "-on-conflict",
            "-into",
            "-event",
            "-contact",
            "-uid",
            "-calendar",
            "-address-book",
            "-between",
            "-deleted-since",
        ];
        let is_valued = |word: &&str| text.strip_prefix(word).is_some_and(|rest| rest.starts_with('='));
        let word = valued.into_iter().find(is_valued).unwrap_or(text);
        if option
            && word.len() > 2
            && !word.starts_with("--")
            && word.chars().all(|c| c == '-' || c.is_ascii_alphabetic())
        {
            is_value = text == "-keyfile";
            normal.push(format!("-{text}").into());
            continue;
        }
        if position > 0 && before_command && !option && !is_value {
            before_command = false;
            if text == "at" {
                // `at` may come once only, so that a later word `at` is a command's own argument.
                normal.push("--at".into());
                continue;
            }
        }
        is_value = text == "--keyfile" && !is_value;
        normal.push(argument);
    }
    Ok(normal)
}

/// Splits `key=value` arguments into options; a key given twice is an error.
pub fn options(arguments: &[String]) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let mut options = std::collections::BTreeMap::new();
    for argument in arguments {
        // The value may be a secret, so only what is before the first `=` is ever repeated.
        let Some((key, value)) = argument.split_once('=') else {
            return Err(Failure::usage("an option is written key=value, and one of these has no '='".to_string()));
        };
        if options.insert(key.to_string(), value.to_string()).is_some() {
            return Err(Failure::usage(format!("the option '{key}' is given twice")));
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::super::Arguments;
    use super::*;

    fn normal(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let normal: Vec<String> =
            normalise(words).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
        normal.join(" ")
    }

    #[test]
    fn at_stands_before_the_command_only() {
        assert_eq!(normal("davault at ./v ls"), "davault --at ./v ls");
        assert_eq!(normal("davault -keyfile k at ./v ls"), "davault --keyfile k --at ./v ls");
        assert_eq!(normal("davault source rm at"), "davault source rm at");
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(normal("davault restore -to @d latest"), "davault restore --to @d latest");
        assert_eq!(normal("davault restore -on-conflict keep"), "davault restore --on-conflict keep");
        assert_eq!(normal("davault backup -o a=b -quiet"), "davault backup -o a=b --quiet");
        assert_eq!(normal("davault check -read-data=10% latest"), "davault check --read-data=10% latest");
        assert_eq!(normal("davault backup -oa=b x"), "davault backup -oa=b x");
        assert_eq!(normal("davault source set x since=-90d"), "davault source set x since=-90d");
    }

    #[test]
    fn an_option_without_a_value_is_refused_without_repeating_it() {
        let failure = options(&["hunter2".to_string()]).unwrap_err();
        assert!(!failure.sentence.contains("hunter2"));
        assert_eq!(options(&["a=b=c".to_string()]).unwrap().get("a").unwrap(), "b=c");
    }

    #[test]
    fn the_grammar_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
