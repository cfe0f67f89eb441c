//! What became of a record, in the words that cross the interface.

use crate::connector::{Error, ErrorKind, Foreseen, Outcome};
use crate::plugin::wire;
use crate::proto::plakar::connectors::{Record, Result as Answer};
use crate::proto::plakar::exporter::ExportResponse;
use crate::report;

/// What became of one record: a word for a program, and where it was not stored a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    word: &'static str,
    error: Option<String>,
}

impl Answered {
    pub(super) fn done(outcome: Outcome) -> Self {
        let word = match outcome {
            Outcome::Created => "created",
            Outcome::WithoutMethod => "put without METHOD",
            Outcome::LeftToClient => "put with SCHEDULE-AGENT=CLIENT",
            Outcome::GuestsAsNotes => "put with its guests as notes",
            Outcome::Replaced => "replaced",
            Outcome::Identical => "identical",
            Outcome::Noted => "noted",
        };
        Self { word, error: None }
    }

    pub(super) fn failed(error: &Error) -> Self {
        let word = match error.kind {
            ErrorKind::Conflict => "in-the-way",
            ErrorKind::HeldBack => "held-back",
            ErrorKind::Item => "not-possible",
            ErrorKind::Usage | ErrorKind::Access | ErrorKind::Other => "failed",
        };
        Self { word, error: Some(report::sentence(error)) }
    }

    /// What came from the host can't be stored by anybody.
    pub(super) fn unusable(why: String) -> Self {
        Self { word: "not-possible", error: Some(why) }
    }

    /// For hosts that hear no words.
    pub(super) fn into_result(self) -> Result<(), String> {
        self.error.map_or(Ok(()), Err)
    }
}

/// The result of one record.
pub(super) fn result(record: Record, answer: Answered) -> ExportResponse {
    let extended_attributes = vec![word(wire::OUTCOME, answer.word)];
    let header = Some(Record { extended_attributes, ..record });
    ExportResponse { result: Some(Answer { header, error: answer.error.unwrap_or_default() }) }
}

/// What is foreseen for a folder, taken out of all that is.
pub(super) fn foreseen(planned: &mut Vec<Foreseen>, folder: &str) -> Vec<String> {
    let Some(at) = planned.iter().position(|one| one.folder == folder) else { return Vec::new() };
    let one = planned.swap_remove(at);
    let mut words = vec![word(wire::AT, &one.at), word(wire::NAME, &one.name)];
    words.extend(one.makes.then(|| word(wire::MAKES, "true")));
    for (name, values) in [(wire::SETS, one.sets), (wire::DELETES, one.deletes), (wire::LEAVES, one.leaves)] {
        words.extend(values.iter().map(|value| word(name, value)));
    }
    for (name, count) in [(wire::LEFT_TO_CLIENT, one.left_to_client), (wire::GUESTS_AS_NOTES, one.guests_as_notes)] {
        words.extend((count > 0).then(|| word(name, &count.to_string())));
    }
    words
}

fn word(name: &str, value: &str) -> String {
    format!("{}{name}={value}", wire::WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_stored_has_a_word_of_its_own_beside_the_sentence() {
        for (kind, word) in [
            (ErrorKind::Conflict, "in-the-way"),
            (ErrorKind::HeldBack, "held-back"),
            (ErrorKind::Item, "not-possible"),
            (ErrorKind::Access, "failed"),
        ] {
            let error = Error { kind, what: "no".into(), source: None };
            let answer = result(Record::default(), Answered::failed(&error)).result.unwrap();
            assert_eq!(answer.header.unwrap().extended_attributes, [format!("davault.outcome={word}")]);
            assert_eq!(answer.error, "no");
        }
    }

    #[test]
    fn what_is_foreseen_is_said_of_its_folder_once() {
        let mut planned = vec![Foreseen {
            folder: "/calendars/work".into(),
            at: "/alice/work/".into(),
            name: "/calendars/work".into(),
            makes: true,
            deletes: vec!["/alice/work/a.ics".into()],
            left_to_client: 2,
            ..Foreseen::default()
        }];
        let words = foreseen(&mut planned, "/calendars/work");
        let expected =
            ["at=/alice/work/", "name=/calendars/work", "makes=true", "deletes=/alice/work/a.ics", "left-to-client=2"];
        assert_eq!(words, expected.map(|word| format!("davault.{word}")));
        assert!(foreseen(&mut planned, "/calendars/work").is_empty());
    }
}
