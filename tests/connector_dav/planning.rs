//! A plan, and the destination that carries it out: nothing is looked at twice, and nothing is lost that the plan did not see.

use std::collections::BTreeMap;

use davault::connector::{self, Destination, Error, Foreseen, Outcome};
use davault::report::sentence;

use super::calendar::{ABOUT, AT, Items, event, items, location, methods, serve};
use super::writing::{names, outcome, work};
use crate::support::connectors::{give, options};
use crate::support::scripted::{Recorded, Scripted, Server, member};

type Outcomes = BTreeMap<String, Result<Outcome, Error>>;

/// Stores a calendar with these items, and says what became of them and what was said at the end.
async fn store(destination: &dyn Destination, put: &[(&str, &str)]) -> (Outcomes, Option<String>) {
    let outcomes = give(destination, work(put)).await;
    (outcomes, destination.finish().await.err().map(|error| sentence(&error)))
}

/// What a dry run says, and what carries it out.
async fn planned(
    server: &Server,
    set: &[(&str, &str)],
    put: &[(&str, &str)],
) -> (Outcomes, Vec<Foreseen>, Box<dyn Destination>) {
    let set = options(&[&[("dry_run", "true"), ("on_conflict", "overwrite")], set].concat());
    let planning = connector::destination(&location(server), &set).await.expect("a destination");
    let (outcomes, ended) = store(&*planning, put).await;
    assert_eq!(ended, None);
    let foreseen = planning.foreseen().await;
    (outcomes, foreseen, planning.carry_out().expect("a plan can be carried out"))
}

/// One that differs, one that is the same, one that is new, and one that the snapshot lacks.
fn standing() -> Items {
    items([("a.ics", event("a", "theirs")), ("b.ics", event("b", "same")), ("x.ics", event("x", "more"))])
}

#[tokio::test]
async fn what_carries_a_plan_out_reads_nothing_again() {
    let items = standing();
    let server = serve(&items, |_| None);
    let (a, b, c) = (event("a", "ours"), event("b", "same"), event("c", "new"));
    let (plan, foreseen, destination) = planned(&server, &[], &[("a.ics", &a), ("b.ics", &b), ("c.ics", &c)]).await;
    let said = ["a.ics", "b.ics", "c.ics"].map(|name| outcome(&plan, name));
    assert_eq!(said, ["Replaced", "Identical", "Created"]);
    let expected = Foreseen {
        folder: "/calendars/work".into(),
        at: AT.into(),
        name: "/calendars/work".into(),
        ..Foreseen::default()
    };
    assert_eq!(foreseen, [expected]);
    assert!(!methods(&server).contains(&"PUT".to_owned()), "{:?}", methods(&server));
    let before = server.requests().len();
    let (done, ended) = store(&*destination, &[("a.ics", &a), ("c.ics", &c)]).await;
    assert_eq!((outcome(&done, "a.ics").as_str(), outcome(&done, "c.ics").as_str()), ("Replaced", "Created"));
    assert_eq!(ended, None);
    // One more list, a look at what is written over, and the writing.
    let path = |name: &str| format!("{AT}{name}");
    let [a, c] = ["a.ics", "c.ics"].map(path);
    let expected = [format!("PROPFIND {AT}"), format!("PROPFIND {a}"), format!("PUT {a}"), format!("PUT {c}")];
    assert_eq!(server.requests()[before..], expected);
    assert_eq!(names(&items), ["a.ics", "b.ics", "c.ics", "x.ics"]);
}

#[tokio::test]
async fn an_item_whose_place_another_of_the_same_identity_gets_is_not_taken_for_being_there() {
    let items = items([("b.ics", event("same", "second"))]);
    let server = serve(&items, |_| None);
    let (a, b) = (event("same", "first"), event("same", "second"));
    let put: [(&str, &str); 3] = [("a.ics", &a), ("b.ics", &b), ("c.ics", &a)];
    let (plan, _, destination) = planned(&server, &[], &put).await;
    let why = format!(
        "/calendars/work/b.ics was not put: it has the identity of another item of this restore, which stands at {AT}b.ics"
    );
    let said = ["a.ics", "b.ics", "c.ics"].map(|name| outcome(&plan, name));
    assert_eq!(said, ["Replaced", &why, "Identical"]);
    let (done, _) = store(&*destination, &[("a.ics", &a)]).await;
    assert_eq!((outcome(&done, "a.ics").as_str(), &items.lock().unwrap()["b.ics"]), ("Replaced", &a));
}

