//! What a server does with single requests, asked as plainly as possible.

use http::Method;

use crate::support::servers::Server;

/// What a server says about itself and its rules.
#[derive(Debug, Default)]
pub struct Answers {
    /// What tells of changes in a calendar: `getctag`, `sync-token`.
    pub tells: Vec<&'static str>,
    /// Whether it takes `If-None-Match: *` for what it is.
    pub keeps_conditions: bool,
    /// Status of a PUT with a UID that another item of the same calendar has, and of one that an item of another has.
    pub same_uid: u16,
    pub same_uid_elsewhere: u16,
    /// Whether it says that it sends invitations by itself.
    pub schedules: bool,
}

/// Asks a server; `one` and `other` are calendars that may be written to, by their paths.
pub async fn ask(server: &Server, one: &str, other: &str) -> Answers {
    let names = "<D:propfind xmlns:D='DAV:' xmlns:S='http://calendarserver.org/ns/'><D:prop><S:getctag/><D:sync-token/></D:prop></D:propfind>";
    let propfind = Method::from_bytes(b"PROPFIND").expect("a method");
    let headers = [("Depth", "0"), ("Content-Type", "application/xml")];
    let told = server.send(propfind, one, &headers, names).await.text().await.expect("a body");
    let has =
        |name: &str| told.split(name).nth(1).is_some_and(|rest| rest.starts_with('>') && !rest.starts_with("></"));
    let options = server.send(Method::OPTIONS, one, &[], "").await;
    let classes: Vec<_> = options.headers().get_all("dav").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut answers = Answers {
        tells: ["getctag", "sync-token"].into_iter().filter(|name| has(name)).collect(),
        schedules: classes.join(",").contains("calendar-auto-schedule"),
        ..Answers::default()
    };
    let put = async |at: String, condition: &[(&str, &str)]| {
        let headers = [&[("Content-Type", "text/calendar; charset=utf-8")], condition].concat();
        server.send(Method::PUT, &at, &headers, EVENT).await.status().as_u16()
    };
    assert!(put(format!("{one}probe.ics"), &[]).await < 300, "a plain event");
    answers.keeps_conditions = put(format!("{one}probe.ics"), &[("If-None-Match", "*")]).await == 412;
    answers.same_uid = put(format!("{one}probe-2.ics"), &[]).await;
    answers.same_uid_elsewhere = put(format!("{other}probe.ics"), &[]).await;
    answers
}

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:probe\r\nDTSTAMP:20260101T000000Z\r\n\
                     DTSTART:20300105T100000Z\r\nDTEND:20300105T110000Z\r\nSUMMARY:Probe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
