//! A record on its way to an exporter, with its content.

use bytes::Bytes;
use tokio::sync::{MutexGuard, mpsc};

use super::exporter::Exporter;
use crate::plugin::error::Error;
use crate::plugin::wire;
use crate::proto::plakar::exporter::ExportRequest;
use crate::proto::plakar::exporter::export_request::Packet;

/// A record that is being sent, with the right to send.
pub struct Sending<'a> {
    exporter: &'a Exporter,
    packets: MutexGuard<'a, Option<mpsc::Sender<ExportRequest>>>,
    to_plugin: mpsc::Sender<ExportRequest>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        exporter: &'a Exporter,
        packets: MutexGuard<'a, Option<mpsc::Sender<ExportRequest>>>,
        to_plugin: mpsc::Sender<ExportRequest>,
    ) -> Self {
        Sending { exporter, packets, to_plugin }
    }

    /// Sends a piece of the content.
    pub async fn add(&mut self, mut piece: Bytes) -> Result<(), Error> {
        while !piece.is_empty() {
            self.packet(Packet::Chunk(piece.split_to(piece.len().min(wire::CHUNK)))).await?;
        }
        Ok(())
    }

    /// Sends the end of the content.
    pub async fn end(self) -> Result<(), Error> {
        self.packet(Packet::Chunk(Bytes::new())).await?;
        self.done();
        Ok(())
    }

    /// Nothing follows; somebody else may send.
    pub(super) fn done(mut self) {
        *self.packets = Some(self.to_plugin);
    }

    /// Gives a packet to the exchange; waits while the plugin is busy, but not after the exchange has ended: a plugin that reads
    /// nothing would hold the call open even then.
    pub(super) async fn packet(&self, packet: Packet) -> Result<(), Error> {
        tokio::select! {
            Ok(()) = self.to_plugin.send(ExportRequest { packet: Some(packet) }) => Ok(()),
            _ = self.exporter.end() => Err(self.exporter.ended().await),
            else => Err(self.exporter.ended().await),
        }
    }
}
