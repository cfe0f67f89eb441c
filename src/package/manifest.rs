//! `manifest.yaml`: what a package is, and which connectors are in it.

use std::collections::BTreeSet;

use super::error::Error;
use super::yaml::{self, Node};

/// Longest manifest that is read, in bytes.
pub(super) const LONGEST: u64 = 256 * 1024;
/// Flags that a host knows.
const FLAGS: [&str; 6] = ["localfs", "file", "stream", "needack", "nomerge", "exportxattr"];

/// What a package says of itself. All texts are as they stand there, and empty if they do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Its name; a host goes by the file name of the package.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// One sentence.
    pub description: String,
    /// Who keeps it, in a word.
    pub tier: String,
    /// Whom to ask.
    pub contact: String,
    /// Where to read more.
    pub homepage: String,
    /// Its licence.
    pub license: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The generation of the plugin interface that it speaks.
    pub api_version: String,
    /// What is in it.
    pub connectors: Vec<Connector>,
}

/// A program of a package, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// What it does.
    pub kind: ConnectorKind,
    /// A word for what it connects to.
    pub class: String,
    /// A narrower word.
    pub subclass: String,
    /// A file with a JSON Schema of its options.
    pub validator: String,
    /// What stands before `://` in its locations.
    pub protocols: Vec<String>,
    /// What a host must know before it starts it.
    pub location_flags: Vec<String>,
    /// The program, below the manifest's folder.
    pub executable: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What else it needs.
    pub extra_files: Vec<String>,
}

/// What a connector does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorKind {
    /// Reads, for a backup.
    Importer,
    /// Writes, for a restore.
    Exporter,
    /// Keeps a store.
    Storage,
    /// Something that this version does not know; hosts pass over it.
    Other(String),
}

impl ConnectorKind {
    /// The word in the manifest.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            ConnectorKind::Importer => "importer",
            ConnectorKind::Exporter => "exporter",
            ConnectorKind::Storage => "storage",
            ConnectorKind::Other(word) => word,
        }
    }
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |why: &str| Error::refused(format!("manifest.yaml: {why}"));
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
        let node = yaml::read(text).map_err(|why| wrong(&why))?;
        let Node::Map(_) = node else { return Err(wrong("it is no map of names and values")) };
        let fields = Fields(&node);
        let connectors = match node.get("connectors") {
            Some(Node::List(connectors)) => connectors.iter().map(connector).collect::<Result<Vec<_>, _>>()?,
            _ => return Err(wrong("it has no list 'connectors'")),
        };
        let mut spoken = BTreeSet::new();
        for (connector, protocol) in connectors.iter().flat_map(|one| one.protocols.iter().map(move |own| (one, own))) {
            let kind = connector.kind.word();
            // plakar installs such a package, and then can't load it.
            if !spoken.insert((kind, protocol.to_ascii_lowercase())) {
                return Err(wrong(&format!("it has two of type {kind} for {protocol}://")));
            }
        }
        Ok(Manifest {
            name: fields.text("name")?,
            display_name: fields.text("display_name")?,
            description: fields.text("description")?,
            tier: fields.text("tier")?,
            contact: fields.text("contact")?,
            homepage: fields.text("homepage")?,
            license: fields.text("license")?,
            tags: fields.list("tags")?,
            api_version: fields.text("api_version")?,
            connectors,
        })
    }

    /// The files that connectors name, each as a plain path below the manifest's folder.
    pub(super) fn files(&self) -> Result<Vec<String>, Error> {
        let mut files = Vec::new();
        for connector in &self.connectors {
            let validator = (!connector.validator.is_empty()).then_some(&connector.validator);
            for file in std::iter::once(&connector.executable).chain(validator).chain(&connector.extra_files) {
                let file = plain_path(file)?;
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }
}

/// A path that a manifest names, below its folder: hosts take an absolute one as relative.
pub(super) fn plain_path(path: &str) -> Result<String, Error> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.is_empty() || parts.contains(&"..") || path.contains(char::is_control) {
        return Err(Error::refused(format!("manifest.yaml names {path:?}, which is no file below its folder")));
    }
    Ok(parts.join("/"))
}

