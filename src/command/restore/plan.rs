//! What a restore would do: a pure value, made of what a dry run said of each record.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::plugin::host::{Foreseen, Stored};
use crate::report::ItemFailure;

use super::super::node::split_path;

/// What would be done, by the snapshot's folder that it is for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    collections: BTreeMap<String, Collection>,
    /// What went wrong with the plan as a whole, one sentence.
    pub trouble: Option<String>,
}

/// What would be done with what a folder holds, and with the collection that it goes to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Where it goes; none where nothing of it has a place.
    pub foreseen: Option<Foreseen>,
    items: BTreeMap<Verdict, Vec<Item>>,
}

/// Where something would be written, if something that stands there would be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overwritten<'a> {
    /// Nothing would be lost.
    Nothing,
    /// In these collections.
    In(Vec<&'a Foreseen>),
    /// Somewhere; not all of the collections are known by name.
    Anywhere,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path in the snapshot.
    pub path: String,
    /// Why it would not be put, one sentence; empty where it would, or need not be.
    pub why: String,
}

/// What would become of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is not there.
    Create,
    /// Another version of it is there, and would be replaced.
    Change,
    /// It is there.
    Identical,
    /// Something else is there and would be left.
    InTheWay,
    /// The server would tell somebody of it.
    HeldBack,
    /// The other side would not take it, or can't be asked.
    NotPossible,
}

impl Verdict {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Change, Self::Identical, Self::InTheWay, Self::HeldBack, Self::NotPossible];

    /// For a person: `4 to create`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Create => "to create",
            Self::Change => "to change",
            Self::Identical => "identical",
            Self::InTheWay => "in the way",
            Self::HeldBack => "held back",
            Self::NotPossible => "not possible",
        }
    }

    /// For a program.
    fn key(self) -> &'static str {
        match self {
            Self::Create => "to_create",
            Self::Change => "to_change",
            Self::Identical => "identical",
            Self::InTheWay => "in_the_way",
            Self::HeldBack => "held_back",
            Self::NotPossible => "not_possible",
        }
    }

    /// Whether it would not be put, although the snapshot has it and the target lacks it.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::InTheWay | Self::HeldBack | Self::NotPossible)
    }

    fn of(stored: &Stored) -> Option<Self> {
        Some(match (stored.outcome.as_deref(), &stored.error) {
            (Some("in-the-way"), _) => Self::InTheWay,
            (Some("held-back"), _) => Self::HeldBack,
            (_, Some(_)) => Self::NotPossible,
            (Some("created"), None) => Self::Create,
            (Some("replaced"), None) => Self::Change,
            (Some("identical"), None) => Self::Identical,
            // A folder, or what describes one.
            (_, None) => return None,
        })
    }
}

impl Plan {
    /// Takes in what was said of one record.
    pub fn take(&mut self, stored: Stored) {
        let verdict = Verdict::of(&stored);
        if let Some(foreseen) = stored.foreseen {
            self.collections.entry(stored.path.clone()).or_default().foreseen = Some(foreseen);
        }
        if let Some(verdict) = verdict {
            self.item(verdict, stored.path, stored.error.unwrap_or_default());
        }
    }

    /// An item that the vault can't give.
    pub fn unreadable(&mut self, path: String, why: String) {
        self.item(Verdict::NotPossible, path, why);
    }

    fn item(&mut self, verdict: Verdict, path: String, why: String) {
        let folder = split_path(&path).0.to_owned();
        let collection = self.collections.entry(folder).or_default();
        collection.items.entry(verdict).or_default().push(Item { path, why });
    }

    /// All of it is known: results come in any order, lists are sorted.
    pub fn sort(&mut self) {
        for items in self.collections.values_mut().flat_map(|collection| collection.items.values_mut()) {
            items.sort_by(|one, other| one.path.cmp(&other.path));
        }
    }

    /// The folders of the snapshot, with what would be done.
    pub fn collections(&self) -> impl Iterator<Item = (&String, &Collection)> {
        self.collections.iter()
    }

