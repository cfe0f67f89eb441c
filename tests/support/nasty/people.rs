//! Contacts: every property of both versions and what programs add to them, on a card each.

use super::{Item, card, fold};

const THREE: [&str; 26] = [
    "N:Müller;Anna Maria;Eva,Luise;Dr.,Prof.;MSc",
    "N:O'Neill;;;;\r\nSORT-STRING:oneill",
    "BDAY;VALUE=date:1980-02-29",
    "BDAY:19800229",
    "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29",
    "ADR;TYPE=HOME,PREF:PF 1;Hof 2;Gasse 3;Wien;W;1010;Austria\r\nLABEL;TYPE=HOME:Gasse 3\\n1010 Wien",
    "TEL;TYPE=WORK,FAX,pref:+43 1 1\r\nTEL;TYPE=CELL;TYPE=VOICE:+43 1 2",
    "TEL;WORK;VOICE:+43 1 3",
    "TEL;TYPE=X-OWN:+43 1 4\r\nitem1.TEL:+43 1 5\r\nitem1.X-ABLabel:Boat",
    "EMAIL;TYPE=INTERNET;TYPE=HOME;TYPE=pref:a@x.example\r\nEMAIL:\"a b\"@x.example",
    "GEO:48.208174;16.373819\r\nTZ:+01:00",
    "LOGO;VALUE=uri:https://x.example/a,b;c.png",
    "SOUND;TYPE=BASIC;ENCODING=b:MIICajCC",
    "KEY;TYPE=PGP;ENCODING=b:mQENBFq0",
    "URL:https://x.example/?a=b&c=d\r\nURL;TYPE=WORK:http://x.example",
    "CATEGORIES:a,b,c d\r\nCATEGORIES:e",
    "CLASS:PRIVATE\r\nMAILER:x 1.0\r\nREV:2020-01-01T00:00:00Z",
    "X-AIM;TYPE=HOME:a\r\nX-JABBER:b@x.example\r\nIMPP;X-SERVICE-TYPE=Skype;TYPE=HOME:skype:c",
    "X-SOCIALPROFILE;TYPE=mastodon;x-user=anna:https://x.example/@anna\r\nX-PHONETIC-FIRST-NAME:ana",
    "item1.X-ABRELATEDNAMES;TYPE=pref:Bob\r\nitem1.X-ABLabel:_$!<Spouse>!$_\r\nX-ABShowAs:COMPANY",
    "item1.ADR;TYPE=HOME:;;Gasse 1;Wien;;1010;\r\nitem1.X-ABADR:at",
    "ITEM2.EMAIL:a@x.example\r\nitem2.X-ABLABEL:own",
    "X-ANNIVERSARY:2010-05-05\r\nX-SPOUSE:Bob\r\nX-MANAGER:Eva\r\nX-EVOLUTION-FILE-AS:Müller\\, Anna",
    "X-MOZILLA-HTML:FALSE\r\nX-GENDER:Female\r\nX-CUSTOM1:a;b;c",
    "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Z=C3=BCrich",
    "AGENT:BEGIN:VCARD\\nFN:Helper\\nEND:VCARD\\n",
];

const FOUR: [&str; 30] = [
    "N;SORT-AS=\"Muller,Anna\":Müller;Anna;;;",
    "FN;ALTID=1;LANGUAGE=de:Anna\r\nFN;ALTID=1;LANGUAGE=jp:アナ",
    "BDAY:--0229",
    "BDAY:19800229T101500Z",
    "BDAY;VALUE=text:circa 1800",
    "BDAY:1980-02\r\nANNIVERSARY:2010",
    "DEATHDATE:20200101\r\nBIRTHPLACE:Wien\r\nDEATHPLACE;VALUE=uri:geo:48.2,16.3",
    "GENDER:M;Fellow",
    "GENDER:;it's complicated",
    "KIND:org\r\nORG;SORT-AS=ABC:ABC\\, Inc.;North;Sales",
    "KIND:location\r\nGEO:geo:48.208174,16.373819",
    "KIND:x-own",
    "TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555",
    "TEL;TYPE=textphone,x-own:+43 1 2",
    "EMAIL;PID=4.1,5.1;TYPE=work:a@x.example\r\nCLIENTPIDMAP:1;urn:uuid:53e374d9-337e-4727-8803-a1e9c14e0556",
    "IMPP;PREF=1:xmpp:anna@x.example",
    "LANG;TYPE=work;PREF=1:en\r\nLANG;TYPE=home:fr-CA",
    "TZ:Raleigh/North America\r\nTZ;VALUE=utc-offset:-0500",
    "ADR;GEO=\"geo:12.3457,78.910\";LABEL=\"Anna ^n Gasse 1\";CC=AT:;;Gasse 1;Wien;;1010;",
    "ADR:;;Gasse 1,Stiege 2;Wien,Umland;;1010;Österreich",
    "PHOTO:data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "PHOTO;MEDIATYPE=image/png:https://x.example/photo.png?a=1,2;b",
    "KEY;MEDIATYPE=application/pgp-keys:https://x.example/key\r\nKEY:data:application/pgp-keys;base64,MICHhD",
    "RELATED;TYPE=friend,met:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6\r\nRELATED;VALUE=text:Please ask\\, first",
    "MEMBER:mailto:a@x.example\r\nKIND:group",
    "SOURCE:https://x.example/anna.vcf\r\nXML:<x xmlns=\"urn:x\"/>",
    "FBURL;PREF=1:https://x.example/busy\r\nCALURI:https://x.example/cal\r\nCALADRURI:mailto:anna@x.example",
    "HOBBY;LEVEL=high;INDEX=1:sailing\r\nEXPERTISE:chess\r\nORG-DIRECTORY:https://x.example/dir",
    "CREATED:20200101T000000Z\r\nGRAMGENDER:neuter\r\nPRONOUNS:they/them\r\nSOCIALPROFILE;SERVICE-TYPE=Mastodon:https://x.example/@a",
    "X-OWN;X-P=\"a:b\":c;d,e\r\nitem1.NOTE:grouped",
];

/// A card for each; FN and N are there unless they are what it is about.
pub fn cards() -> Vec<Item> {
    let each = |version: &'static str, table: &'static [&'static str]| {
        table.iter().enumerate().map(move |(at, lines)| {
            let name = if lines.starts_with("FN") { "" } else { "FN:x\r\n" };
            let fields = if lines.starts_with("N:") || lines.starts_with("N;") { "" } else { "N:x;;;;\r\n" };
            let number = version.split('.').next().unwrap_or_default();
            card(&format!("person-{number}-{at}"), version, &format!("{name}{fields}{lines}"))
        })
    };
    let large = fold(&"/9j/4AAQ".repeat(131_072));
    let mut cards: Vec<_> = each("3.0", &THREE).chain(each("4.0", &FOUR)).collect();
    cards.extend([
        card("large-photo", "3.0", &format!("FN:Large\r\nN:Large;;;;\r\nPHOTO;ENCODING=b;TYPE=JPEG:{large}")),
        card("urn:uuid:00000000-0000-4000-8000-000000000001", "4.0", "FN:Its UID is a URN"),
        card(
            "old",
            "2.1",
            "FN:Old\r\nN:Old;;;;\r\nTEL;HOME;VOICE:+43 1 1\r\nADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Stra=C3=9Fe;;;;",
        ),
    ]);
    cards
}
