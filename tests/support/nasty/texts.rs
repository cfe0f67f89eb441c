//! Texts that are hard to carry, in every property that holds text.

use super::{Item, WHEN, calendar, card, event};

/// Name and value as it is written, escaped.
const TEXTS: [(&str, &str); 32] = [
    ("commas", r"a\, b\,c"),
    ("semicolons", r"a\; b\;c"),
    ("backslashes", r"C:\\dir\\new\\"),
    ("line-ends", r"one\ntwo\n\nfour\n"),
    ("capital-line-end", r"one\Ntwo"),
    ("no-line-end", r"one\\ntwo"),
    ("colons", "a: b:c"),
    ("quotes", "say \"yes\" and 'no'"),
    ("bare-comma", "a, b"),
    ("bare-semicolon", "a; b"),
    ("bare-backslash", r"a\b \x"),
    ("xml", "<a href=\"x\">&amp;&#10;&nbsp;</a> ]]>"),
    ("percent", "100%25 %0D%0A %zz"),
    ("tab", "a\tb"),
    ("outer-spaces", "  before and after  "),
    ("inner-spaces", "a    b"),
    ("families", "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f3f3}\u{fe0f}\u{200d}\u{1f308}"),
    ("combining", "e\u{301} is not \u{e9}"),
    ("right-to-left", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}x\u{202c} \u{627}\u{644}"),
    (
        "chinese",
        "預約牙醫診所複診請記得攜帶健保卡與前次檢查報告預約牙醫診所複診請記得攜帶健保卡與前次檢查報告預約牙醫診所複診",
    ),
    ("odd-blanks", "a\u{a0}b\u{2009}c\u{feff}d\u{200b}e"),
    ("separators", "a\u{2028}b\u{2029}c\u{85}d"),
    ("astral", "𝒜𝓑𝒞𝒟𝓔𝓕𝒢𝓗𝓘𝒥𝒦𝓛𝓜𝒩𝒪𝒫𝒬𝓡𝒮𝒯𝒰𝒱𝒲𝒳𝒴𝒵"),
    ("carets", "^n ^' ^^ ^x"),
    ("address", "https://x.example/a?b=c&d=e,f;g#h"),
    ("begin", r"x\nBEGIN:VEVENT\nEND:VCALENDAR"),
    ("empty", ""),
    ("dot", "."),
    ("mojibake", "Ã¼ â‚¬"),
    ("private-use", "\u{e000} \u{10fffd}"),
    ("delete", "a\u{7f}b"),
    ("no-characters", "a\u{fffe}b"),
];

/// Each text in the properties of events, to-dos and journals.
pub fn events() -> Vec<Item> {
    TEXTS.iter().flat_map(|(name, text)| in_events(name, text)).collect()
}

fn in_events(name: &str, text: &str) -> [Item; 5] {
    let todo = format!("BEGIN:VTODO\r\n{}\r\nSUMMARY:{text}\r\nDESCRIPTION:{text}\r\nEND:VTODO", uid(name, "todo"));
    let journal = format!(
        "BEGIN:VJOURNAL\r\n{}\r\nDTSTART;VALUE=DATE:20300105\r\nSUMMARY:x\r\nDESCRIPTION:{text}\r\nEND:VJOURNAL",
        uid(name, "journal")
    );
    [
        event(&format!("{name}-event"), &format!("SUMMARY:{text}\r\nDESCRIPTION:{text}\r\nLOCATION:{text}")),
        event(&format!("{name}-lists"), &format!("SUMMARY:x\r\nCOMMENT:{text}\r\nCONTACT:{text}\r\nCATEGORIES:{text}")),
        event(&format!("{name}-own"), &format!("SUMMARY:x\r\nX-OWN:{text}")),
        calendar(&format!("{name}-todo"), &todo),
        calendar(&format!("{name}-journal"), &journal),
    ]
}

fn uid(name: &str, kind: &str) -> String {
    let when = if kind == "todo" { "\r\nDUE:20300105T100000Z" } else { "" };
    format!("UID:{name}-{kind}\r\nDTSTAMP:20260101T000000Z{when}")
}

/// Each text in the properties of contacts of both versions.
pub fn cards() -> Vec<Item> {
    TEXTS.iter().flat_map(|(name, text)| in_cards(name, text)).collect()
}