#[tokio::test]
async fn what_changed_or_came_since_the_plan_is_not_written_over() {
    let items = standing();
    let server = serve(&items, |_| None);
    let (a, c) = (event("a", "ours"), event("c", "new"));
    let (_, _, destination) = planned(&server, &[], &[("a.ics", &a), ("c.ics", &c)]).await;
    let (newer, came) = (event("a", "newer than the plan"), event("c", "came"));
    items.lock().unwrap().insert("a.ics".into(), newer.clone());
    items.lock().unwrap().insert("elsewhere.ics".into(), came.clone());
    let (done, _) = store(&*destination, &[("a.ics", &a), ("c.ics", &c)]).await;
    for (name, at) in [("a.ics", "a.ics"), ("c.ics", "elsewhere.ics")] {
        let expected = format!(
            "/calendars/work/{name} was not put: what stands at {AT}{at} came or changed since it was looked at; run the \
             restore again"
        );
        assert_eq!(outcome(&done, name), expected);
    }
    let items = items.lock().unwrap();
    assert_eq!((&items["a.ics"], &items["elsewhere.ics"]), (&newer, &came));
}

#[tokio::test]
async fn a_mirror_that_is_planned_names_what_it_deletes_and_deletes_no_more() {
    let items = standing();
    let server = serve(&items, |_| None);
    let (a, b) = (event("a", "theirs"), event("b", "same"));
    let (_, foreseen, destination) = planned(&server, &[("mirror", "true")], &[("a.ics", &a), ("b.ics", &b)]).await;
    assert_eq!(foreseen[0].deletes, [format!("{AT}x.ics")]);
    assert_eq!(names(&items), ["a.ics", "b.ics", "x.ics"], "a plan deletes nothing");
    items.lock().unwrap().insert("y.ics".into(), event("y", "came"));
    // Nothing is left to be stored.
    let (_, ended) = store(&*destination, &[]).await;
    let why = format!("{AT}y.ics was not deleted: it came or changed since it was looked at");
    assert_eq!(ended, Some(why));
    assert_eq!(names(&items), ["a.ics", "b.ics", "y.ics"]);
}

#[tokio::test]
async fn a_mirror_deletes_nothing_where_the_plan_could_not_place_an_item() {
    let items = standing();
    let server = serve(&items, |_| None);
    let twice = event("b", "another one of the same identity");
    let (plan, foreseen, destination) =
        planned(&server, &[("mirror", "true")], &[("b.ics", &event("b", "same")), ("c.ics", &twice)]).await;
    assert!(outcome(&plan, "c.ics").contains("has the identity of another item"), "{plan:?}");
    let why = format!("nothing was deleted in {AT}: some items could not be restored");
    assert_eq!((foreseen[0].deletes.len(), &foreseen[0].leaves), (0, &vec![why.clone()]));
    let (_, ended) = store(&*destination, &[]).await;
    assert_eq!(ended, Some(why));
    assert_eq!(names(&items).len(), 3);
}

/// The calendar says this of itself as well.
fn saying(more: &'static str) -> impl Fn(&Recorded) -> Option<Scripted> + Send + Sync + 'static {
    move |request| {
        let is_asked = request.method == "PROPFIND" && request.path == AT && request.header("depth") == Some("0");
        let about = || Scripted::multistatus(&member(AT, &format!("{ABOUT}{more}")));
        is_asked.then(|| about().header("DAV", "1, 3, calendar-access"))
    }
}

#[tokio::test]
async fn what_the_calendar_says_that_it_does_not_take_is_foreseen() {
    let only_todos =
        "<C:supported-calendar-component-set><C:comp name=\"VTODO\"/></C:supported-calendar-component-set>";
    let server = serve(&items([]), saying(only_todos));
    let (plan, _, _) = planned(&server, &[], &[("a.ics", &event("a", "x"))]).await;
    let expected = format!(
        "/calendars/work/a.ics was not put: it is a VEVENT, and {AT} says that it takes only VTODO; put it elsewhere with \
         -into NAME"
    );
    assert_eq!(outcome(&plan, "a.ics"), expected);
    let server = serve(&items([]), saying("<C:max-resource-size>100</C:max-resource-size>"));
    let large = event("a", "x");
    let (plan, _, _) = planned(&server, &[], &[("a.ics", &large)]).await;
    let expected =
        format!("/calendars/work/a.ics was not put: it has {} bytes, and {AT} takes at most 100", large.len());
    assert_eq!(outcome(&plan, "a.ics"), expected);
}

#[tokio::test]
async fn an_account_that_is_full_is_said_with_what_to_do() {
    for (status, what) in [
        (507, "the account has no room left: free some and run the restore again, which goes on where it stopped"),
        (413, "the server answered 413"),
    ] {
        let server = serve(&items([]), move |request| (request.method == "PUT").then(|| Scripted::answer(status, "")));
        let destination = connector::destination(&location(&server), &options(&[])).await.expect("a destination");
        let (done, _) = store(&*destination, &[("a.ics", &event("a", "x"))]).await;
        assert!(outcome(&done, "a.ics").contains(what), "{done:?}");
    }
}