    /// How many items would fare so.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.collections.values().map(|collection| collection.of(verdict).len() as u64).sum()
    }

    /// How many items would be deleted because the snapshot lacks them.
    pub fn deletes(&self) -> u64 {
        self.foreseen().map(|foreseen| foreseen.deletes.len() as u64).sum()
    }

    /// How many collections would be made.
    pub fn makes(&self) -> u64 {
        self.foreseen().filter(|foreseen| foreseen.makes).count() as u64
    }

    /// How many items would be put with `SCHEDULE-AGENT=CLIENT`.
    pub fn left_to_client(&self) -> u64 {
        self.foreseen().map(|foreseen| foreseen.left_to_client).fold(0, u64::saturating_add)
    }

    /// How many items would be put with their guests as notes.
    pub fn guests_as_notes(&self) -> u64 {
        self.foreseen().map(|foreseen| foreseen.guests_as_notes).fold(0, u64::saturating_add)
    }

    /// Items that would not be put, with the reasons.
    pub fn failures(&self) -> impl Iterator<Item = ItemFailure> {
        let failures = Verdict::ALL.into_iter().filter(|verdict| verdict.is_failure());
        let items = failures.flat_map(|verdict| self.collections.values().flat_map(move |one| one.of(verdict)));
        items.map(|Item { path, why }| ItemFailure { path: path.clone(), why: why.clone() })
    }

    /// These, what `mirror` would leave although the snapshot lacks it, and what went wrong as a whole: all that there is to
    /// say where nothing is done after the plan.
    pub fn all_failures(&self) -> Vec<ItemFailure> {
        let foreseen = self.collections.iter().filter_map(|(path, one)| Some((path.as_str(), one.foreseen.as_ref()?)));
        let leaves = foreseen.flat_map(|(path, foreseen)| foreseen.leaves.iter().map(move |why| (path, why)));
        let whole = leaves.chain(self.trouble.iter().map(|why| ("/", why)));
        let whole = whole.map(|(path, why)| ItemFailure { path: path.to_owned(), why: why.clone() });
        self.failures().chain(whole).collect()
    }

    /// Whether the target is as it should be already, as far as it can be.
    pub fn is_done(&self) -> bool {
        let sets = self.foreseen().any(|foreseen| !foreseen.sets.is_empty());
        self.count(Verdict::Create) + self.count(Verdict::Change) + self.deletes() + self.makes() == 0 && !sets
    }

    /// The items that are to be sent.
    pub fn to_send(&self) -> std::collections::HashSet<&str> {
        let sent = [Verdict::Create, Verdict::Change];
        let items = self.collections.values().flat_map(|one| sent.map(|verdict| one.of(verdict)));
        items.flatten().map(|item| item.path.as_str()).collect()
    }

    /// Where something is written, if something that stands anywhere is written over or deleted: what undoes that undoes all.
    pub fn overwritten(&self) -> Overwritten<'_> {
        let loses = |one: &Collection| {
            let lost = |foreseen: &Foreseen| !foreseen.deletes.is_empty() || !foreseen.sets.is_empty();
            !one.of(Verdict::Change).is_empty() || one.foreseen.as_ref().is_some_and(lost)
        };
        if !self.collections.values().any(loses) {
            return Overwritten::Nothing;
        }
        let written = self.collections.values().filter(|one| loses(one) || one.only_gains());
        let known = written.map(|one| one.foreseen.as_ref().filter(|foreseen| !foreseen.name.is_empty()));
        let Some(mut known) = known.collect::<Option<Vec<_>>>() else { return Overwritten::Anywhere };
        known.sort_by(|one, other| one.at.cmp(&other.at));
        known.dedup_by(|one, other| (&one.at, &one.name) == (&other.at, &other.name));
        Overwritten::In(known)
    }

    /// How many items would be created in collections that have to be made.
    pub fn in_new(&self) -> u64 {
        let is_new = |one: &&Collection| one.foreseen.as_ref().is_some_and(|foreseen| foreseen.makes);
        self.collections.values().filter(is_new).map(|one| one.of(Verdict::Create).len() as u64).sum()
    }

    /// All of it, for a program.
    pub fn json(&self) -> Value {
        let mut whole = json!({
            "collections_to_make": self.makes(), "to_delete": self.deletes(),
            "left_to_client": self.left_to_client(), "guests_as_notes": self.guests_as_notes(),
        });
        for verdict in Verdict::ALL {
            add(&mut whole, verdict.key(), json!(self.count(verdict)));
        }
        let collections = self.collections.iter().map(|(path, collection)| collection.json(path));
        add(&mut whole, "collections", collections.collect());
        whole
    }

    fn foreseen(&self) -> impl Iterator<Item = &Foreseen> {
        self.collections.values().filter_map(|collection| collection.foreseen.as_ref())
    }
}

impl Collection {
    /// The items that would fare so.
    pub fn of(&self, verdict: Verdict) -> &[Item] {
        self.items.get(&verdict).map_or(&[], Vec::as_slice)
    }

    /// Whether something is added to what is there.
    fn only_gains(&self) -> bool {
        !self.of(Verdict::Create).is_empty() && !self.foreseen.as_ref().is_some_and(|foreseen| foreseen.makes)
    }

