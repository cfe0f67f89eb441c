use super::*;
use crate::item::people;

const ALICE: &str = "mailto:alice@x";

fn item(organizer: &str, attendees: &[&str]) -> People {
    let attendees: String = attendees.iter().map(|one| ["ATTENDEE", one, "\n"].concat()).collect();
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nORGANIZER{organizer}\n{attendees}END:VEVENT\nEND:VCALENDAR\n");
    people::of(text.as_bytes())
}

fn ours() -> People {
    item(":mailto:Alice@x", &[":mailto:alice@x", ":mailto:bob@x"])
}

fn silenced() -> People {
    item(":mailto:alice@x", &[":mailto:alice@x", ";SCHEDULE-AGENT=CLIENT:mailto:bob@x"])
}

fn invitation() -> People {
    item(":mailto:bob@x", &[":mailto:alice@x"])
}

fn others() -> People {
    item(":mailto:bob@x", &[":mailto:carol@x"])
}

fn scheduler(engine: Option<Engine>) -> Scheduler {
    Scheduler { sends: Some(true), engine, addresses: vec![ALICE.to_owned()] }
}

fn put(engine: Option<Engine>, wish: Scheduling, new: &People, there: Option<&People>) -> Way {
    Telling { scheduler: &scheduler(engine), wish, own: true }.put(new, there)
}

fn delete(engine: Option<Engine>, there: &People) -> Way {
    Telling { scheduler: &scheduler(engine), wish: Scheduling::Silent, own: true }.delete(there)
}

const CYRUS: Option<Engine> = Some(Engine::Cyrus);
const DAVICAL: Option<Engine> = Some(Engine::Davical);
const SABRE: Option<Engine> = Some(Engine::Sabre);
const SOGO: Option<Engine> = Some(Engine::Sogo);
const SILENT: Scheduling = Scheduling::Silent;

#[test]
fn each_server_is_kept_silent_by_what_works_there() {
    use Way::{Asked, HeldBack, LeftToClient, Plain};
    let (attendees, organizer) = (LeftToClient(Whose::Attendees), LeftToClient(Whose::Organizer));
    for (new, there, ways) in [
        (ours(), None, [attendees, attendees, Asked, HeldBack, HeldBack]),
        (ours(), Some(silenced()), [attendees, attendees, Asked, HeldBack, HeldBack]),
        (ours(), Some(ours()), [HeldBack, attendees, Asked, HeldBack, HeldBack]),
        (People::default(), Some(ours()), [HeldBack, HeldBack, Asked, HeldBack, HeldBack]),
        (invitation(), None, [organizer, HeldBack, Asked, HeldBack, HeldBack]),
        (invitation(), Some(invitation()), [organizer, HeldBack, Asked, HeldBack, HeldBack]),
        (others(), None, [Plain, Plain, Asked, Plain, HeldBack]),
        (People::default(), None, [Plain, Plain, Asked, Plain, Plain]),
    ] {
        let got = [CYRUS, DAVICAL, SABRE, SOGO, None].map(|engine| put(engine, SILENT, &new, there.as_ref()));
        assert_eq!(got, ways, "{new:?} over {there:?}");
    }
}

#[test]
fn a_deletion_is_silent_where_nobody_was_told_or_the_server_obeys() {
    use Way::{Asked, HeldBack, Plain};
    for (there, ways) in [
        (ours(), [HeldBack, HeldBack, Asked, HeldBack, HeldBack]),
        (silenced(), [Plain, Plain, Asked, HeldBack, HeldBack]),
        (invitation(), [Asked, Asked, Asked, HeldBack, HeldBack]),
        (others(), [Plain, Plain, Asked, Plain, HeldBack]),
    ] {
        assert_eq!([CYRUS, DAVICAL, SABRE, SOGO, None].map(|engine| delete(engine, &there)), ways, "{there:?}");
    }
}

#[test]
fn guests_become_notes_where_the_server_would_tell_them() {
    let notes = Scheduling::WithoutAttendees;
    for (there, ways) in
        [(None, [Way::Notes; 5]), (Some(ours()), [Way::Notes, Way::Notes, Way::Notes, Way::HeldBack, Way::HeldBack])]
    {
        let got = [CYRUS, DAVICAL, SABRE, SOGO, None].map(|engine| put(engine, notes, &ours(), there.as_ref()));
        assert_eq!(got, ways, "over {there:?}");
    }
    let quiet = Scheduler { sends: Some(false), ..Scheduler::default() };
    assert_eq!(Telling { scheduler: &quiet, wish: notes, own: true }.put(&ours(), None), Way::Plain);
}

#[test]
fn whoever_lets_the_server_tell_is_not_kept_from_it() {
    for engine in [CYRUS, SABRE, None] {
        assert_eq!(put(engine, Scheduling::Server, &ours(), Some(&ours())), Way::Plain);
    }
}

#[test]
fn who_we_are_must_be_sure() {
    let role = |addresses: &[&str], own: bool, people: &People| {
        let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
        let scheduler = Scheduler { sends: Some(true), engine: CYRUS, addresses };
        Telling { scheduler: &scheduler, wish: SILENT, own }.role(people)
    };
    assert_eq!(role(&[ALICE], true, &ours()), Role::Ours);
    assert_eq!(role(&[ALICE], false, &ours()), Role::Unclear, "somebody else's calendar");
    assert_eq!(role(&[], true, &ours()), Role::Unclear);
    assert_eq!(role(&[ALICE], true, &invitation()), Role::Invitation);
    assert_eq!(role(&[ALICE], true, &others()), Role::Private);
    for strange in
        [":urn:uuid:1", ":/principals/alice/", ";SENT-BY=\"mailto:alice@x\":mailto:bob@x", ":mailto:alice%40x"]
    {
        assert_eq!(role(&[ALICE], true, &item(strange, &[":mailto:carol@x"])), Role::Unclear, "{strange}");
    }
}
