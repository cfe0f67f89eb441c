//! Items that servers are known to trip over: one of each kind and each trap, made by hand, and tables of what is hard to
//! carry crossed with where it may stand.

mod forms;
mod people;
mod texts;
mod times;

/// File name and content.
pub type Item = (String, Vec<u8>);

const STAMP: &str = "DTSTAMP:20260101T000000Z";
const WHEN: &str = "DTSTART:20300105T100000Z\r\nDTEND:20300105T110000Z";

/// Calendar items, each with a UID of its own.
pub fn events() -> Vec<Item> {
    [by_hand(), bytes(), texts::events(), texts::parameters(), texts::components(), times::events(), forms::events()]
        .concat()
}

/// Contacts, each with a UID of its own.
pub fn cards() -> Vec<Item> {
    [cards_by_hand(), texts::cards(), people::cards(), forms::cards()].concat()
}

/// Every `step`th of them: some of each kind.
pub fn some(items: Vec<Item>, step: usize) -> Vec<Item> {
    items.into_iter().step_by(step).collect()
}

fn by_hand() -> Vec<Item> {
    let mut items = vec![
        event("plain", "SUMMARY:Dentist"),
        event(
            "characters",
            "SUMMARY:Zähne – 歯医者 🦷 e\u{301} \u{202e}rtl\u{202c} \u{200d}\r\nLOCATION:Straße\\, 7\\; links\\nzweite Zeile",
        ),
        event(
            "escapes",
            "SUMMARY:back\\\\slash\\, comma\\; semicolon\\nline\\Nline\r\nDESCRIPTION:https://x.example/?a=1,2;b=3",
        ),
        event("custom", "SUMMARY:own\r\nX-OWN;X-PARAMETER=\"a;b:c\":value, with; all: of it\r\nX-EMPTY:"),
        event("parameters", "SUMMARY;LANGUAGE=de;ALTREP=\"cid:part1@x.example\":deutsch\r\nCONTACT;X-P=a,\"b;c\":me"),
        event("caret", "SUMMARY:caret\r\nATTENDEE;CN=\"Anna ^'Ann^' ^n Müller\":mailto:anna@elsewhere.example"),
        event(
            "class",
            "SUMMARY:secret\r\nCLASS:CONFIDENTIAL\r\nTRANSP:TRANSPARENT\r\nSTATUS:TENTATIVE\r\nPRIORITY:7\r\nSEQUENCE:4",
        ),
        event(
            "many",
            "SUMMARY:many\r\nCATEGORIES:a,b,c d\r\nCOMMENT:one\r\nCOMMENT:two\r\nRESOURCES:Room,Beamer\r\nGEO:48.208174;16.373819",
        ),
        event(
            "alarms",
            "SUMMARY:alarms\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER;RELATED=END:-PT15M\r\nREPEAT:2\r\nDURATION:PT5M\r\nEND:VALARM\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER;VALUE=DATE-TIME:20300105T080000Z\r\nATTACH;FMTTYPE=audio/basic:ftp://x.example/a.aud\r\nEND:VALARM",
        ),
        event(
            "attached",
            "SUMMARY:link\r\nATTACH;FMTTYPE=application/pdf;X-SIZE=12:https://x.example/a%20b.pdf\r\nURL:https://x.example/?q=a&b=<c>",
        ),
        event("xml", "SUMMARY:<b>&amp; ]]> <![CDATA[ </cal:calendar-data>\r\nDESCRIPTION:\"quoted\" 'single' &#10;"),
        event("long", &format!("SUMMARY:{}", "long ".repeat(400))),
        event(
            "structured",
            "SUMMARY:new\r\nCOLOR:turquoise\r\nIMAGE;VALUE=URI;DISPLAY=BADGE;FMTTYPE=image/png:https://x.example/i.png\r\nCONFERENCE;VALUE=URI;FEATURE=AUDIO;LABEL=Dial in:tel:+1-412-555-0123",
        ),
    ];
    items.extend([
        calendar("all-day", &format!("BEGIN:VEVENT\r\nUID:all-day\r\n{STAMP}\r\nDTSTART;VALUE=DATE:20300105\r\nSUMMARY:Day\r\nEND:VEVENT")),
        calendar("floating", &format!("BEGIN:VEVENT\r\nUID:floating\r\n{STAMP}\r\nDTSTART:20300105T100000\r\nDURATION:PT1H30M\r\nSUMMARY:Everywhere at ten\r\nEND:VEVENT")),
        calendar("no-zone", &format!("BEGIN:VEVENT\r\nUID:no-zone\r\n{STAMP}\r\nDTSTART;TZID=Europe/Vienna:20300105T100000\r\nDTEND;TZID=Europe/Vienna:20300105T110000\r\nSUMMARY:No VTIMEZONE\r\nEND:VEVENT")),
        calendar("own-zone", &format!("BEGIN:VTIMEZONE\r\nTZID:Our Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0130\r\nTZOFFSETTO:+0130\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:own-zone\r\n{STAMP}\r\nDTSTART;TZID=Our Office:20300105T100000\r\nDTEND;TZID=Our Office:20300105T110000\r\nSUMMARY:Half hour\r\nEND:VEVENT")),
        calendar("series", &format!("BEGIN:VEVENT\r\nUID:series\r\n{STAMP}\r\n{WHEN}\r\nSUMMARY:Weekly\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,SA;UNTIL=20301231T000000Z\r\nEXDATE:20300112T100000Z,20300119T100000Z\r\nRDATE:20300108T100000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:series\r\n{STAMP}\r\nRECURRENCE-ID:20300126T100000Z\r\nDTSTART:20300126T120000Z\r\nDTEND:20300126T130000Z\r\nSUMMARY:Moved\r\nEND:VEVENT")),
        calendar("orphan", &format!("BEGIN:VEVENT\r\nUID:orphan\r\n{STAMP}\r\nRECURRENCE-ID:20300126T100000Z\r\nDTSTART:20300126T120000Z\r\nDTEND:20300126T130000Z\r\nSUMMARY:Only this one of the series\r\nEND:VEVENT")),
        calendar("todo", &format!("BEGIN:VTODO\r\nUID:todo\r\n{STAMP}\r\nDUE;VALUE=DATE:20300105\r\nSUMMARY:Do\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:40\r\nRELATED-TO;RELTYPE=CHILD:plain\r\nEND:VTODO")),
        calendar("journal", &format!("BEGIN:VJOURNAL\r\nUID:journal\r\n{STAMP}\r\nDTSTART;VALUE=DATE:20300105\r\nSUMMARY:Diary\r\nDESCRIPTION:First\r\nDESCRIPTION:Second\r\nEND:VJOURNAL")),
        calendar("busy", &format!("BEGIN:VFREEBUSY\r\nUID:busy\r\n{STAMP}\r\nDTSTART:20300105T000000Z\r\nDTEND:20300106T000000Z\r\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20300105T100000Z/PT1H\r\nEND:VFREEBUSY")),
        calendar("available", &format!("BEGIN:VAVAILABILITY\r\nUID:available\r\n{STAMP}\r\nDTSTART:20300105T000000Z\r\nBEGIN:AVAILABLE\r\nUID:available-1\r\n{STAMP}\r\n{WHEN}\r\nSUMMARY:Mornings\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY")),
        calendar("unknown", &format!("BEGIN:VEVENT\r\nUID:unknown\r\n{STAMP}\r\n{WHEN}\r\nSUMMARY:With a strange part\r\nBEGIN:X-PART\r\nX-A:1\r\nEND:X-PART\r\nEND:VEVENT")),
    ]);
    items
}

