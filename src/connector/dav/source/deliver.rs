//! From what a server answered to the bytes that are stored, and on to the host.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;

use super::buffer::Origin;
use super::collection::{Item, version_of};
use super::exact::{Evidence, Stored, Trust, Wire, confirmed, stored};
use super::fetch::{Fetch, Raw, Rule};
use super::{Stop, tree};
use crate::connector::dav::remembered::{ItemSum, RememberedItem};
use crate::connector::{Entry, EntryKind};
use crate::dav::request::{StoredAs, VcardVersion};
use crate::dav::{ETag, Href, Kind};
use crate::item::kind::Kind as ItemKind;
use crate::item::revised::revised;
use crate::item::terminator::to_crlf;

/// So many GETs may fail before the usual is assumed of a collection: that only CRs are missing.
const MOST_SAMPLES: usize = 3;

/// A contact that was probably converted.
struct Doubtful {
    item: Item,
    content: Bytes,
    etag: Option<ETag>,
    /// Whether GET gave it: asking again would give the same.
    is_whole: bool,
}

/// Whether a text is a vCard of version 4.0.
fn is_vcard4(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_end().eq_ignore_ascii_case(b"VERSION:4.0"))
}

/// Whether a text may be one of which the server could not put every character into XML.
///
/// QUIRK(go-webdav): writes U+FFFD for a control character, or another that XML can't hold.
fn replaces(text: &[u8]) -> bool {
    text.windows(3).any(|bytes| bytes == "\u{fffd}".as_bytes())
}

