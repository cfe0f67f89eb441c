//! Where the messages of one direction of an HTTP/1.1 connection begin and end (RFC 9112 §6); nothing else of them is read.

/// Longest head that is looked at, in bytes; what is longer is no head.
const LONGEST_HEAD: usize = 256 << 10;

/// What a stretch of bytes holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of a message is complete; its first line begins with this word: a method, or a version.
    Head(String),
    /// The message is complete.
    End,
}

/// Follows one direction of a connection. Answers to HEAD are not understood: none of those who are measured sends it.
#[derive(Default)]
pub struct Messages {
    state: State,
}

enum State {
    Head(Vec<u8>),
    Body(u64),
    ChunkSize(Vec<u8>),
    /// With the line end behind it.
    Chunk(u64),
    Trailer(Vec<u8>),
    /// Until the connection is closed; also once something made no sense.
    Rest,
}

impl Default for State {
    fn default() -> Self {
        State::Head(Vec::new())
    }
}

impl Messages {
    /// The events within the next bytes.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            bytes = self.step(bytes, &mut events);
        }
        events
    }

    /// Works on the beginning of the bytes, and returns those behind it.
    fn step<'a>(&mut self, bytes: &'a [u8], events: &mut Vec<Event>) -> &'a [u8] {
        match std::mem::replace(&mut self.state, State::Rest) {
            State::Rest => &[],
            State::Head(mut head) => {
                let rest = line(bytes, &mut head);
                let is_done = head.ends_with(b"\r\n\r\n");
                if head == b"\r\n" {
                    // Allowed before a request, and means nothing.
                    self.state = State::default();
                } else if is_done {
                    self.state = headed(&String::from_utf8_lossy(&head), events);
                } else if head.len() < LONGEST_HEAD {
                    self.state = State::Head(head);
                }
                rest
            }
            State::Body(left) => {
                let (left, rest) = skip(bytes, left);
                self.state = if left == 0 { ended(events) } else { State::Body(left) };
                rest
            }
            State::ChunkSize(mut size) => {
                let rest = line(bytes, &mut size);
                self.state = match (size.ends_with(b"\n"), chunk_size(&size)) {
                    (false, _) if size.len() < LONGEST_HEAD => State::ChunkSize(size),
                    (true, Some(0)) => State::Trailer(Vec::new()),
                    (true, Some(length)) => State::Chunk(length + 2),
                    _ => State::Rest,
                };
                rest
            }
            State::Chunk(left) => {
                let (left, rest) = skip(bytes, left);
                self.state = if left == 0 { State::ChunkSize(Vec::new()) } else { State::Chunk(left) };
                rest
            }
            State::Trailer(mut trailer) => {
                let rest = line(bytes, &mut trailer);
                self.state = match trailer.as_slice() {
                    b"\r\n" => ended(events),
                    [.., b'\n'] => State::Trailer(Vec::new()),
                    _ => State::Trailer(trailer),
                };
                rest
            }
        }
    }
}

/// What comes after a head.
fn headed(head: &str, events: &mut Vec<Event>) -> State {
    let first = head.split_ascii_whitespace().next().unwrap_or_default();
    let status = head.split_ascii_whitespace().nth(1).and_then(|word| word.parse::<u16>().ok());
    let is_answer = first.starts_with("HTTP/");
    let value = |name: &str| {
        let line = |line: &str| {
            line.split_once(':')
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        head.lines().find_map(line)
    };
    if is_answer && matches!(status, Some(100..200)) {
        return State::default();
    }
    events.push(Event::Head(first.to_owned()));
    let is_chunked = value("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked"));
    let length = value("content-length").and_then(|value| value.parse().ok());
    match (status, length) {
        (Some(204 | 304), _) if is_answer => ended(events),
        _ if is_chunked => State::ChunkSize(Vec::new()),
        (_, Some(0)) => ended(events),
        (_, Some(length)) => State::Body(length),
        (_, None) if is_answer => State::Rest,
        (_, None) => ended(events),
    }
}

fn ended(events: &mut Vec<Event>) -> State {
    events.push(Event::End);
    State::default()
}

/// Takes the bytes up to the end of a line; returns those behind it.
fn line<'a>(bytes: &'a [u8], into: &mut Vec<u8>) -> &'a [u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |place| place + 1);
    let (line, rest) = bytes.split_at(end);
    into.extend_from_slice(line);
    rest
}

fn skip(bytes: &[u8], left: u64) -> (u64, &[u8]) {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (left - length as u64, bytes.split_at(length).1)
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    u64::from_str_radix(text.split(';').next()?.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(stream: &[u8], piece: usize) -> Vec<Event> {
        let mut messages = Messages::default();
        stream.chunks(piece).flat_map(|bytes| messages.take(bytes)).collect()
    }

    fn head(word: &str) -> Event {
        Event::Head(word.to_owned())
    }

    #[test]
    fn requests_are_told_apart_however_the_bytes_come() {
        let stream = b"PROPFIND / HTTP/1.1\r\ncontent-length: 5\r\n\r\nGET /\
            GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
            PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n\
            REPORT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        for piece in [1, 7, 1000] {
            let expected: Vec<Event> = ["PROPFIND", "GET", "PUT", "REPORT"]
                .into_iter()
                .flat_map(|method| [head(method), Event::End])
                .collect();
            assert_eq!(events(stream, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn an_answer_ends_where_its_length_says_or_with_the_connection() {
        let stream = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok\
            HTTP/1.1 204 No Content\r\n\r\nHTTP/1.0 200 OK\r\n\r\nuntil the end\r\n\r\n";
        for piece in [1, 5, 1000] {
            let expected = [head("HTTP/1.1"), Event::End, head("HTTP/1.1"), Event::End, head("HTTP/1.0")];
            assert_eq!(events(stream, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_http_is_let_be() {
        assert_eq!(events(b"\x16\x03\x01 nothing of ours", 3), []);
        assert_eq!(events(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc", 4), [head("PUT")]);
    }
}
