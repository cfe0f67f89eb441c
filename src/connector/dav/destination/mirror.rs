//! What `mirror` asks for: deleting what the snapshot lacks, where it is known to be whole.

use std::sync::Arc;

use super::DavDestination;
use super::collections::Target;
use super::folder::Folder;
use super::guests::Way;
use super::look::{Still, still};
use super::seen::Known;
use super::wishes::Scheduling;
use crate::connector::Error;
use crate::dav::request::{Delete, Get};
use crate::dav::{Href, Kind};
use crate::item::people::{self, People};
use crate::report::sentence;

/// What became of what a snapshot lacks, in one collection.
#[derive(Debug, Default)]
pub(super) struct Mirrored {
    /// What is deleted; in a dry run, what would be.
    pub deleted: Vec<Href>,
    /// What is not, and why: sentences.
    pub left: Vec<String>,
}

impl DavDestination {
    /// Deletes what the snapshot lacks, collection by collection.
    pub(super) async fn mirror(&self) -> Vec<(Arc<Target>, Mirrored)> {
        let mut all = Vec::new();
        let folders = self.folders();
        let targets = self.targets.lock().await.clone();
        for target in targets.into_iter().filter(|target| target.before.is_some()) {
            let goes_there = |folder: &Folder| {
                folder.target.get().is_some_and(|one| one.href == target.href && one.kind == target.kind)
            };
            let mut into_it = folders.iter().filter(|folder| goes_there(folder));
            let mut mirrored = Mirrored::default();
            let nothing = |why: &str| format!("nothing was deleted in {}: {why}", target.href);
            let why = into_it.find_map(|folder| why_not_whole(folder)).or_else(|| target.why_not_written());
            if let Some(why) = why {
                mirrored.left.push(nothing(why));
            } else if let Err(error) = self.delete_others(&target, &mut mirrored).await {
                mirrored.left.push(nothing(&sentence(&error)));
            }
            all.push((target, mirrored));
        }
        all
    }

    async fn delete_others(&self, target: &Target, mirrored: &mut Mirrored) -> Result<(), Error> {
        let mut existing = target.existing.lock().await;
        existing.list(&self.client, target).await?;
        let mut others: Vec<_> = existing.members().filter(|(href, _)| !target.keeps(href)).collect();
        others.sort_by_key(|(href, _)| *href);
        for (href, known) in others {
            let deleted = if existing.is_foreseen(href, known) {
                self.delete(target, href, known).await
            } else {
                Err(format!("{href} was not deleted: it came or changed since it was looked at"))
            };
            match deleted {
                Ok(()) => mirrored.deleted.push(href.clone()),
                Err(why) => mirrored.left.push(why),
            }
        }
        Ok(())
    }

    /// Deletes an item if it is still what was listed and nobody is told who should not be; else says why not.
    async fn delete(&self, target: &Target, href: &Href, known: &Known) -> Result<(), String> {
        let not_deleted = |why: &str| format!("{href} was not deleted: {why}");
        match self.way_to_delete(target, href, known).await {
            Ok(Way::HeldBack) => {
                return Err(format!(
                    "{href} was held back: the server would tell its guests that it is off; scheduling=server lets it"
                ));
            }
            Ok(_) => {}
            Err(error) => return Err(not_deleted(&sentence(&error))),
        }
        if self.wishes.dry_run {
            return Ok(());
        }
        let matches = match still(&self.client, href, known).await {
            Ok(Still::Same(etag)) => etag,
            Ok(Still::Gone) => return Ok(()),
            Ok(Still::Changed) => return Err(not_deleted("it changed meanwhile")),
            Ok(Still::Untagged) => return Err(not_deleted("the server gives it no ETag")),
            Err(error) => return Err(not_deleted(&sentence(&error))),
        };
        let silent = self.wishes.scheduling != Scheduling::Server;
        let sent = self.client.send(&Delete { at: href.clone(), matches, silent }).await;
        sent.map_err(|error| not_deleted(&sentence(&error)))
    }

    /// Who would be told, by what stands there now; what can't be read may have guests.
    async fn way_to_delete(&self, target: &Target, href: &Href, known: &Known) -> Result<Way, Error> {
        if target.kind != Kind::Calendar || self.wishes.scheduling == Scheduling::Server {
            return Ok(Way::Plain);
        }
        let telling = self.telling(target).await?;
        if telling.scheduler.sends == Some(false) {
            return Ok(Way::Plain);
        }
        // A delete is conditional on what was read then.
        if let Some(seen) = known.seen.as_ref().filter(|_| known.etag.is_some()) {
            return Ok(telling.delete(seen.people.as_deref().unwrap_or(&People::default())));
        }
        let got = self.client.send(&Get { at: href.clone(), vcard_version: None }).await;
        Ok(got.map_or(Way::HeldBack, |got| telling.delete(&people::of(&got.bytes))))
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
