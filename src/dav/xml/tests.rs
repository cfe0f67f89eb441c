use super::*;

async fn members(body: &str) -> Result<Vec<Response>, Error> {
    let base = Url::parse("https://dav.example.com/cal/").unwrap();
    let mut multistatus = Multistatus::open(body.as_bytes(), base).await?;
    let mut members = Vec::new();
    while let Some(member) = multistatus.next().await? {
        members.push(member);
    }
    Ok(members)
}

#[tokio::test]
async fn members_are_read_whatever_the_prefixes_are() {
    let body = "\u{feff}<?xml version=\"1.0\"?><!-- x --><multistatus xmlns=\"DAV:\" xmlns:o=\"urn:o\"><response>\
        <href>/cal/a.ics</href><href>/cal/b.ics</href><status>HTTP/1.1 404 Not Found</status>\
        <error><x:y xmlns:x=\"urn:x\"/></error></response>\
        <o:response/><sync-token>t</sync-token>\
        <q:response xmlns:q=\"DAV:\"><q:href> c.ics </q:href><q:propstat><q:prop><q:getetag/><o:p>1</o:p></q:prop>\
        <q:status>HTTP/1.1 200 OK</q:status></q:propstat></q:response></multistatus>";
    let members = members(body).await.unwrap();
    let paths: Vec<&str> = members.iter().map(|member| member.href.path()).collect();
    assert_eq!(paths, ["/cal/a.ics", "/cal/b.ics", "/cal/c.ics"]);
    assert_eq!((members[0].status, members[1].status, members[2].status), (Some(404), Some(404), None));
    assert_eq!(members[0].condition.as_deref(), Some("y"));
    assert_eq!(members[2].found().count(), 2);
}

#[tokio::test]
async fn text_is_taken_as_it_stands() {
    let body = "<m:multistatus xmlns:m=\"DAV:\"><m:response><m:href>/x</m:href><m:propstat><m:prop>\
        <m:p> a\r\n&lt;&#13;&#x41;<![CDATA[<&]]> </m:p></m:prop></m:propstat></m:response></m:multistatus>";
    let members = members(body).await.unwrap();
    assert_eq!(members[0].found().next().unwrap().text(), " a\r\n<\rA<& ");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_shorter_answer() {
    let body = "<multistatus xmlns=\"DAV:\"><response><href>/x</href></response>";
    assert_eq!(members(body).await.unwrap_err().kind, ErrorKind::Malformed);
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_malformed() {
    let body = b"<multistatus xmlns=\"DAV:\"><response><href>/\xfc</href></response></multistatus>";
    let base = Url::parse("https://dav.example.com/").unwrap();
    let mut multistatus = Multistatus::open(&body[..], base).await.unwrap();
    let error = multistatus.next().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert_eq!(error.to_string(), "the server's XML can't be used: it is no UTF-8");
}

#[tokio::test]
async fn what_is_inside_an_element_can_not_end_it() {
    let whole = "<D:href xmlns:D=\"DAV:\">a</D:href> and text";
    assert_eq!(inside(whole).await.as_deref(), Some(whole));
    assert_eq!(inside("a</y><evil/><y>").await.as_deref(), Some("a"));
    assert_eq!(inside("</y></x><evil/>").await.as_deref(), Some(""));
    assert_eq!(inside("<a>").await, None);
    assert_eq!(inside("<!DOCTYPE x []>").await, None);
}
