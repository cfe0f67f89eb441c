//! Writing records.

/// How integers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Each field in the width of its type, as the host writes.
    Fixed,
    /// Each in as few bytes as it fits.
    Shortest,
}

/// A record that is being written.
#[derive(Debug, Clone)]
pub struct Encoder {
    bytes: Vec<u8>,
    width: Width,
}

impl Encoder {
    pub fn new(width: Width) -> Self {
        Self { bytes: Vec::new(), width }
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub fn map(&mut self, length: usize) -> &mut Self {
        self.head(0x80, 15, [0xde, 0xdf], length)
    }

    pub fn list(&mut self, length: usize) -> &mut Self {
        self.head(0x90, 15, [0xdc, 0xdd], length)
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        match (text.len(), u8::try_from(text.len())) {
            (32.., Ok(length)) => self.raw(&[0xd9, length]),
            (length, _) => self.head(0xa0, 31, [0xda, 0xdb], length),
        };
        self.raw(text.as_bytes())
    }

    pub fn nil(&mut self) -> &mut Self {
        self.raw(&[0xc0])
    }

    pub fn bool(&mut self, truth: bool) -> &mut Self {
        self.raw(&[0xc2 + u8::from(truth)])
    }

    /// Up to 255 bytes; all byte strings of an archive have 16 or 32.
    pub fn binary<const N: usize>(&mut self, bytes: &[u8; N]) -> &mut Self {
        const { assert!(N <= 255) };
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let head = [0xc4, N as u8];
        self.raw(&head).raw(bytes)
    }

    pub fn u16(&mut self, number: u16) -> &mut Self {
        match self.width {
            Width::Fixed => self.raw(&[0xcd]).raw(&number.to_be_bytes()),
            Width::Shortest => self.shortest(number.into()),
        }
    }

    pub fn u32(&mut self, number: u32) -> &mut Self {
        match self.width {
            Width::Fixed => self.raw(&[0xce]).raw(&number.to_be_bytes()),
            Width::Shortest => self.shortest(number.into()),
        }
    }

    pub fn u64(&mut self, number: u64) -> &mut Self {
        match self.width {
            Width::Fixed => self.raw(&[0xcf]).raw(&number.to_be_bytes()),
            Width::Shortest => self.shortest(number),
        }
    }

    /// A number that is never negative, in a field of 64 bits with a sign.
    pub fn i64(&mut self, number: u32) -> &mut Self {
        match self.width {
            Width::Fixed => self.raw(&[0xd3]).raw(&i64::from(number).to_be_bytes()),
            Width::Shortest => self.shortest(number.into()),
        }
    }

    /// A small number of Go's type `int`, which is always written short: -32 to 127.
    pub fn small(&mut self, number: i8) -> &mut Self {
        self.raw(&number.to_be_bytes())
    }

    pub fn f64(&mut self, number: f64) -> &mut Self {
        self.raw(&[0xcb]).raw(&number.to_be_bytes())
    }

    /// A time in whole seconds since 1970, as extension -1 of four bytes.
    pub fn time(&mut self, seconds: u32) -> &mut Self {
        self.raw(&[0xd6, 0xff]).raw(&seconds.to_be_bytes())
    }

    /// A value that is encoded already.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn head(&mut self, short: u8, most: u8, long: [u8; 2], length: usize) -> &mut Self {
        let [two, four] = long;
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length), _) if length <= most => self.raw(&[short | length]),
            (_, Ok(length)) => self.raw(&[two]).raw(&length.to_be_bytes()),
            // What is written was collected in memory as records of many bytes each: it never comes to 2^32 of them.
            _ => self.raw(&[four]).raw(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()),
        }
    }

    fn shortest(&mut self, number: u64) -> &mut Self {
        if let Ok(number) = u8::try_from(number) {
            return if number < 128 { self.raw(&[number]) } else { self.raw(&[0xcc, number]) };
        }
        if let Ok(number) = u16::try_from(number) {
            return self.raw(&[0xcd]).raw(&number.to_be_bytes());
        }
        if let Ok(number) = u32::try_from(number) {
            return self.raw(&[0xce]).raw(&number.to_be_bytes());
        }
        self.raw(&[0xcf]).raw(&number.to_be_bytes())
    }
}
