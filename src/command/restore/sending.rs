//! Sending what is to be put back to an exporter.

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::plugin::Error;
use crate::plugin::host::Exporter;
use crate::report::{Report, sentence};
use crate::vault::{self, Node, NodeKind, Vault};

use super::super::failure::Failure;
use super::super::progress::Progress;
use super::super::{node, translate};
use super::contents::Contents;

/// Contents read ahead from the vault.
const READ_AHEAD: usize = 8;
/// Largest content that is read as a whole before it is sent, in bytes; [`READ_AHEAD`] of them are in memory.
const READ_WHOLE: u64 = 16 << 20;

/// From a vault to an exporter.
pub struct Sender<'a> {
    /// Where it comes from.
    pub vault: &'a Vault,
    /// Where it goes.
    pub exporter: &'a Exporter,
    /// Whom it is told.
    pub progress: &'a Progress<'a>,
    /// Whether what does not come is deleted there.
    pub mirrors: bool,
    /// Whether extended attributes are sent.
    pub takes_xattrs: bool,
}

/// Why not all was sent.
pub enum Unsent {
    /// The exporter takes no more.
    Refused(Error),
    /// The vault can't give it.
    Unreadable(Failure),
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Unsent {
        Unsent::Refused(error)
    }
}

/// What there is to be sent of a node.
enum Content {
    /// Nothing: it has no content.
    None,
    Whole(Bytes),
    /// More than is held in memory; all of it can be read.
    Pieces,
}

impl Sender<'_> {
    /// Sends all of it.
    pub async fn send<'a>(&'a self, contents: &'a Contents) -> Result<(), Unsent> {
        for (record, node) in &contents.folders {
            if record.path.matches('/').count() > 1 {
                self.progress.collection();
            }
            self.exporter.send(record, None).await?;
            self.xattrs(&record.path, node).await?;
        }
        let read = |(path, node): &'a (String, Node)| async move { (self.read(node).await, path, node) };
        let mut files = stream::iter(&contents.files).map(read).buffered(READ_AHEAD);
        while let Some((content, path, node)) = files.next().await {
            match content {
                Ok(content) => self.file(path.clone(), node, content).await?,
                // Broken off without an end, so that what is missing here is not deleted there.
                Err(error) if self.mirrors => return Err(Unsent::Unreadable(node::unreadable(path, &error))),
                Err(error) => self.progress.item_failed(path, &sentence(&error)),
            }
        }
        self.exporter.all_sent().await;
        Ok(())
    }

    /// Reads all of a content, also of one that is too large to be held: once its record is sent, there is no way back.
    async fn read(&self, node: &Node) -> Result<Content, vault::Error> {
        match node.kind {
            NodeKind::File { size } if size <= READ_WHOLE => Ok(Content::Whole(self.vault.read(node).await?)),
            NodeKind::File { .. } => {
                for number in 0..node.pieces() {
                    self.vault.piece(node, number).await?;
                }
                Ok(Content::Pieces)
            }
            _ => Ok(Content::None),
        }
    }

    async fn file(&self, path: String, node: &Node, content: Content) -> Result<(), Unsent> {
        let record = translate::record(path, node);
        match content {
            Content::None => self.exporter.send(&record, None).await?,
            Content::Whole(content) => self.exporter.send(&record, Some(content)).await?,
            Content::Pieces => {
                let mut sending = self.exporter.open(&record).await?;
                for number in 0..node.pieces() {
                    let piece = self.vault.piece(node, number).await;
                    let piece = piece.map_err(|error| Unsent::Unreadable(node::unreadable(&record.path, &error)))?;
                    sending.add(piece).await?;
                }
                sending.end().await?;
            }
        }
        self.xattrs(&record.path, node).await
    }

    async fn xattrs(&self, path: &str, node: &Node) -> Result<(), Unsent> {
        for xattr in node.xattrs.iter().filter(|_| self.takes_xattrs) {
            let (attribute, value) = translate::attribute(path, xattr);
            self.exporter.send_attribute(&attribute, value).await?;
        }
        Ok(())
    }
}
