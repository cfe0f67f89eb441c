//! What `mirror` asks for: deleting what the snapshot lacks, where it is known to be whole.

use super::DavDestination;
use super::collections::Target;
use super::folder::Folder;
use super::look::{Still, still};
use super::seen::{Known, Seen};
use crate::connector::Error;
use crate::dav::Href;
use crate::dav::request::{Delete, Get};
use crate::report::sentence;

impl DavDestination {
    /// Deletes what the snapshot lacks; says in sentences what was not deleted, and why.
    pub(super) async fn mirror(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        let folders = self.folders();
        let targets = self.targets.lock().await.clone();
        for target in targets.iter().filter(|target| target.before.is_some()) {
            let goes_there = |folder: &Folder| {
                folder.target.get().is_some_and(|one| one.href == target.href && one.kind == target.kind)
            };
            let mut into_it = folders.iter().filter(|folder| goes_there(folder));
            if let Some(why) = into_it.find_map(|folder| why_not_whole(folder)) {
                troubles.push(format!("nothing was deleted in {}: {why}", target.href));
                continue;
            }
            if let Err(error) = self.delete_others(target, &mut troubles).await {
                troubles.push(format!("nothing was deleted in {}: {}", target.href, sentence(&error)));
            }
        }
        troubles
    }

    async fn delete_others(&self, target: &Target, troubles: &mut Vec<String>) -> Result<(), Error> {
        let mut existing = target.existing.lock().await;
        existing.list(&self.client, target).await?;
        let schedules = self.schedules(target.kind).await?;
        for (href, known) in existing.members().filter(|(href, _)| !target.keeps(href)) {
            troubles.extend(self.delete(href, known, schedules).await.err());
        }
        Ok(())
    }

    /// Deletes an item if it is still what was listed and nobody is told; else says why not.
    async fn delete(&self, href: &Href, known: &Known, schedules: bool) -> Result<(), String> {
        if schedules && self.invites(href).await {
            return Err(format!("{href} was held back: deleting it would mail its attendees"));
        }
        let not_deleted = |why: &str| format!("{href} was not deleted: {why}");
        let matches = match still(&self.client, href, known).await {
            Ok(Still::Same(etag)) => etag,
            Ok(Still::Gone) => return Ok(()),
            Ok(Still::Changed) => return Err(not_deleted("it changed meanwhile")),
            Ok(Still::Untagged) => return Err(not_deleted("the server gives it no ETag")),
            Err(error) => return Err(not_deleted(&sentence(&error))),
        };
        let sent = self.client.send(&Delete { at: href.clone(), matches, silent: true }).await;
        sent.map_err(|error| not_deleted(&sentence(&error)))
    }

    /// Whether somebody may be told of what happens to an item; also where it can't be read.
    async fn invites(&self, href: &Href) -> bool {
        let got = self.client.send(&Get { at: href.clone(), vcard_version: None }).await;
        got.map_or(true, |got| Seen::of(&got.bytes).invites)
    }
}

/// Why nothing follows from what a folder lacks.
fn why_not_whole(folder: &Folder) -> Option<&'static str> {
    match folder.said().described {
        None => Some("it is not known whether the snapshot has all of it"),
        Some(described) if described.incomplete => {
            Some("the snapshot lacks items that were left out or could not be read")
        }
        Some(described) if !described.only_components.is_empty() => Some("the snapshot has only some kinds of items"),
        Some(described) if described.only_between.is_some() => Some("the snapshot has only the items of some time"),
        Some(_) if !folder.is_whole() => Some("some items could not be restored"),
        Some(_) => None,
    }
}