fn in_cards(name: &str, text: &str) -> [Item; 4] {
    let lines = format!("FN:x {text}\r\nN:x;;;;\r\nNOTE:{text}\r\nTITLE:{text}");
    // A field of its own for each text: what would cut it is escaped.
    let field = if text.contains("; ") && !text.contains('\\') { "x" } else { text };
    [
        card(&format!("{name}-three"), "3.0", &lines),
        card(&format!("{name}-four"), "4.0", &lines),
        card(
            &format!("{name}-fields"),
            "3.0",
            &format!("FN:x\r\nN:{field};{field};;;\r\nORG:{field};{field}\r\nADR:;;{field};Wien;;1010;"),
        ),
        card(
            &format!("{name}-labels"),
            "3.0",
            &format!("FN:x\r\nN:x;;;;\r\nNICKNAME:{text}\r\nCATEGORIES:{text}\r\nX-OWN:{text}"),
        ),
    ]
}

/// Parameters that are hard to carry, on an event each.
pub fn parameters() -> Vec<Item> {
    let lines = [
        "SUMMARY;LANGUAGE=de-AT:x",
        "SUMMARY;X-A=1;X-B=\"2,3\";X-C=\"a:b;c\":x",
        "SUMMARY;X-LIST=a,b,\"c,d\":x",
        "SUMMARY;X-EMPTY=:x",
        "SUMMARY;ALTREP=\"https://x.example/a;b,c\":x",
        "SUMMARY:x\r\nATTENDEE;CN=Ännchen von Tharau;CUTYPE=ROOM;ROLE=NON-PARTICIPANT:mailto:a@elsewhere.example",
        "SUMMARY:x\r\nATTENDEE;CN=\"Last, First\";PARTSTAT=DECLINED;RSVP=TRUE:MAILTO:A@elsewhere.example",
        "SUMMARY:x\r\nATTENDEE;DELEGATED-TO=\"mailto:b@x.example\",\"mailto:c@x.example\":mailto:a@elsewhere.example",
        "SUMMARY:x\r\nATTENDEE;MEMBER=\"mailto:team@x.example\";DIR=\"ldap://x.example/cn=a\":mailto:a@elsewhere.example",
        "SUMMARY:x\r\nATTENDEE;EMAIL=a@x.example;X-NUM-GUESTS=2:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "SUMMARY:x\r\nORGANIZER;CN=Boss;SENT-BY=\"mailto:helper@elsewhere.example\":mailto:boss@elsewhere.example",
        "SUMMARY:x\r\nRELATED-TO;RELTYPE=SIBLING:plain\r\nRELATED-TO:unknown@x",
        "SUMMARY:x\r\nX-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS=\"Gasse 1\\n1010 Wien\";X-APPLE-RADIUS=70;X-TITLE=Office:geo:48.208174,16.373819",
        "SUMMARY:x\r\nX-ALT-DESC;FMTTYPE=text/html:<html><body>a\\, b</body></html>",
        "SUMMARY:x\r\nX-MOZ-LASTACK:20300105T095500Z\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nX-GOOGLE-CONFERENCE:https://x.example/a-b-c",
        "SUMMARY:x\r\nREQUEST-STATUS:2.0;Success;a@x.example\r\nREQUEST-STATUS:3.1;Invalid property value;DTSTART:1",
        "SUMMARY:x\r\nSTYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>x</b>\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "SUMMARY:x\r\nLINK;LINKREL=\"https://x.example/rel\";VALUE=URI:https://x.example/l\r\nCONCEPT:https://x.example/c\r\nREFID:r-1",
        "summary:small letters\r\nx-own;x-p=1:v",
        "SUMMARY:x\r\nIANA-TOKEN;P=1:what nobody knows yet",
        "SUMMARY:x\r\nNO-VALUE:\r\nDESCRIPTION:\r\nLOCATION:",
        "SUMMARY:one\r\nSUMMARY:two titles",
    ];
    lines.iter().enumerate().map(|(at, lines)| event(&format!("parameters-{at}"), lines)).collect()
}

