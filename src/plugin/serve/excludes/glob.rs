//! One name's pattern: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what is meant as it stands. Braces mean nothing.

/// A pattern, read.
pub(super) struct Glob(Vec<Token>);

enum Token {
    /// `*`: any number of characters.
    Any,
    /// `?`: one character.
    One,
    Literal(char),
    Class {
        not: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Reads a pattern; an error says what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a name in it is empty");
        }
        let mut letters = text.chars();
        let mut tokens = Vec::new();
        while let Some(letter) = letters.next() {
            tokens.push(match letter {
                '*' => Token::Any,
                '?' => Token::One,
                '[' => class(&mut letters)?,
                '\\' => Token::Literal(letters.next().ok_or("nothing follows the last \\")?),
                letter => Token::Literal(letter),
            });
        }
        Ok(Glob(tokens))
    }

    /// Whether the whole of `name` fits. Takes no longer than the product of both lengths.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut letter) = (0, 0);
        // Where the last `*` stands, and how far it reaches.
        let mut star = None;
        while let Some(next) = name.get(letter) {
            match self.0.get(token) {
                Some(Token::Any) => {
                    star = Some((token, letter));
                    token += 1;
                }
                Some(fits) if fits.is(*next) => (token, letter) = (token + 1, letter + 1),
                _ => {
                    let Some((at, reach)) = star else { return false };
                    star = Some((at, reach + 1));
                    (token, letter) = (at + 1, reach + 1);
                }
            }
        }
        self.0.iter().skip(token).all(|token| matches!(token, Token::Any))
    }
}

impl Token {
    fn is(&self, letter: char) -> bool {
        match self {
            Token::Any | Token::One => true,
            Token::Literal(one) => *one == letter,
            Token::Class { not, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter)) != *not,
        }
    }
}

/// What follows a `[`, to its end.
fn class(letters: &mut std::str::Chars<'_>) -> Result<Token, &'static str> {
    const OPEN: &str = "a [ is never closed";
    let not = letters.as_str().starts_with('^');
    if not {
        letters.next();
    }
    let mut ranges = Vec::new();
    loop {
        let from = match letters.next().ok_or(OPEN)? {
            ']' if ranges.is_empty() => return Err("nothing stands between [ and ]"),
            ']' => return Ok(Token::Class { not, ranges }),
            letter => plain(letter, letters)?,
        };
        let to = if letters.as_str().starts_with('-') {
            letters.next();
            let letter = letters.next().ok_or(OPEN)?;
            plain(letter, letters)?
        } else {
            from
        };
        ranges.push((from, to));
    }
}

/// A character of a class, which may stand behind a `\`.
fn plain(letter: char, letters: &mut std::str::Chars<'_>) -> Result<char, &'static str> {
    match letter {
        '\\' => letters.next().ok_or("nothing follows the last \\"),
        '-' | ']' => Err("a - or ] in a [] needs a \\ before it"),
        letter => Ok(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).unwrap().matches(name)
    }

    #[test]
    fn stars_question_marks_and_classes_match_a_whole_name() {
        assert!(fits("*", "") && fits("*.ics", ".ics") && fits("a*b*c", "aXbYbZc") && fits("**", "a"));
        assert!(!fits("a*b", "abc") && !fits("?", "") && !fits("a", "ab"));
        assert!(fits("?", "ä") && fits("[a-c]x", "bx") && fits("[^a-c]", "d") && fits("[!a]", "!"));
        assert!(!fits("[a-c]", "d") && !fits("[^a-c]", "b") && !fits("[!a]", "b"));
        assert!(fits("\\*\\[", "*[") && !fits("\\*", "a") && fits("[\\]\\-]", "-"));
        assert!(!fits(&"*a".repeat(40), &"a".repeat(39)) && fits(&"*a".repeat(40), &"a".repeat(4000)));
    }

    #[test]
    fn what_is_not_closed_is_said() {
        let why = |pattern: &str| Glob::new(pattern).err();
        assert_eq!(why(""), Some("a name in it is empty"));
        assert_eq!(why("[a"), Some("a [ is never closed"));
        assert_eq!(why("[]"), Some("nothing stands between [ and ]"));
        assert_eq!(why("a\\"), Some("nothing follows the last \\"));
        assert_eq!(why("[-a]"), Some("a - or ] in a [] needs a \\ before it"));
    }
}
