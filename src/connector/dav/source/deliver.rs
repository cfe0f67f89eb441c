//! From what a server answered to the bytes that are stored, and on to the host.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::buffer::Origin;
use super::collection::{Item, version_of};
use super::exact::{Evidence, Stored, Trust, Wire, confirmed, stored};
use super::fetch::{Fetch, Raw, Rule};
use super::{Stop, tree};
use crate::connector::{Entry, EntryKind};
use crate::dav::request::VcardVersion;
use crate::dav::{ETag, Kind};

/// So many GETs may fail before the usual is assumed of a collection: that only CRs are missing.
const MOST_SAMPLES: usize = 3;

impl Fetch<'_> {
    /// How a collection is to be read, by its first batch: digests where they fit, else one item's GET.
    pub(super) async fn rule(&self, raws: &[(Item, Raw)]) -> Result<Rule, Stop> {
        let texts = || {
            raws.iter().filter_map(|(item, raw)| match raw {
                Raw::Text { text, etag } => Some((item, text, etag.as_ref())),
                Raw::Whole { .. } | Raw::Failed(_) => None,
            })
        };
        let trust = |wire| {
            let mut trust = Trust::default();
            for (item, text, etag) in texts() {
                let all = Trust { size: true, ..Trust::default() };
                match stored(text, wire, all, Evidence { etag, size: item.member.size }) {
                    Stored::Confirmed(_) => trust.md5 = true,
                    Stored::Assumed(_) => trust.size |= item.member.size.is_some(),
                    Stored::Contradicted(_) => {}
                }
            }
            trust
        };
        let digests = trust(Wire::Crlf);
        if digests.md5 {
            return Ok(Rule { wire: Wire::Crlf, trust: Trust { size: false, ..digests } });
        }
        for (item, text, _) in texts().take(MOST_SAMPLES) {
            if let Raw::Whole { content, .. } = self.get(item, None).await? {
                let wire = Wire::by_sample(text, &content);
                let form = item.member.size == Some(content.len() as u64);
                return Ok(Rule { wire, trust: Trust { form, ..trust(wire) } });
            }
        }
        Ok(Rule { wire: Wire::Crlf, trust: Trust::default() })
    }

    /// Sends the items of a batch in the form in which they are stored.
    pub(super) async fn deliver(&self, raws: Vec<(Item, Raw)>, rule: Rule) -> Result<(), Stop> {
        let mut doubtful = Vec::new();
        for (item, raw) in raws {
            match raw {
                Raw::Failed(why) => self.failed(item.path, why).await?,
                Raw::Whole { content, etag } => self.item(item, content, etag, None).await?,
                Raw::Text { text, etag } if rule.wire == Wire::GetOnly => self.by_get(item, (text, etag)).await?,
                Raw::Text { text, etag } => {
                    let etag = etag.or_else(|| item.member.etag.clone());
                    let evidence = Evidence { etag: etag.as_ref(), size: item.member.size };
                    match stored(&text, rule.wire, rule.trust, evidence) {
                        Stored::Confirmed(content) | Stored::Assumed(content) => {
                            self.item(item, content, etag, None).await?;
                        }
                        Stored::Contradicted(content) if self.collection.kind == Kind::AddressBook => {
                            doubtful.push((item, content, etag));
                        }
                        Stored::Contradicted(content) => self.by_get(item, (content, etag)).await?,
                    }
                }
            }
        }
        self.as_newer_vcards(doubtful).await
    }

    /// Sends what GET gives; where that is nothing that can be kept, the text that is there.
    async fn by_get(&self, item: Item, (text, tag): (Bytes, Option<ETag>)) -> Result<(), Stop> {
        match self.get(&item, None).await? {
            Raw::Whole { content, etag } => self.item(item, content, etag, None).await,
            Raw::Failed(_) | Raw::Text { .. } => self.item(item, text, tag, None).await,
        }
    }

    /// Sends contacts that were probably converted: as 4.0 where that is confirmed, else as they came.
    async fn as_newer_vcards(&self, doubtful: Vec<(Item, Bytes, Option<ETag>)>) -> Result<(), Stop> {
        if doubtful.is_empty() {
            return Ok(());
        }
        let items: Vec<_> = doubtful.iter().map(|(item, ..)| item.clone()).collect();
        let version = Some(VcardVersion::V4);
        let mut newer = self.multiget(&items, version).await.unwrap_or_default();
        for (item, content, etag) in doubtful {
            let evidence = Evidence { etag: etag.as_ref(), size: item.member.size };
            match newer.remove(&item.member.href) {
                Some(Raw::Text { text, .. }) if confirmed(&text, evidence).is_some() => {
                    let content = confirmed(&text, evidence).unwrap_or(text);
                    self.item(item, content, etag, version).await?;
                }
                _ => self.item(item, content, etag, None).await?,
            }
        }
        Ok(())
    }

    /// Sends one item, if it is a wanted one.
    async fn item(
        &self,
        item: Item,
        content: Bytes,
        etag: Option<ETag>,
        as_version: Option<VcardVersion>,
    ) -> Result<(), Stop> {
        if self.collection.kind == Kind::Calendar && !self.run.source.filter.wants_item(&content) {
            return Ok(());
        }
        let Item { path, member } = item;
        let size = content.len() as u64;
        let entry = Entry {
            name: tree::last_name(&path).to_owned(),
            path,
            kind: EntryKind::File { size },
            modified: member.modified,
            version: version_of(etag.as_ref().or(member.etag.as_ref()), &content),
        };
        let origin = Origin { href: Some(member.href), vcard_version: as_version, size };
        self.run.read.store(true, Ordering::Relaxed);
        self.run.file(entry, origin, content).await
    }
}