/// Several components of one UID, and components that nobody knows.
pub fn components() -> Vec<Item> {
    let head = |uid: &str| format!("UID:{uid}\r\nDTSTAMP:20260101T000000Z");
    let alarm = |lines: &str| format!("SUMMARY:x\r\nBEGIN:VALARM\r\n{lines}\r\nEND:VALARM");
    let alarms = [
        "ACTION:DISPLAY\r\nDESCRIPTION:a\\, b\r\nTRIGGER:PT0S",
        "ACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER;VALUE=DURATION:-P1W",
        "ACTION:EMAIL\r\nSUMMARY:s\r\nDESCRIPTION:d\r\nATTENDEE:mailto:a@elsewhere.example\r\nTRIGGER:-P1DT2H3M4S",
        "ACTION:NONE\r\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z",
        "UID:alarm-1\r\nX-WR-ALARMUID:alarm-1\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nATTACH;VALUE=URI:Chord",
        "ACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nACKNOWLEDGED:20300105T094500Z\r\nPROXIMITY:ARRIVE",
        "ACTION:PROCEDURE\r\nTRIGGER:-PT15M\r\nATTACH;FMTTYPE=application/binary:ftp://x.example/a",
    ];
    let mut items: Vec<_> =
        alarms.iter().enumerate().map(|(at, lines)| event(&format!("alarm-{at}"), &alarm(lines))).collect();
    let overrides = |day: u32| {
        let (id, head) = (format!("RECURRENCE-ID:2030011{day}T100000Z"), head("overrides"));
        format!("\r\nBEGIN:VEVENT\r\n{head}\r\n{id}\r\nDTSTART:2030011{day}T120000Z\r\nSUMMARY:{day}\r\nEND:VEVENT")
    };
    let overrides = (1..=9).map(overrides).collect::<Vec<_>>().concat();
    let part = |uid: &str, lines: &str| format!("BEGIN:VEVENT\r\n{}\r\n{lines}\r\nEND:VEVENT", head(uid));
    items.extend([
        calendar("overrides", &format!("{}{overrides}", part("overrides", &format!("{WHEN}\r\nRRULE:FREQ=DAILY\r\nSUMMARY:all")))),
        calendar("orphans", &format!(
            "{}\r\n{}",
            part("orphans", "RECURRENCE-ID:20300112T100000Z\r\nDTSTART:20300112T120000Z\r\nSUMMARY:one"),
            part("orphans", "RECURRENCE-ID:20300119T100000Z\r\nDTSTART:20300119T120000Z\r\nSUMMARY:two")
        )),
        calendar("day-override", &format!(
            "{}\r\n{}",
            part("day-override", "DTSTART;VALUE=DATE:20300105\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:days"),
            part("day-override", "RECURRENCE-ID;VALUE=DATE:20300112\r\nDTSTART;VALUE=DATE:20300113\r\nSUMMARY:moved")
        )),
        calendar("from-here-on", &format!(
            "{}\r\n{}",
            part("from-here-on", &format!("{WHEN}\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:x")),
            part("from-here-on", "RECURRENCE-ID;RANGE=THISANDFUTURE:20300112T100000Z\r\nDTSTART:20300112T120000Z\r\nSUMMARY:later")
        )),
        calendar("todo-series", &format!("BEGIN:VTODO\r\n{}\r\nDTSTART:20300105T100000Z\r\nDUE:20300105T110000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:x\r\nEND:VTODO", head("todo-series"))),
        calendar("todo-done", &format!("BEGIN:VTODO\r\n{}\r\nCOMPLETED:20300105T100000Z\r\nSTATUS:COMPLETED\r\nPERCENT-COMPLETE:100\r\nSUMMARY:x\r\nEND:VTODO", head("todo-done"))),
        calendar("todo-bare", &format!("BEGIN:VTODO\r\n{}\r\nSUMMARY:nothing else\r\nEND:VTODO", head("todo-bare"))),
        calendar("journal-bare", &format!("BEGIN:VJOURNAL\r\n{}\r\nSUMMARY:no day\r\nEND:VJOURNAL", head("journal-bare"))),
        calendar("extras", &format!("X-WR-CALNAME:Name\r\nX-OWN-CALENDAR:1\r\nCALSCALE:GREGORIAN\r\n{}", part("extras", &format!("{WHEN}\r\nSUMMARY:x")))),
        calendar("published", &format!("METHOD:PUBLISH\r\n{}", part("published", &format!("{WHEN}\r\nSUMMARY:x")))),
        calendar("participant", &part("participant", &format!("{WHEN}\r\nSUMMARY:x\r\nBEGIN:PARTICIPANT\r\nUID:p1\r\nPARTICIPANT-TYPE:SPEAKER\r\nEND:PARTICIPANT"))),
        calendar("place", &part("place", &format!("{WHEN}\r\nSUMMARY:x\r\nBEGIN:VLOCATION\r\nUID:l1\r\nNAME:Hall\r\nEND:VLOCATION"))),
        calendar("strange", &format!("{}\r\nBEGIN:X-STRANGE\r\n{}\r\nX-A:1\r\nEND:X-STRANGE", part("strange", &format!("{WHEN}\r\nSUMMARY:x")), head("strange"))),
    ]);
    items
}