    fn json(&self, path: &str) -> Value {
        let mut json = json!({ "path": path });
        if let Some(Foreseen { at, makes, sets, deletes, leaves, .. }) = &self.foreseen {
            let properties = [
                ("at", json!(at)),
                ("to_make", json!(makes)),
                ("properties_to_set", json!(sets)),
                ("to_delete", json!(deletes)),
                ("left", json!(leaves)),
            ];
            for (key, value) in properties {
                add(&mut json, key, value);
            }
        }
        for verdict in Verdict::ALL {
            let items = self.of(verdict).iter();
            let items = items.map(
                |Item { path, why }| {
                    if verdict.is_failure() { json!({ "path": path, "why": why }) } else { json!(path) }
                },
            );
            add(&mut json, verdict.key(), items.collect());
        }
        json
    }
}

fn add(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(path: &str, outcome: &str, error: Option<&str>) -> Stored {
        let (error, outcome) = (error.map(str::to_owned), Some(outcome.to_owned()));
        Stored { path: path.into(), attribute: None, error, outcome, foreseen: None }
    }

    fn folder(path: &str, foreseen: Foreseen) -> Stored {
        Stored { foreseen: Some(foreseen), ..stored(path, "noted", None) }
    }

    fn plan(all: impl IntoIterator<Item = Stored>) -> Plan {
        let mut plan = Plan::default();
        all.into_iter().for_each(|stored| plan.take(stored));
        plan.sort();
        plan
    }

    fn at(at: &str) -> Foreseen {
        Foreseen { at: at.into(), name: at.into(), ..Foreseen::default() }
    }

    #[test]
    fn what_is_there_already_needs_nothing() {
        let plan = plan([
            folder("/", Foreseen::default()),
            folder("/calendars/work", at("/w/")),
            stored("/calendars/work/.collection.json", "noted", None),
            stored("/calendars/work/a.ics", "identical", None),
            stored("/calendars/work/b.ics", "held-back", Some("somebody would be told")),
        ]);
        assert!(plan.is_done());
        assert_eq!((plan.count(Verdict::Identical), plan.count(Verdict::HeldBack)), (1, 1));
        assert_eq!(plan.failures().map(|item| item.why).collect::<Vec<_>>(), ["somebody would be told"]);
        assert!(plan.to_send().is_empty());
        assert_eq!(plan.overwritten(), Overwritten::Nothing);
    }

    #[test]
    fn only_what_is_created_or_changed_is_sent_and_what_is_there_and_written_to_is_kept() {
        let deletes = Foreseen { deletes: vec!["/h/x.ics".into()], ..at("/h/") };
        let plan = plan([
            folder("/calendars/work", at("/w/")),
            folder("/calendars/home", deletes),
            folder("/calendars/same", at("/s/")),
            folder("/calendars/more", at("/m/")),
            folder("/contacts/friends", Foreseen { makes: true, ..at("/f/") }),
            stored("/calendars/work/b.ics", "replaced", None),
            stored("/calendars/work/a.ics", "created", None),
            stored("/calendars/home/c.ics", "identical", None),
            stored("/calendars/same/f.ics", "identical", None),
            stored("/calendars/more/g.ics", "created", None),
            stored("/contacts/friends/d.vcf", "created", None),
            stored("/contacts/friends/e.vcf", "in-the-way", Some("another stands there")),
            stored("/contacts/friends/f.vcf", "failed", Some("nobody answers")),
        ]);
        let mut sent: Vec<_> = plan.to_send().into_iter().collect();
        sent.sort_unstable();
        assert_eq!(
            sent,
            ["/calendars/more/g.ics", "/calendars/work/a.ics", "/calendars/work/b.ics", "/contacts/friends/d.vcf"]
        );
        let Overwritten::In(overwritten) = plan.overwritten() else { panic!("{plan:?}") };
        assert_eq!(overwritten.iter().map(|one| one.at.as_str()).collect::<Vec<_>>(), ["/h/", "/m/", "/w/"]);
        assert_eq!((plan.makes(), plan.deletes(), plan.in_new()), (1, 1, 1));
        assert_eq!(plan.failures().count(), 2);
        let json = plan.json();
        assert_eq!(json.pointer("/to_create"), Some(&json!(3)));
        assert_eq!(json.pointer("/collections/0/to_delete"), Some(&json!(["/h/x.ics"])));
        assert_eq!(json.pointer("/collections/4/in_the_way/0/why"), Some(&json!("another stands there")));
    }

    #[test]
    fn a_property_that_is_set_is_something_to_do() {
        let plan = plan([folder("/calendars/work", Foreseen { sets: vec!["displayname".into()], ..at("/w/") })]);
        assert!(!plan.is_done());
        assert!(matches!(plan.overwritten(), Overwritten::In(all) if all.len() == 1));
    }
}
