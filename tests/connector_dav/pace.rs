//! How many requests a collection takes, whatever its server likes.

use super::calendar::{event, items, location, serve};
use crate::support::connectors::{options, take_all};
use crate::support::scripted::{Recorded, Scripted, Server};

/// Items that `serve` answers about in no time.
const MANY: usize = 1200;

fn many(count: usize) -> super::calendar::Items {
    let all = items([]);
    let made = (0..count).map(|n| (format!("{n}.ics"), event(&n.to_string(), "x")));
    all.lock().expect("nobody panicked").extend(made);
    all
}

fn hrefs(request: &Recorded) -> usize {
    request.text().matches("/cal/work/").count()
}

fn count(server: &Server, method: &str) -> usize {
    server.recorded().iter().filter(|request| request.method == method).count()
}

#[tokio::test]
async fn a_server_that_fails_beyond_a_hundred_is_asked_for_more_only_once() {
    let server = serve(&many(MANY), |request| {
        (request.method == "REPORT" && hrefs(request) > 100).then(|| Scripted::answer(500, ""))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!((taken.items().len(), taken.failures.len()), (MANY, 0));
    let too_many = server.recorded().iter().filter(|request| hrefs(request) > 100).count();
    assert!(too_many <= 1, "{too_many}");
    assert!(count(&server, "REPORT") <= MANY / 50 + 3, "{}", count(&server, "REPORT"));
    assert_eq!(count(&server, "GET"), 1);
}

#[tokio::test]
async fn a_server_without_multigets_is_asked_by_gets_and_not_again() {
    for (status, most) in [(405, 2), (403, 4)] {
        let server =
            serve(&many(60), move |request| (request.method == "REPORT").then(|| Scripted::answer(status, "")));
        let taken = take_all(&location(&server), &options(&[])).await.unwrap();
        assert_eq!((taken.items().len(), taken.failures.len()), (60, 0), "{status}");
        assert!(count(&server, "REPORT") <= most, "{status}: {}", count(&server, "REPORT"));
        assert_eq!(count(&server, "GET"), 60, "{status}");
    }
}

#[tokio::test]
async fn a_gateway_that_gives_up_is_asked_for_less_at_once() {
    let server = serve(&many(100), |request| {
        (request.method == "REPORT" && hrefs(request) > 30).then(|| Scripted::answer(504, ""))
    });
    let taken = take_all(&location(&server), &options(&[("connections", "1")])).await.unwrap();
    assert_eq!((taken.items().len(), taken.failures.len()), (100, 0));
    let too_many = server.recorded().iter().filter(|request| hrefs(request) > 30).count();
    assert!(too_many <= 2, "it is not sent again as it was: {too_many}");
}
