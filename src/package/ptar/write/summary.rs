//! The summaries of folders: counts and sizes of what is in them, and of what is below them.

use std::collections::BTreeMap;

use super::super::msgpack::{Encoder, Width};
use super::{Described, Listing, content_type};

/// At or above this many bits per byte a content counts as high in entropy.
const HIGH: f64 = 7.0;
/// At or below this many as low.
const LOW: f64 = 2.0;
/// Kinds of content that are counted apart, by the beginning of their type; the last is for all others.
const TYPES: [&str; 6] = ["audio", "video", "image", "text", "application", "other"];

/// The fields of these counts.
const FIELDS: [&str; 6] = ["MIME_audio", "MIME_video", "MIME_image", "MIME_text", "MIME_application", "MIME_other"];

/// The summary of every folder, as it is stored.
pub(super) fn all<'f>(listing: &Listing<'f>) -> BTreeMap<&'f str, Vec<u8>> {
    let mut parts: BTreeMap<&str, (Counts, Counts)> = BTreeMap::new();
    // Innermost folders first, as each is counted from those in it.
    for folder in listing.folders.iter().rev() {
        let (mut directory, mut below) = (Counts::default(), Counts::default());
        for (path, child) in listing.children(folder) {
            directory.count(path, child);
            if let Some((its_own, further)) = parts.get(path) {
                below.add(further);
                below.add(its_own);
            }
        }
        parts.insert(folder, (directory, below));
    }
    parts.into_iter().map(|(folder, (directory, below))| (folder, record(&directory, &below))).collect()
}

#[derive(Default)]
struct Counts {
    folders: u64,
    files: u64,
    chunks: u64,
    least_size: u64,
    most_size: u64,
    size: u64,
    least_entropy: f64,
    most_entropy: f64,
    sum_entropy: f64,
    high: u64,
    low: u64,
    types: [u64; 6],
}

impl Counts {
    fn count(&mut self, path: &str, child: &Described) {
        let Some((size, content)) = &child.file else {
            self.folders += 1;
            return;
        };
        let kind = content_type(path).split('/').next().unwrap_or_default();
        let other = TYPES.len() - 1;
        let mut types = [0; 6];
        let of = TYPES.iter().position(|known| *known == kind).unwrap_or(other);
        types.iter_mut().skip(of).take(1).for_each(|count| *count = 1);
        self.add(&Counts {
            folders: 0,
            files: 1,
            chunks: content.chunks,
            least_size: *size,
            most_size: *size,
            size: *size,
            least_entropy: content.entropy,
            most_entropy: content.entropy,
            sum_entropy: content.entropy,
            high: u64::from(content.entropy >= HIGH),
            low: u64::from(content.entropy <= LOW),
            types,
        });
    }

    /// Adds others. A least of zero counts as not known yet, as it does for the host.
    fn add(&mut self, others: &Counts) {
        self.folders += others.folders;
        self.files += others.files;
        self.chunks += others.chunks;
        if self.least_size == 0 || others.least_size < self.least_size {
            self.least_size = others.least_size;
        }
        self.most_size = self.most_size.max(others.most_size);
        self.size += others.size;
        if self.least_entropy <= 0.0 || others.least_entropy < self.least_entropy {
            self.least_entropy = others.least_entropy;
        }
        self.most_entropy = self.most_entropy.max(others.most_entropy);
        self.sum_entropy += others.sum_entropy;
        self.high += others.high;
        self.low += others.low;
        for (count, more) in self.types.iter_mut().zip(others.types) {
            *count += more;
        }
    }
}

fn record(directory: &Counts, below: &Counts) -> Vec<u8> {
    let mut record = Encoder::new(Width::Fixed);
    record.map(2).text("directory");
    put(&mut record, directory, true);
    record.text("below");
    put(&mut record, below, false);
    record.finish()
}

enum Field {
    Number(u64),
    Float(f64),
}

/// One half of a summary. Fields that are zero are left out, but for the errors below; averages are of a folder itself only.
fn put(record: &mut Encoder, counts: &Counts, is_directory: bool) {
    let own = |number: u64| if is_directory { number } else { 0 };
    let own_float = |number: f64| if is_directory { number } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "a statistic")]
    let average = counts.sum_entropy / counts.files.max(1) as f64;
    let mut fields = vec![
        ("directories", Field::Number(counts.folders)),
        ("files", Field::Number(counts.files)),
        ("children", Field::Number(counts.folders + counts.files)),
        ("objects", Field::Number(counts.files)),
        ("chunks", Field::Number(counts.chunks)),
        ("min_size", Field::Number(counts.least_size)),
        ("max_size", Field::Number(counts.most_size)),
        ("avg_size", Field::Number(own(counts.size / counts.files.max(1)))),
        ("size", Field::Number(counts.size)),
        ("min_entropy", Field::Float(counts.least_entropy)),
        ("max_entropy", Field::Float(counts.most_entropy)),
        ("sum_entropy", Field::Float(own_float(counts.sum_entropy))),
        ("avg_entropy", Field::Float(own_float(average))),
        ("hi_entropy", Field::Number(counts.high)),
        ("lo_entropy", Field::Number(counts.low)),
    ];
    fields.extend(FIELDS.into_iter().zip(counts.types).map(|(name, count)| (name, Field::Number(count))));
    fields.retain(|(_, field)| match field {
        Field::Number(number) => *number > 0,
        Field::Float(number) => *number > 0.0,
    });
    record.map(fields.len() + usize::from(!is_directory));
    for (name, field) in fields {
        record.text(name);
        match field {
            Field::Number(number) => record.u64(number),
            Field::Float(number) => record.f64(number),
        };
    }
    if !is_directory {
        record.text("errors").u64(0);
    }
}
