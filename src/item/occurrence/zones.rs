//! What the time zones of an item are.

use calcard::common::timezone::Tz;

use super::moment::Zone;
use super::moment::digits;
use crate::item::component::Component;
use crate::item::lines::Line;

/// The zones that an item defines, by the name that it gives them.
#[derive(Debug, Default)]
pub struct Zones {
    defined: Vec<(Vec<u8>, Zone)>,
}

impl Zones {
    pub fn of(whole: &Component<'_>) -> Self {
        let calendars = whole.children.iter().filter(|each| each.name == "VCALENDAR");
        let zones = calendars.flat_map(|calendar| &calendar.children).filter(|each| each.name == "VTIMEZONE");
        let named = zones.filter_map(|each| Some((each.line("TZID")?.value.trim_ascii().to_vec(), defined(each))));
        Self { defined: named.collect() }
    }

    /// The clock of a line's value.
    pub fn of_line(&self, line: &Line<'_>) -> Zone {
        let Some(name) = line.parameter("TZID") else { return Zone::Floating };
        let name = name.trim_ascii();
        if let Some(zone) = by_name(name) {
            return zone;
        }
        let defined = self.defined.iter().find(|(defined, _)| defined == name);
        defined.map_or(Zone::UNKNOWN, |(_, zone)| *zone)
    }
}

/// A zone of the tz database, also by the names that Microsoft and others have for it.
fn by_name(name: &[u8]) -> Option<Zone> {
    let name = std::str::from_utf8(name).ok()?.trim_matches('"');
    if name.eq_ignore_ascii_case("utc") {
        return Some(Zone::Utc);
    }
    // Registries put a name of their own before that of the database.
    let tails = name.match_indices('/').filter_map(|(at, _)| name.get(at + 1..)).filter(|tail| tail.contains('/'));
    let mut names = std::iter::once(name).chain(tails);
    names.find_map(|name| name.parse().ok().filter(|zone| *zone != Tz::Floating)).map(Zone::Named)
}

/// What a definition tells: the name that clients put beside their own, else how far its clocks are from UTC.
fn defined(zone: &Component<'_>) -> Zone {
    if let Some(named) = zone.line("X-LIC-LOCATION").and_then(|line| by_name(line.value.trim_ascii())) {
        return named;
    }
    let changes = zone.children.iter().flat_map(|change| {
        ["TZOFFSETTO", "TZOFFSETFROM"].into_iter().filter_map(|name| Some(offset(change.line(name)?.value)))
    });
    let offsets: Option<Vec<i64>> = changes.collect();
    let offsets = offsets.unwrap_or_default();
    match (offsets.iter().min(), offsets.iter().max()) {
        (Some(least), Some(most)) => Zone::Within(*least, *most),
        _ => Zone::UNKNOWN,
    }
}

/// `+0130`, `-053000` in seconds (RFC 5545 §3.3.14).
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = text.trim_ascii().split_at_checked(1)?;
    let sign = match sign {
        b"+" => 1,
        b"-" => -1,
        _ => return None,
    };
    let number = |from: usize, to: usize| digits(rest.get(from..to)?);
    let seconds = if rest.len() == 6 { number(4, 6)? } else { 0 };
    matches!(rest.len(), 4 | 6).then_some(sign * (number(0, 2)? * 3600 + number(2, 4)? * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(definition: &str, name: &str) -> Zone {
        let item = format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\n{definition}END:VTIMEZONE\nEND:VCALENDAR\n");
        let line = format!("DTSTART;TZID={name}:20260101T000000");
        Zones::of(&Component::whole(item.as_bytes())).of_line(&Line::parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn a_zone_is_known_by_its_name_its_alias_or_its_definition() {
        let berlin = Zone::Named("Europe/Berlin".parse().unwrap());
        for name in [
            "Europe/Berlin",
            "\"Europe/Berlin\"",
            "/freeassociation.sourceforge.net/Europe/Berlin",
            "W. Europe Standard Time",
        ] {
            assert_eq!(zone("", name), berlin, "{name}");
        }
        assert_eq!(zone("TZID:Home\nX-LIC-LOCATION:Europe/Berlin\n", "Home"), berlin);
        let ours = "TZID:Home\nBEGIN:STANDARD\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n";
        assert_eq!(zone(ours, "Home"), Zone::Within(3600, 7200));
        assert_eq!(zone(ours, "Other"), Zone::UNKNOWN);
        assert_eq!(zone("TZID:Home\nBEGIN:STANDARD\nTZOFFSETTO:east\nEND:STANDARD\n", "Home"), Zone::UNKNOWN);
    }
}
