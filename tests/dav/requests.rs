//! What is sent and what comes of the answers.

use bytes::Bytes;
use davault::dav::request::{
    Delete, Get, How, ListMembers, MakeCollection, Multiget, Proppatch, Put, Query, StoredAs, VcardVersion, When,
};
use davault::dav::{Client, ETag, ErrorKind, Kind, Options, Property, names};

use super::{anonymous, href};
use crate::support::scripted::{Recorded, Scripted, Server, member};

#[tokio::test]
async fn a_listing_gives_items_with_their_tags_and_no_collections() {
    let server = Server::start(|_| {
        let properties = "<D:getetag>\"1\"</D:getetag><D:getcontentlength>12</D:getcontentlength>\
                          <D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified><D:resourcetype/>";
        Scripted::multistatus(&format!(
            "{}{}{}<D:response><D:href>/cal/no.ics</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response>",
            member("/cal/", "<D:resourcetype><D:collection/></D:resourcetype>"),
            member("/cal/%c3%bc%2Fx.ics", properties),
            member("/cal/sub/", "<D:resourcetype><D:collection/></D:resourcetype>"),
        ))
    });
    let client = anonymous(&server);
    let members = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0].href.last_segment_decoded(), "ü/x.ics");
    assert_eq!(members[0].etag, ETag::new("\"1\""));
    assert_eq!((members[0].size, members[0].status), (Some(12), 200));
    assert_eq!((members[1].href.path(), members[1].status), ("/cal/no.ics", 403));
    let sent = &server.recorded()[0];
    assert_eq!((sent.header("depth"), sent.header("transfer-encoding")), (Some("1"), None));
    assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
}

#[tokio::test]
async fn a_404_or_507_inside_a_207_is_no_empty_listing() {
    for (status, kind) in [("404 Not Found", ErrorKind::NotFound), ("507 Insufficient Storage", ErrorKind::TooLarge)] {
        let server = Server::start(move |_| {
            let own = format!("<D:response><D:href>/cal/</D:href><D:status>HTTP/1.1 {status}</D:status></D:response>");
            Scripted::multistatus(&format!("{}{own}", member("/cal/a.ics", "<D:getetag>\"1\"</D:getetag>")))
        });
        let client = anonymous(&server);
        let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
        assert_eq!(error.kind, kind);
    }
}

#[tokio::test]
async fn a_multiget_gives_data_and_what_is_missing() {
    let server = Server::start(|_| {
        let data =
            "<D:getetag>\"1\"</D:getetag><C:calendar-data>BEGIN:VCALENDAR\nX:&lt;&#252;&amp;]\n</C:calendar-data>";
        let cdata = "<C:calendar-data><![CDATA[a<b&c\r\n]]></C:calendar-data>";
        let gone = "<D:response><D:href>/cal/b.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>";
        Scripted::multistatus(&format!("{}{gone}{}", member("/cal/a.ics", data), member("/cal/c.ics", cdata)))
    });
    let client = anonymous(&server);
    let hrefs = ["/cal/a.ics", "/cal/b.ics", "/cal/c.ics"].map(|path| href(&client, path)).to_vec();
    let multiget = Multiget { kind: Kind::Calendar, collection: href(&client, "/cal/"), hrefs, vcard_version: None };
    let fetched = client.send(&multiget).await.unwrap();
    assert_eq!(fetched[0].data.as_deref(), Some("BEGIN:VCALENDAR\nX:<ü&]\n".as_bytes()));
    assert_eq!((fetched[1].status, fetched[1].data.as_ref()), (404, None));
    assert_eq!(fetched[2].data.as_deref(), Some("a<b&c\r\n".as_bytes()));
    assert_eq!(server.requests(), ["REPORT /cal/"]);
    assert!(server.recorded()[0].text().contains("<D:href>/cal/b.ics</D:href>"));
}

#[tokio::test]
async fn contacts_are_asked_for_in_a_version() {
    let server = Server::start(|_| Scripted::multistatus(""));
    let client = anonymous(&server);
    let collection = href(&client, "/book/");
    let hrefs = vec![href(&client, "/book/a.vcf")];
    let vcard_version = Some(VcardVersion::V4);
    client.send(&Multiget { kind: Kind::AddressBook, collection, hrefs, vcard_version }).await.unwrap();
    let body = server.recorded()[0].text();
    assert!(body.contains(" content-type=\"text/vcard\" version=\"4.0\"/>"), "{body}");
}

#[tokio::test]
async fn a_query_filters_by_component_and_contacts_get_a_filter_too() {
    let server = Server::start(|_| Scripted::multistatus(""));
    let client = anonymous(&server);
    let collection = href(&client, "/c/");
    let component = Some("VTODO".to_owned());
    let events = Query { kind: Kind::Calendar, collection: collection.clone(), component, with_data: false };
    client.send(&events).await.unwrap();
    let contacts = Query { kind: Kind::AddressBook, collection, component: None, with_data: true };
    client.send(&contacts).await.unwrap();
    client.send(&StoredAs { collection: href(&client, "/c/"), version: "4.0" }).await.unwrap();
    let bodies: Vec<String> = server.recorded().iter().map(Recorded::text).collect();
    assert!(bodies[2].contains("<R:prop-filter name=\"VERSION\"><R:text-match>4.0</R:text-match></R:prop-filter>"));
    assert!(bodies[0].contains("<C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VTODO\"/></C:comp-filter>"));
    assert!(!bodies[0].contains("calendar-data") && bodies[1].contains("<R:address-data"));
    assert!(bodies[1].contains("<R:prop-filter name=\"FN\"/>"));
}