fn connector(node: &Node) -> Result<Connector, Error> {
    let fields = Fields(node);
    let kind = match fields.text("type")?.as_str() {
        "importer" => ConnectorKind::Importer,
        "exporter" => ConnectorKind::Exporter,
        "storage" => ConnectorKind::Storage,
        other => ConnectorKind::Other(other.to_owned()),
    };
    let connector = Connector {
        kind,
        class: fields.text("class")?,
        subclass: fields.text("subclass")?,
        validator: fields.text("validator")?,
        protocols: fields.list("protocols")?,
        location_flags: fields.list("location_flags")?,
        executable: fields.text("executable")?,
        args: fields.list("args")?,
        extra_files: fields.list("extra_files")?,
    };
    plain_path(&connector.executable)?;
    let is_unknown = |flag: &&String| !FLAGS.contains(&flag.as_str());
    if let Some(flag) = connector.location_flags.iter().find(is_unknown) {
        return Err(Error::refused(format!("manifest.yaml has the location flag {flag:?}, which no host knows")));
    }
    let is_unusable = |protocol: &&String| {
        let starts = protocol.starts_with(|letter: char| letter.is_ascii_alphabetic());
        !starts || !protocol.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    };
    if let Some(protocol) = connector.protocols.iter().find(is_unusable) {
        return Err(Error::refused(format!(
            "manifest.yaml has the protocol {protocol:?}, which can't begin a location"
        )));
    }
    Ok(connector)
}

/// A map whose values are texts and lists of texts.
struct Fields<'n>(&'n Node);

impl Fields<'_> {
    fn text(&self, key: &str) -> Result<String, Error> {
        match self.0.get(key) {
            None => Ok(String::new()),
            Some(Node::Text(text)) => Ok(text.clone()),
            Some(_) => Err(Error::refused(format!("manifest.yaml: '{key}' is not one text"))),
        }
    }

    fn list(&self, key: &str) -> Result<Vec<String>, Error> {
        let wrong = || Error::refused(format!("manifest.yaml: '{key}' is no list of texts"));
        let text = |node: &Node| if let Node::Text(text) = node { Ok(text.clone()) } else { Err(wrong()) };
        match self.0.get(key) {
            None => Ok(Vec::new()),
            Some(Node::Text(text)) if text.is_empty() => Ok(Vec::new()),
            Some(Node::List(list)) => list.iter().map(text).collect(),
            Some(_) => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "connectors:\n- type: importer\n  protocols: [x]\n  executable: x\n";

    #[test]
    fn ours_is_read_and_names_what_a_host_must_know() {
        let ours = Manifest::read(include_bytes!("../../manifest.yaml")).unwrap();
        assert_eq!(ours.name, "davault");
        for (connector, kind) in ours.connectors.iter().zip([ConnectorKind::Importer, ConnectorKind::Exporter]) {
            assert_eq!(connector.kind, kind);
            assert_eq!(connector.protocols, ["caldav", "carddav", "dav"]);
            assert_eq!(
                (connector.executable.as_str(), connector.args.as_slice()),
                ("davault", &["plugin".to_string()][..])
            );
        }
        assert_eq!(ours.connectors.len(), 2);
        assert_eq!(ours.files().unwrap(), ["davault"]);
    }

    #[test]
    fn what_a_host_skips_is_skipped_and_what_is_wrong_is_named() {
        let odd = Manifest::read(format!("{LEAST}- type: dream\n  executable: /bin/../y\n").as_bytes());
        assert!(odd.unwrap_err().what.contains("/bin/../y"));
        let odd =
            Manifest::read(format!("{LEAST}- type: dream\n  executable: /bin//y\nnew: [1]\n").as_bytes()).unwrap();
        assert_eq!(odd.connectors[1].kind.word(), "dream");
        assert_eq!(odd.files().unwrap(), ["x", "bin/y"]);
        for (from, to, why) in [
            ("[x]", "[x/y]", "\"x/y\", which can't begin a location"),
            ("[x]", "{}", "'protocols' is no list of texts"),
            ("executable: x", "executable: ''", "\"\", which is no file below its folder"),
            ("executable: x", "executable: ../x", "\"../x\", which is no file below its folder"),
            ("executable: x", "location_flags: [fast]\n  executable: x", "\"fast\", which no host knows"),
            ("connectors", "connector", "it has no list 'connectors'"),
            ("[x]", "[x, y, X]", "it has two of type importer for X://"),
        ] {
            let error = Manifest::read(LEAST.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.what.ends_with(why), "{error}");
        }
    }
}