/// What is about bytes and not about meaning.
fn bytes() -> Vec<Item> {
    let (_, plain) = event("lf", "SUMMARY:line feeds only");
    let lf: Vec<u8> = plain.into_iter().filter(|byte| *byte != b'\r').collect();
    let (_, mixed) = event("mixed", "SUMMARY:mixed\nLOCATION:line ends");
    let (_, folded) = event("split", "SUMMARY:äöü inside a character");
    // RFC 5545 §3.1 warns that lines are folded at octets, also within a character.
    let cut = folded.windows(2).position(|pair| pair == "ä".as_bytes()).expect("the character") + 1;
    let (one, other) = folded.split_at(cut);
    let split = [one, b"\r\n ", other].concat();
    let (_, large) = event("large", "SUMMARY:large");
    let attachment = format!(
        "ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=image/png:{}\r\nEND:VEVENT",
        fold(&"iVBORw0K".repeat(131_072))
    );
    let large = String::from_utf8(large).expect("UTF-8").replace("END:VEVENT", &attachment);
    vec![
        ("lf.ics".into(), lf),
        ("mixed.ics".into(), mixed),
        ("split.ics".into(), split),
        ("large.ics".into(), large.into_bytes()),
        ("control.ics".into(), event("control", "SUMMARY:a bell\u{7} and a form feed\u{c}").1),
        ("name with spaces & ümläut.ics".into(), event("odd-name", "SUMMARY:An odd name").1),
    ]
}

