//! YAML as a manifest uses it: texts, lists and maps of one document, bounded.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Most nodes of a document.
const MOST_NODES: usize = 10_000;
/// Deepest nesting; a manifest has three levels.
const DEEPEST: usize = 16;

/// A node of a document. Numbers and truth values are texts: a manifest has none that are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// What stands under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Node::Map(pairs) = self else { return None };
        pairs.iter().find_map(|(known, value)| (known == key).then_some(value))
    }
}

/// Reads the first document of a text; the error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    for _ in 0..MOST_NODES {
        let Some(event) = parser.next_event() else { break };
        let (event, _) = event.map_err(|error| {
            let line = error.marker().line();
            format!("line {line} can't be understood")
        })?;
        let closed = match event {
            Event::Scalar(text, style, ..) => Node::Text(plain(&text, style)),
            Event::SequenceStart(..) => {
                push(&mut open, Open::List(Vec::new()))?;
                continue;
            }
            Event::MappingStart(..) => {
                push(&mut open, Open::Map(Vec::new(), None))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Node::List(list),
                Some(Open::Map(pairs, None)) => Node::Map(pairs),
                _ => return Err("a map in it is not whole".into()),
            },
            // A few aliases of aliases stand for any number of nodes.
            Event::Alias(_) => return Err("it has an alias (*), which is not supported".into()),
            Event::DocumentEnd | Event::StreamEnd => break,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        };
        match open.last_mut() {
            None => return Ok(closed),
            Some(parent) => parent.take(closed)?,
        }
    }
    Err("it is empty, or too large".into())
}

/// A list or map that is being read; of a map also the key whose value comes next.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

impl Open {
    fn take(&mut self, node: Node) -> Result<(), String> {
        match (self, node) {
            (Open::List(list), node) => list.push(node),
            (Open::Map(pairs, key), node) => match (key.take(), node) {
                (Some(key), node) => pairs.push((key, node)),
                (None, Node::Text(text)) if pairs.iter().any(|(known, _)| *known == text) => {
                    return Err(format!("it has the key {text:?} twice"));
                }
                (None, Node::Text(text)) => *key = Some(text),
                (None, _) => return Err("it has a key that is no text".into()),
            },
        }
        Ok(())
    }
}

fn push(open: &mut Vec<Open>, node: Open) -> Result<(), String> {
    if open.len() >= DEEPEST {
        return Err("it is nested too deeply".into());
    }
    open.push(node);
    Ok(())
}

/// A scalar's text; YAML's null is none.
fn plain(text: &str, style: ScalarStyle) -> String {
    let is_null = style == ScalarStyle::Plain && matches!(text, "~" | "null" | "Null" | "NULL");
    if is_null { String::new() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_document_counts() {
        let node = read("a: [1, 'x y']\nb:\n  - c: ~\n---\na: 2\n").unwrap();
        let list = Node::List(vec![Node::Text("1".into()), Node::Text("x y".into())]);
        assert_eq!(node.get("a"), Some(&list));
        let inner = Node::Map(vec![("c".into(), Node::Text(String::new()))]);
        assert_eq!(node.get("b"), Some(&Node::List(vec![inner])));
    }

    #[test]
    fn what_is_no_plain_document_gets_a_sentence() {
        for (text, why) in [
            ("", "it is empty, or too large"),
            ("a: &x [1]\nb: *x\n", "it has an alias (*), which is not supported"),
            ("a: 1\na: 2\n", "it has the key \"a\" twice"),
            ("[a]: 1\n", "it has a key that is no text"),
            (&"[".repeat(40), "it is nested too deeply"),
            (&"- a\n".repeat(20_000), "it is empty, or too large"),
        ] {
            assert_eq!(read(text).unwrap_err(), why, "{text:.20}");
        }
        assert!(read("a: 'x\n").unwrap_err().ends_with("can't be understood"));
    }
}