#[tokio::test]
async fn a_put_and_a_delete_carry_their_condition_and_length() {
    let server = Server::start(|request| match request.method.as_str() {
        "PUT" => Scripted::answer(201, "").header("ETag", "\"new\""),
        _ => Scripted::answer(412, "changed").header("Content-Type", "text/plain"),
    });
    let client = anonymous(&server);
    let at = href(&client, "/cal/a.ics");
    let put = Put { at: at.clone(), kind: Kind::Calendar, body: Bytes::new(), when: When::Absent, silent: true };
    assert_eq!(client.send(&put).await.unwrap(), ETag::new("\"new\""));
    let matches = ETag::new("\"old\"").unwrap();
    let error = client.send(&Delete { at, matches, silent: false }).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Precondition, Some(412)));
    let what = format!("DELETE {}/cal/a.ics: the server answered 412 Precondition Failed (changed)", server.url());
    assert_eq!(error.to_string(), what);
    let sent = server.recorded();
    assert_eq!((sent[0].header("if-none-match"), sent[0].header("content-length")), (Some("*"), Some("0")));
    assert_eq!((sent[0].header("schedule-reply"), sent[0].header("x-nc-scheduling")), (Some("F"), Some("false")));
    assert_eq!((sent[1].header("if-match"), sent[1].header("schedule-reply")), (Some("\"old\""), None));
}

#[tokio::test]
async fn a_get_gives_exact_bytes_also_when_compressed() {
    // gzip of "BEGIN:VCALENDAR\r\n", made once by gzip(1).
    const GZIP: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 115, 114, 117, 247, 244, 179, 10, 115, 118, 244, 113, 245, 115, 113, 12,
        226, 229, 2, 0, 118, 230, 118, 214, 17, 0, 0, 0,
    ];
    let server = Server::start(|request| match request.path.as_str() {
        path if path.ends_with("/a.ics") => Scripted::answer(200, "A\r\n\u{1}ü\n").header("ETag", "W/\"1\""),
        _ => Scripted::answer(200, GZIP).header("Content-Encoding", "gzip"),
    });
    let client = anonymous(&server);
    let got = client.send(&Get { at: href(&client, "/a.ics"), vcard_version: None }).await.unwrap();
    assert_eq!(got.bytes, Bytes::from("A\r\n\u{1}ü\n"));
    assert!(got.etag.unwrap().is_weak());
    let got = client.send(&Get { at: href(&client, "/z.ics"), vcard_version: None }).await.unwrap();
    assert_eq!(got.bytes, Bytes::from("BEGIN:VCALENDAR\r\n"));
    let accepted = |at: usize| server.recorded()[at].header("accept-encoding").unwrap().to_owned();
    assert_eq!(accepted(0), "identity", "over loopback");
    let mut options = Options::new("http://dav.example.com/".parse().unwrap());
    options.proxy = Some(server.url());
    let far = Client::new(options).unwrap();
    far.send(&Get { at: href(&far, "/a.ics"), vcard_version: None }).await.unwrap();
    assert!(["gzip", "br", "zstd"].iter().all(|way| accepted(2).contains(way)), "{}", accepted(2));
}

#[tokio::test]
async fn collections_are_made_by_either_method_with_their_properties() {
    let server = Server::start(|_| Scripted::answer(201, ""));
    let client = anonymous(&server);
    let make = |kind, how| MakeCollection {
        at: href(&client, "/home/new/"),
        kind,
        how,
        properties: vec![Property::text(names::DISPLAYNAME, "A & B")],
        components: vec!["VEVENT".into()],
    };
    client.send(&make(Kind::Calendar, How::Mkcalendar)).await.unwrap();
    client.send(&make(Kind::Calendar, How::ExtendedMkcol)).await.unwrap();
    client.send(&make(Kind::AddressBook, How::ExtendedMkcol)).await.unwrap();
    assert_eq!(server.requests(), ["MKCALENDAR /home/new/", "MKCOL /home/new/", "MKCOL /home/new/"]);
    let bodies: Vec<String> = server.recorded().iter().map(Recorded::text).collect();
    assert!(bodies.iter().all(|body| body.contains("A &amp; B</D:displayname>")));
    assert!(bodies[0].contains("<C:mkcalendar") && !bodies[0].contains("resourcetype"));
    assert!(bodies[1].contains("<C:comp name=\"VEVENT\"/>") && bodies[1].contains("<D:collection/><C:calendar/>"));
    assert!(bodies[2].contains("<R:addressbook/>") && !bodies[2].contains("VEVENT"));
}

#[tokio::test]
async fn a_proppatch_tells_what_became_of_each_property() {
    let server = Server::start(|_| {
        Scripted::multistatus(
            "<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:displayname/></D:prop><D:status>HTTP/1.1 200 OK\
             </D:status></D:propstat><D:propstat><D:prop><C:calendar-description/></D:prop>\
             <D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat></D:response>",
        )
    });
    let client = anonymous(&server);
    let set = vec![Property::text(names::DISPLAYNAME, "x"), Property::text(names::CALENDAR_DESCRIPTION, "y")];
    let statuses = client.send(&Proppatch { at: href(&client, "/cal/"), set }).await.unwrap();
    let statuses: Vec<(&str, u16)> = statuses.iter().map(|status| (status.name.as_str(), status.status)).collect();
    assert_eq!(statuses, [("displayname", 200), ("calendar-description", 403)]);
}
