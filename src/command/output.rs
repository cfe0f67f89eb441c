//! Printing: results to standard output, all else to standard error.

use std::io::{ErrorKind, Write};

use super::failure::Failure;

/// Prints one line of a result.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
    self::bytes(&bytes)
}

/// Prints bytes of a result as they are. A reader that went away (`| head`) is no error.
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::because("cannot print", &error)),
        _ => Ok(()),
    }
}

/// Prints a value as one line of JSON.
pub fn json(value: &serde_json::Value) -> Result<(), Failure> {
    line(&value.to_string())
}

/// Prints a line for the person; there is nobody to tell when that fails.
pub fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
