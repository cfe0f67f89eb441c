//! Secrets from where a person keeps them: a file, or the output of a command. Nothing here is ever logged or repeated.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::process::Command;

use super::{Error, ErrorKind};
use crate::environment;

/// How long a command may take to give a secret: long enough for a person to type into a prompt that it shows.
pub const COMMAND_LIMIT: Duration = Duration::from_mins(2);

/// Largest secret that is taken, in bytes; more is a wrong file or command.
const LARGEST: usize = 64 * 1024;

/// The first line of what `command`, run by `sh -c`, writes to its standard output.
///
/// Its standard error is this process's own; it gets no standard input, because a plugin's belongs to its host.
pub async fn from_command(command: &str) -> Result<SecretString, Error> {
    from_command_within(command, COMMAND_LIMIT).await
}

/// The first line of a file.
pub async fn from_file(path: &Path) -> Result<SecretString, Error> {
    let bytes = tokio::fs::read(path).await.map_err(|error| Error {
        kind: ErrorKind::Access,
        what: format!("cannot read the password file {}", path.display()),
        source: Some(Box::new(error)),
    })?;
    first_line(&bytes).map_err(|why| access(format!("the password file {} {why}", path.display())))
}

async fn from_command_within(command: &str, limit: Duration) -> Result<SecretString, Error> {
    let mut shell = Command::new("sh");
    environment::withhold(shell.as_std_mut());
    let child = shell
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Error {
            kind: ErrorKind::Access,
            what: "cannot start the shell for a password command".to_owned(),
            source: Some(Box::new(error)),
        })?;
    let output = match tokio::time::timeout(limit, child.wait_with_output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(Error {
                kind: ErrorKind::Access,
                what: "cannot read from the password command".to_owned(),
                source: Some(Box::new(error)),
            });
        }
        Err(_) => {
            return Err(access(format!("the password command gave nothing within {} s", limit.as_secs())));
        }
    };
    if !output.status.success() {
        return Err(access(format!("the password command failed ({})", output.status)));
    }
    first_line(&output.stdout).map_err(|why| access(format!("the password command {why}")))
}

fn first_line(bytes: &[u8]) -> Result<SecretString, &'static str> {
    if bytes.len() > LARGEST {
        return Err("gave far more than a password");
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err("gave an empty first line"),
        Ok(line) => Ok(SecretString::from(line)),
        Err(_) => Err("gave something that is not UTF-8"),
    }
}

fn access(what: String) -> Error {
    Error { kind: ErrorKind::Access, what, source: None }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn the_first_line_of_a_command_is_the_secret() {
        let secret = from_command("printf 'geheim\\r\\nuser: alice\\n'").await.unwrap();
        assert_eq!(secret.expose_secret(), "geheim");
    }

    #[tokio::test]
    async fn a_command_that_fails_or_says_nothing_is_an_error_without_its_output() {
        let error = from_command("echo geheim; exit 3").await.unwrap_err();
        assert_eq!(error.what, "the password command failed (exit status: 3)");
        assert_eq!(from_command("true").await.unwrap_err().what, "the password command gave an empty first line");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_given_up() {
        let error = from_command_within("exec sleep 600", Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.what, "the password command gave nothing within 0 s");
    }

    #[tokio::test]
    async fn the_first_line_of_a_file_is_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw");
        std::fs::write(&path, "s3cret\nmore\n").unwrap();
        assert_eq!(from_file(&path).await.unwrap().expose_secret(), "s3cret");
        let error = from_file(&folder.path().join("none")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Access);
        assert!(error.what.starts_with("cannot read the password file "), "{}", error.what);
    }
}
