//! Times, time zones and rules in all their forms.

use super::{Item, WHEN, calendar, event};

const RULES: [&str; 34] = [
    "RRULE:FREQ=DAILY",
    "RRULE:FREQ=DAILY;INTERVAL=1",
    "RRULE:COUNT=10;FREQ=DAILY;INTERVAL=2",
    "RRULE:FREQ=DAILY;UNTIL=20300205T100000Z",
    "RRULE:FREQ=DAILY;UNTIL=20300205",
    "RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=MO,WE,FR",
    "RRULE:FREQ=WEEKLY;WKST=MO;BYDAY=FR,MO,WE",
    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=8",
    "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1",
    "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,-2",
    "RRULE:FREQ=MONTHLY;BYDAY=1MO",
    "RRULE:FREQ=MONTHLY;BYDAY=+1MO,-1FR",
    "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "RRULE:FREQ=YEARLY",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "RRULE:FREQ=YEARLY;BYDAY=20MO",
    "RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
    "RRULE:FREQ=YEARLY;BYYEARDAY=1,100,-1",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "RRULE:FREQ=HOURLY;INTERVAL=3;COUNT=4",
    "RRULE:FREQ=MINUTELY;INTERVAL=90;COUNT=4",
    "RRULE:FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=0,20,40;COUNT=9",
    "RRULE:FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=FORWARD;BYMONTHDAY=31",
    "RRULE:FREQ=YEARLY;RSCALE=CHINESE",
    "RRULE:FREQ=WEEKLY\r\nRRULE:FREQ=MONTHLY",
    "RRULE:FREQ=WEEKLY\r\nEXRULE:FREQ=MONTHLY;BYMONTHDAY=5",
    "RRULE:FREQ=WEEKLY\r\nEXDATE:20300112T100000Z\r\nEXDATE:20300119T100000Z,20300126T100000Z",
    "RRULE:FREQ=WEEKLY\r\nEXDATE;VALUE=DATE:20300112",
    "RRULE:FREQ=WEEKLY\r\nEXDATE:",
    "RDATE:20300107T100000Z,20300108T100000Z",
    "RDATE;VALUE=PERIOD:20300107T100000Z/20300107T120000Z,20300108T100000Z/PT1H",
    "RDATE;VALUE=DATE:20300107",
    "rrule:freq=weekly;byday=mo",
];

/// Start, and end or length, as they are written.
const TIMES: [&str; 24] = [
    "DTSTART:20300105T100000Z",
    "DTSTART:20300105T100000Z\r\nDTEND:20300105T100000Z",
    "DTSTART:20300105T100000Z\r\nDURATION:PT0S",
    "DTSTART:20300105T100000Z\r\nDURATION:P1W",
    "DTSTART:20300105T100000Z\r\nDURATION:P1DT0H0M0S",
    "DTSTART:20300105T100000Z\r\nDURATION:PT90M",
    "DTSTART:20300105T100000\r\nDTEND:20300105T110000",
    "DTSTART;VALUE=DATE:20300105\r\nDTEND;VALUE=DATE:20300106",
    "DTSTART;VALUE=DATE:20300105\r\nDTEND;VALUE=DATE:20300110",
    "DTSTART;VALUE=DATE:20300105\r\nDURATION:P3D",
    "DTSTART;VALUE=DATE:20300105\r\nDTEND;VALUE=DATE:20300105",
    "DTSTART;VALUE=DATE-TIME:20300105T100000Z\r\nDTEND;VALUE=DATE-TIME:20300105T110000Z",
    "DTSTART:19000101T000000Z\r\nDTEND:19000101T010000Z",
    "DTSTART:16000229T000000Z\r\nDTEND:16000229T010000Z",
    "DTSTART:99991231T000000Z\r\nDTEND:99991231T010000Z",
    "DTSTART;VALUE=DATE:18991230\r\nRRULE:FREQ=YEARLY",
    "DTSTART;TZID=Europe/Vienna:20300105T100000\r\nDTEND;TZID=America/New_York:20300105T110000",
    "DTSTART;TZID=Europe/Vienna:20300331T023000\r\nDTEND;TZID=Europe/Vienna:20300331T033000",
    "DTSTART;TZID=W. Europe Standard Time:20300105T100000\r\nDTEND;TZID=W. Europe Standard Time:20300105T110000",
    "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Vienna:20300105T100000\r\nDURATION:PT1H",
    "DTSTART;TZID=\"(UTC+01:00) Amsterdam, Berlin\":20300105T100000\r\nDURATION:PT1H",
    "DTSTART;TZID=Nowhere/At All:20300105T100000\r\nDTEND;TZID=Nowhere/At All:20300105T110000",
    "DTSTART;TZID=UTC:20300105T100000\r\nDTEND;TZID=UTC:20300105T110000",
    "DTSTART:20300105T110000Z\r\nDTEND:20300105T100000Z",
];

/// An event for each rule and each form of its times.
pub fn events() -> Vec<Item> {
    let by_rule =
        RULES.iter().enumerate().map(|(at, rule)| event(&format!("rule-{at}"), &format!("SUMMARY:x\r\n{rule}")));
    let timed = |(at, times): (usize, &&str)| {
        let lines =
            format!("BEGIN:VEVENT\r\nUID:times-{at}\r\nDTSTAMP:20260101T000000Z\r\n{times}\r\nSUMMARY:x\r\nEND:VEVENT");
        calendar(&format!("times-{at}"), &lines)
    };
    by_rule.chain(TIMES.iter().enumerate().map(timed)).chain(zones()).collect()
}

/// Time zones as programs write them.
fn zones() -> Vec<Item> {
    let standard = "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD";
    let daylight = "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT";
    let zones = [
        ("outlook", "W. Europe Standard Time", format!("{standard}\r\n{daylight}")),
        ("apple", "Europe/Vienna", format!("X-LIC-LOCATION:Europe/Vienna\r\n{daylight}\r\n{standard}")),
        ("only-standard", "Local", standard.to_owned()),
        ("seconds", "Old", "BEGIN:STANDARD\r\nDTSTART:18000101T000000\r\nTZOFFSETFROM:+010521\r\nTZOFFSETTO:+010521\r\nTZNAME:LMT\r\nEND:STANDARD".to_owned()),
        ("named", "Zürich \u{2013} Büro", format!("TZURL:https://x.example/z\r\n{standard}\r\n{daylight}")),
    ];
    let event = |name: &str, zone: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:zone-{name}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID={zone}:20300105T100000\r\nDTEND;TZID={zone}:20300105T110000\r\nSUMMARY:x\r\nEND:VEVENT"
        )
    };
    let with = |(name, zone, inside): &(&str, &str, String)| {
        let lines = format!("BEGIN:VTIMEZONE\r\nTZID:{zone}\r\n{inside}\r\nEND:VTIMEZONE\r\n{}", event(name, zone));
        calendar(&format!("zone-{name}"), &lines)
    };
    let mut items: Vec<_> = zones.iter().map(with).collect();
    // The zone behind the event, and one that nobody uses.
    let unused = format!("BEGIN:VTIMEZONE\r\nTZID:Unused\r\n{standard}\r\nEND:VTIMEZONE");
    items.push(calendar("zone-behind", &format!("BEGIN:VEVENT\r\nUID:zone-behind\r\nDTSTAMP:20260101T000000Z\r\n{WHEN}\r\nSUMMARY:x\r\nEND:VEVENT\r\n{unused}")));
    items
}
