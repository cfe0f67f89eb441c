//! How a command that did not go well ends: a sentence, perhaps advice, and an exit code.

use std::process::ExitCode;

use crate::report::sentence;

use super::words;

/// Nothing was done, or not what was asked for.
const FAILED: u8 = 1;
/// The command line or the configuration is wrong; nothing was tried.
const USAGE: u8 = 2;
/// Done, but some items failed.
const PARTLY: u8 = 3;

/// Why a command ended otherwise than well.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    /// What happened, for a person; empty if all has been said already.
    pub sentence: String,
    hint: Option<String>,
}

impl Failure {
    /// The command failed.
    pub fn failed(sentence: impl Into<String>) -> Failure {
        Failure { code: FAILED, sentence: sentence.into(), hint: None }
    }

    /// The command line or the configuration is wrong.
    pub fn usage(sentence: impl Into<String>) -> Failure {
        Failure { code: USAGE, sentence: sentence.into(), hint: None }
    }

    /// The command is done, but some items failed, and that has been printed.
    pub fn partly() -> Failure {
        Failure { code: PARTLY, sentence: String::new(), hint: None }
    }

    /// The command failed on something, because of `error`.
    pub fn because(what: impl Into<String>, error: &dyn std::error::Error) -> Failure {
        Failure::failed(format!("{}: {}", what.into(), sentence(error)))
    }

    /// Adds what to do now: a full sentence that knows the command line.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a further sentence to what to do now.
    #[must_use]
    pub fn and(mut self, hint: impl Into<String>) -> Failure {
        let hint = hint.into();
        self.hint = Some(self.hint.map_or_else(|| hint.clone(), |before| format!("{before} {hint}")));
        self
    }

    /// Prints the failure and returns its exit code.
    pub fn show(&self) -> ExitCode {
        for line in self.lines() {
            super::output::error_line(&line);
        }
        ExitCode::from(self.code)
    }

    /// What is printed. Paths that others chose may be in it, and move no cursor.
    fn lines(&self) -> impl Iterator<Item = String> {
        let sentence = Some(&self.sentence).filter(|sentence| !sentence.is_empty());
        let sentence = sentence.map(|sentence| format!("davault: {sentence}"));
        sentence.into_iter().chain(self.hint.clone()).map(|line| words::printable(&line))
    }
}

impl From<crate::config::Error> for Failure {
    fn from(error: crate::config::Error) -> Failure {
        use crate::config::Error;
        let usage = matches!(error, Error::Name { .. } | Error::Unknown { .. } | Error::Format { .. } | Error::NoHome);
        if usage { Failure::usage(sentence(&error)) } else { Failure::failed(sentence(&error)) }
    }
}

impl From<crate::connector::Error> for Failure {
    fn from(error: crate::connector::Error) -> Failure {
        let usage = error.kind == crate::connector::ErrorKind::Usage;
        if usage { Failure::usage(sentence(&error)) } else { Failure::failed(sentence(&error)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_another_chose_moves_no_cursor() {
        let failure = Failure::failed("/\u{1b}[2J is a folder").hint("See `davault ls latest:/\u{1b}[2J`.");
        let lines: Vec<String> = failure.lines().collect();
        assert_eq!(lines, ["davault: / [2J is a folder", "See `davault ls latest:/ [2J`."]);
    }
}