impl Fetch<'_> {
    /// How a collection is to be read, by its first batch: digests where they fit, else one item's GET.
    pub(super) async fn rule(&self, raws: &[(Item, Raw)]) -> Result<Rule, Stop> {
        let texts = || {
            raws.iter().filter_map(|(item, raw)| match raw {
                Raw::Text { text, etag } => Some((item, text, etag.as_ref())),
                Raw::Whole { .. } | Raw::Failed { .. } => None,
            })
        };
        let wholes = || {
            raws.iter().filter_map(|(item, raw)| match raw {
                Raw::Whole { content } => Some((item, content)),
                Raw::Text { .. } | Raw::Failed { .. } => None,
            })
        };
        let trust = |wire| {
            let mut trust = Trust::default();
            for (item, content) in wholes() {
                let evidence = Evidence { etag: item.member.etag.as_ref(), size: None };
                trust.digest |= matches!(stored(content, Wire::Exact, trust, evidence), Stored::Confirmed(_));
            }
            for (item, text, etag) in texts() {
                let all = Trust { size: true, ..Trust::default() };
                match stored(text, wire, all, Evidence { etag, size: item.member.size }) {
                    Stored::Confirmed(_) => trust.digest = true,
                    Stored::Assumed(_) => trust.size |= item.member.size.is_some(),
                    Stored::Contradicted(_) => {}
                }
            }
            trust
        };
        let digests = trust(Wire::Crlf);
        if digests.digest {
            return Ok(Rule { wire: Wire::Crlf, trust: Trust { size: false, ..digests }, newer: Arc::default() });
        }
        let newer =
            Arc::new(self.stored_as_4(texts().map(|(_, text, _)| text).chain(wholes().map(|(_, whole)| whole))).await);
        if self.run.flow.has_exact_sizes(self.collection.kind)
            && let Some(wire) = Wire::by_sizes(texts().map(|(item, text, _)| (text.as_ref(), item.member.size)))
        {
            return Ok(Rule { wire, trust: Trust { digest: false, size: true, form: true }, newer });
        }
        for (item, text, _) in texts().take(MOST_SAMPLES) {
            if let Raw::Whole { content } = self.get(item, None).await? {
                let wire = Wire::by_sample(text, &content);
                let form = item.member.size == Some(content.len() as u64);
                if form && wire == Wire::Crlf {
                    self.run.flow.note_exact_sizes(self.collection.kind);
                }
                return Ok(Rule { wire, trust: Trust { form, ..trust(wire) }, newer });
            }
        }
        Ok(Rule { wire: Wire::Crlf, trust: Trust::default(), newer })
    }

    /// Contacts that are stored as vCard 4.0, where it matters and the server can tell: those that it finds by that version
    /// and not by the other one too.
    async fn stored_as_4(&self, mut texts: impl Iterator<Item = &Bytes>) -> HashSet<Href> {
        let mut found = HashSet::new();
        if self.collection.kind == Kind::Calendar || texts.all(|text| is_vcard4(text)) {
            return found;
        }
        for version in ["4.0", "3.0"] {
            let request = StoredAs { collection: self.collection.href.clone(), version };
            let Ok(of_version) = self.run.source.client.send(&request).await else { return HashSet::new() };
            let hrefs =
                of_version.into_iter().filter(|one| one.trouble.is_none() && one.status < 300).map(|one| one.href);
            if version == "4.0" {
                found.extend(hrefs);
            } else {
                hrefs.for_each(|href| _ = found.remove(&href));
            }
            if found.is_empty() {
                break;
            }
        }
        found
    }

    /// Sends the items of a batch in the form in which they are stored.
    pub(super) async fn deliver(&self, raws: Vec<(Item, Raw)>, rule: &Rule) -> Result<(), Stop> {
        let mut doubtful = Vec::new();
        for (item, raw) in raws {
            match raw {
                Raw::Failed { why, .. } => self.failed(item.path, why).await?,
                Raw::Whole { content } if self.is_doubtful(&item, &content, rule) => {
                    let etag = item.member.etag.clone();
                    doubtful.push(Doubtful { item, content, etag, is_whole: true });
                }
                Raw::Whole { content } => self.item(item, content, None).await?,
                Raw::Text { text, etag } if rule.newer.contains(&item.member.href) && !is_vcard4(&text) => {
                    let etag = etag.or_else(|| item.member.etag.clone());
                    doubtful.push(Doubtful { item, content: text, etag, is_whole: false });
                }
                Raw::Text { text, .. } if rule.wire == Wire::GetOnly => self.by_get(item, text).await?,
                Raw::Text { text, etag } => {
                    let mut item = item;
                    let etag = etag.or_else(|| item.member.etag.clone());
                    // What is remembered is the tag of what was read.
                    item.member.etag.clone_from(&etag);
                    let evidence = Evidence { etag: etag.as_ref(), size: item.member.size };
                    match stored(&text, rule.wire, rule.trust, evidence) {
                        Stored::Assumed(content) if replaces(&content) => self.by_get(item, content).await?,
                        Stored::Confirmed(content) | Stored::Assumed(content) => {
                            self.item(item, content, None).await?;
                        }
                        Stored::Contradicted(content) if self.collection.kind == Kind::AddressBook => {
                            doubtful.push(Doubtful { item, content, etag, is_whole: false });
                        }
                        Stored::Contradicted(content) => self.by_get(item, content).await?,
                    }
                }
            }
        }
        self.as_newer_vcards(doubtful, rule).await
    }

    /// Whether a contact that GET gave is not what is stored, as far as that can be told.
    fn is_doubtful(&self, item: &Item, content: &Bytes, rule: &Rule) -> bool {
        if self.collection.kind == Kind::Calendar || is_vcard4(content) {
            return false;
        }
        let evidence = Evidence { etag: item.member.etag.as_ref(), size: item.member.size };
        rule.newer.contains(&item.member.href)
            || matches!(stored(content, Wire::Exact, rule.trust, evidence), Stored::Contradicted(_))
    }

    /// Sends what GET gives; where it will never give anything that can be kept, the text that is there. Where it may give it
    /// another time the item fails: a text that is known to be wrong replaces no good version.
    async fn by_get(&self, item: Item, text: Bytes) -> Result<(), Stop> {
        match self.get(&item, None).await? {
            Raw::Whole { content } => self.item(item, content, None).await,
            Raw::Failed { why, is_passing: true } => self.failed(item.path, why).await,
            Raw::Failed { .. } | Raw::Text { .. } => self.item(item, text, None).await,
        }
    }

    /// Sends contacts that were probably converted: as 4.0 where that is confirmed, else what GET gives.
    async fn as_newer_vcards(&self, doubtful: Vec<Doubtful>, rule: &Rule) -> Result<(), Stop> {
        if doubtful.is_empty() {
            return Ok(());
        }
        let items: Vec<_> = doubtful.iter().map(|one| one.item.clone()).collect();
        let version = Some(VcardVersion::V4);
        let mut newer = self.multiget(&items, version).await.unwrap_or_default();
        for Doubtful { item, content, etag, is_whole } in doubtful {
            let evidence = Evidence { etag: etag.as_ref(), size: item.member.size };
            let is_newer = rule.newer.contains(&item.member.href);
            let raw = match newer.remove(&item.member.href) {
                None if is_newer || is_whole => self.get(&item, version).await?,
                Some(raw) => raw,
                None => {
                    self.by_get(item, content).await?;
                    continue;
                }
            };
            match raw {
                Raw::Text { text, .. } | Raw::Whole { content: text } if confirmed(&text, evidence).is_some() => {
                    let content = confirmed(&text, evidence).unwrap_or(text);
                    self.item(item, content, version).await?;
                }
                Raw::Whole { content } if is_newer && is_vcard4(&content) => {
                    self.item(item, content, version).await?;
                }
                Raw::Text { text, .. } if is_newer && is_vcard4(&text) => {
                    let content = if rule.wire == Wire::Exact { text } else { to_crlf(&text).into_owned().into() };
                    self.item(item, content, version).await?;
                }
                Raw::Failed { why, is_passing: true } if is_newer => self.failed(item.path, why).await?,
                _ if is_whole => self.item(item, content, None).await?,
                _ => self.by_get(item, content).await?,
            }
        }
        Ok(())
    }

    /// Sends one item, if it is a wanted one.
    pub(super) async fn item(&self, item: Item, content: Bytes, as_version: Option<VcardVersion>) -> Result<(), Stop> {
        let Item { path, member } = item;
        let (size, version) = (content.len() as u64, version_of(&content));
        let modified = member.modified.or_else(|| revised(&content));
        let mut remembered = RememberedItem {
            href: self.run.memory.map(|memory| memory.text_of(&member.href)).unwrap_or_default(),
            etag: member.etag,
            listed_size: member.size,
            modified,
            size,
            version,
            vcard_version: as_version,
            components: Box::default(),
            wanted: true,
        };
        if self.collection.kind == Kind::Calendar {
            let components = ItemKind::components(&content);
            remembered.components = components.iter().copied().collect::<Vec<_>>().join(",").into();
            self.sum().components.extend(components);
            if !self.run.source.filter.wants_item(&content) {
                remembered.wanted = false;
                if let Some(memory) = self.run.memory {
                    memory.left_out(self.collection, remembered);
                }
                return Ok(());
            }
        }
        self.sum().contents.add(tree::last_name(&path), size, version, modified);
        if let Some(memory) = self.run.memory {
            memory.handed_on(self.collection, &path, remembered);
        }
        let entry =
            Entry { name: tree::last_name(&path).to_owned(), path, kind: EntryKind::File { size }, modified, version };
        let origin = Origin { href: Some(member.href), vcard_version: as_version, size, version };
        self.run.read.store(true, Ordering::Relaxed);
        self.run.file(entry, origin, content).await
    }

    fn sum(&self) -> MutexGuard<'_, ItemSum> {
        self.sum.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
