//! One LZ4 block, compressed fast. It takes the same matches as the reference implementation does at its first level, so that
//! an archive is the same bytes whoever writes it.

/// Shortest match.
const SHORTEST: usize = 4;
/// A match may not begin in the last bytes of a block (LZ4 Block Format, end of block conditions) …
const NO_START: usize = 12;
/// … and not reach into the very last ones.
const NO_MATCH: usize = 5;
/// Furthest that a match may be back.
const FURTHEST: usize = 65_535;
/// Blocks below this length are looked up by four bytes in a table of 2^13 places, others by five in one of 2^12.
const LONG: usize = 65_547;
/// After 2^6 tries in vain every second position is tried, after twice as many every third, and so on.
const PATIENCE: u32 = 6;
/// Most that fits into half of a token.
const NIBBLE: u8 = 15;

/// The block of a content of at most 4 MiB; it may be longer than the content.
pub(super) fn compress(content: &[u8]) -> Vec<u8> {
    let mut block = Block {
        content,
        table: Table { places: vec![0; 1 << 13], is_long: content.len() >= LONG },
        starts_end: (content.len() + 1).saturating_sub(NO_START),
        at: 1,
        literals: 0,
        out: Vec::with_capacity(content.len() / 2),
    };
    if content.len() > NO_START {
        block.table.replace(content, 0);
        while let Some(found) = block.find() {
            if !block.take(found) {
                break;
            }
        }
    }
    block.put_literals(content.len());
    block.out
}

struct Block<'c> {
    content: &'c [u8],
    table: Table,
    /// No match begins here or behind it.
    starts_end: usize,
    /// What is tried next.
    at: usize,
    /// Where those begin that are not written yet.
    literals: usize,
    out: Vec<u8>,
}

impl Block<'_> {
    /// Goes on to the next match, and returns where it was seen before.
    fn find(&mut self) -> Option<usize> {
        let (mut forward, mut step, mut tries) = (self.at, 1, 1_usize << PATIENCE);
        loop {
            let at = forward;
            forward += step;
            step = tries >> PATIENCE;
            tries += 1;
            if forward > self.starts_end {
                return None;
            }
            let candidate = self.table.replace(self.content, at);
            if self.is_match(candidate, at) {
                self.at = at;
                return Some(candidate);
            }
        }
    }

    fn is_match(&self, candidate: usize, at: usize) -> bool {
        let is_near = !self.table.is_long || candidate + FURTHEST >= at;
        is_near && four(self.content, candidate) == four(self.content, at)
    }

    /// Writes the match at `self.at`, as long as it is, and those that follow at once. False if none can come any more.
    fn take(&mut self, mut found: usize) -> bool {
        let content = self.content;
        let byte_before = |at: usize| at.checked_sub(1).and_then(|at| content.get(at));
        while self.at > self.literals && found > 0 && byte_before(self.at) == byte_before(found) {
            self.at -= 1;
            found -= 1;
        }
        let mut token = self.put_literals(self.at);
        loop {
            self.put_match(token, found);
            if self.at >= self.starts_end {
                return false;
            }
            self.table.replace(self.content, self.at - 2);
            let candidate = self.table.replace(self.content, self.at);
            if !self.is_match(candidate, self.at) {
                self.at += 1;
                return true;
            }
            found = candidate;
            token = self.out.len();
            self.out.push(0);
        }
    }

    /// Writes a token and the bytes up to `end` that are in no match; returns where the token is.
    fn put_literals(&mut self, end: usize) -> usize {
        let literals = self.content.get(self.literals..end).unwrap_or_default();
        let token = self.out.len();
        self.out.push(nibble(literals.len()) << 4);
        self.put_length(literals.len());
        self.out.extend_from_slice(literals);
        token
    }

    /// Writes how far back the match is and how long it is, and goes behind it.
    fn put_match(&mut self, token: usize, found: usize) {
        let distance = u16::try_from(self.at - found).expect("no match is further back");
        self.out.extend_from_slice(&distance.to_le_bytes());
        let rest = |from: usize| self.content.get(from..self.content.len() - NO_MATCH).unwrap_or_default();
        let (here, there) = (rest(self.at + SHORTEST), rest(found + SHORTEST));
        let length = here.iter().zip(there).take_while(|(here, there)| here == there).count();
        if let Some(token) = self.out.get_mut(token) {
            *token |= nibble(length);
        }
        self.put_length(length);
        self.at += SHORTEST + length;
        self.literals = self.at;
    }

    /// What of a length did not fit into its half of the token.
    fn put_length(&mut self, length: usize) {
        let Some(mut left) = length.checked_sub(NIBBLE.into()) else { return };
        while left >= 255 {
            self.out.push(255);
            left -= 255;
        }
        self.out.push(u8::try_from(left).unwrap_or(u8::MAX));
    }
}

fn nibble(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(NIBBLE).min(NIBBLE)
}

fn four(content: &[u8], at: usize) -> Option<&[u8; 4]> {
    content.get(at..)?.first_chunk()
}

/// Where bytes were last seen.
struct Table {
    places: Vec<usize>,
    is_long: bool,
}

impl Table {
    /// Notes what is at `at`, and returns where the like of it was before; 0 if it was nowhere.
    fn replace(&mut self, content: &[u8], at: usize) -> usize {
        let hash = if self.is_long { hash_five(content, at) } else { hash_four(content, at) };
        let place = hash.and_then(|hash| self.places.get_mut(hash));
        place.map_or(0, |place| std::mem::replace(place, at))
    }
}

fn hash_four(content: &[u8], at: usize) -> Option<usize> {
    let word = u32::from_le_bytes(*four(content, at)?);
    usize::try_from(word.wrapping_mul(2_654_435_761) >> 19).ok()
}

fn hash_five(content: &[u8], at: usize) -> Option<usize> {
    let word = u64::from_le_bytes(*content.get(at..)?.first_chunk()?);
    usize::try_from((word << 24).wrapping_mul(889_523_592_379) >> 52).ok()
}
