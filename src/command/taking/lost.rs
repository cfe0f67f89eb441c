//! What a snapshot can't keep of a source, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::super::words;

/// Counts by what it was.
#[derive(Debug, Default)]
pub struct Lost {
    devices: AtomicU64,
    attributes: AtomicU64,
    unknown: AtomicU64,
}

impl Lost {
    /// A device: no plugin says which one it is.
    pub fn device(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
    }

    /// An extended attribute that is too large.
    pub fn attribute(&self) {
        self.attributes.fetch_add(1, Ordering::Relaxed);
    }

    /// Something that is neither folder nor file nor anything else with a name.
    pub fn unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    /// What a person should know; none where all is kept.
    pub fn sentence(&self) -> Option<String> {
        let [devices, attributes, unknown] = self.counts();
        let mut parts = Vec::new();
        if devices > 0 {
            let devices = words::count(devices, "device has", "devices have");
            parts.push(format!("{devices} only a name in it, as the source does not say which one it is"));
        }
        if attributes > 0 {
            let attributes = words::count(attributes, "extended attribute is", "extended attributes are");
            parts.push(format!("{attributes} larger than 64 KiB, or one of too many, and not in it"));
        }
        if unknown > 0 {
            let unknown = words::count(unknown, "thing is", "things are");
            parts.push(format!("{unknown} of a kind that it has no word for, and not in it"));
        }
        (!parts.is_empty()).then(|| format!("the snapshot can't keep all of this source: {}", parts.join("; ")))
    }

    /// The counts, where there are any.
    pub fn json(&self) -> Value {
        let [devices, attributes, unknown] = self.counts();
        json!({ "devices": devices, "extended_attributes": attributes, "unknown": unknown })
    }

    fn counts(&self) -> [u64; 3] {
        [&self.devices, &self.attributes, &self.unknown].map(|count| count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_one_sentence_with_counts() {
        let lost = Lost::default();
        assert_eq!(lost.sentence(), None);
        lost.attribute();
        lost.device();
        lost.device();
        lost.unknown();
        let expected = "the snapshot can't keep all of this source: 2 devices have only a name in it, as the source does not \
                        say which one it is; 1 extended attribute is larger than 64 KiB, or one of too many, and not in it; \
                        1 thing is of a kind that it has no word for, and not in it";
        assert_eq!(lost.sentence().unwrap(), expected);
    }
}