fn cards_by_hand() -> Vec<Item> {
    let photo = fold(&"/9j/4AAQ".repeat(2_000));
    vec![
        card(
            "three",
            "3.0",
            "FN:Anna Müller\r\nN:Müller;Anna;;Dr.;\r\nEMAIL;TYPE=INTERNET,HOME:anna@x.example\r\nTEL;TYPE=CELL:+43 1 2345\r\nADR;TYPE=WORK:;;Gasse 1\\, Stiege 2;Wien;;1010;Österreich\r\nBDAY:1980-02-29",
        ),
        card(
            "four",
            "4.0",
            "FN:Bob\r\nN:;Bob;;;\r\nKIND:individual\r\nEMAIL;PREF=1;TYPE=work:bob@x.example\r\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555\r\nBDAY:--0229\r\nLANG;PREF=1:de\r\nRELATED;TYPE=friend:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ),
        card(
            "group-three",
            "3.0",
            "FN:Friends\r\nN:Friends;;;;\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:three",
        ),
        card("group-four", "4.0", "FN:Team\r\nKIND:group\r\nMEMBER:urn:uuid:four\r\nMEMBER:mailto:x@x.example"),
        card(
            "apple",
            "3.0",
            "FN:Apple\r\nN:Apple;;;;\r\nitem1.URL:https://x.example\r\nitem1.X-ABLabel:_$!<HomePage>!$_\r\nitem2.X-ABDATE;TYPE=pref:2020-01-01\r\nitem2.X-ABLabel:_$!<Anniversary>!$_\r\nX-SOCIALPROFILE;TYPE=x:https://x.example/a",
        ),
        card("photo", "3.0", &format!("FN:Photo\r\nN:Photo;;;;\r\nPHOTO;ENCODING=b;TYPE=JPEG:{photo}")),
        card(
            "card-characters",
            "3.0",
            "FN:名前 🎂 e\u{301}\r\nN:名前;;;;\r\nNOTE:a\\nb\\, c\\; d\\\\ <x>&amp;\r\nNICKNAME:a,b\\,c\r\nORG:Firma\\; GmbH;Abteilung",
        ),
        card("no-uid-form", "3.0", "FN:Odd\r\nN:Odd;;;;\r\nX-EMPTY:\r\nX-LONG:".to_owned().as_str()),
    ]
}

fn event(uid: &str, lines: &str) -> Item {
    calendar(uid, &format!("BEGIN:VEVENT\r\nUID:{uid}\r\n{STAMP}\r\n{WHEN}\r\n{lines}\r\nEND:VEVENT"))
}

fn calendar(name: &str, lines: &str) -> Item {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{lines}\r\nEND:VCALENDAR\r\n");
    (format!("{name}.ics"), text.into_bytes())
}

fn card(uid: &str, version: &str, lines: &str) -> Item {
    let text =
        format!("BEGIN:VCARD\r\nVERSION:{version}\r\nPRODID:-//x//y//EN\r\nUID:{uid}\r\n{lines}\r\nEND:VCARD\r\n");
    (format!("{}.vcf", uid.replace(':', "-")), text.into_bytes())
}

/// Breaks a long value into lines of 75 octets.
fn fold(value: &str) -> String {
    let lines: Vec<&str> = value.as_bytes().chunks(74).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join("\r\n ")
}
