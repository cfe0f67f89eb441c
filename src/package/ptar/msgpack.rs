//! msgpack as the records of an archive use it: maps with text keys, and integers of any width.

mod encoder;

use std::collections::BTreeMap;

pub(super) use encoder::{Encoder, Width};

/// Deepest nesting that is read; records have five levels.
const DEEPEST: usize = 32;
/// Most values in one record: an object of a file in a hundred thousand chunks has fewer.
const MOST_VALUES: usize = 2_000_000;

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    /// An extension, of which only times are used, and none is needed.
    Extension,
}

impl Value {
    /// Reads one value, which must be all there is; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Value> {
        let mut input = Input { rest: bytes, values_left: MOST_VALUES };
        let value = input.value(DEEPEST)?;
        input.rest.is_empty().then_some(value)
    }

    /// What stands under `key`; `None` if this is no map, it is not there, or it is nil.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(map) = self else { return None };
        map.get(key).filter(|value| **value != Value::Nil)
    }

    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub fn list(&self) -> Option<&[Value]> {
        if let Value::List(list) = self { Some(list) } else { None }
    }

    pub fn number<N: TryFrom<i128>>(&self) -> Option<N> {
        if let Value::Integer(number) = self { N::try_from(*number).ok() } else { None }
    }

    /// Exactly `N` bytes.
    pub fn bytes<const N: usize>(&self) -> Option<[u8; N]> {
        if let Value::Bytes(bytes) = self { bytes.as_slice().try_into().ok() } else { None }
    }
}

struct Input<'b> {
    rest: &'b [u8],
    values_left: usize,
}

impl Input<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.values_left = self.values_left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        let [head] = self.take::<1>()?;
        Some(match head {
            0x00..=0x7f => Value::Integer(head.into()),
            0x80..=0x8f => self.map(usize::from(head & 0x0f), depth)?,
            0x90..=0x9f => self.list(usize::from(head & 0x0f), depth)?,
            0xa0..=0xbf => self.text(usize::from(head & 0x1f))?,
            0xc0 => Value::Nil,
            0xc2 | 0xc3 => Value::Bool(head == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(head - 0xc4)?;
                Value::Bytes(self.slice(length)?.to_vec())
            }
            0xc7..=0xc9 => {
                let length = self.length(head - 0xc7)?;
                self.extension(length)?
            }
            0xca => Value::Float(f32::from_be_bytes(self.take()?).into()),
            0xcb => Value::Float(f64::from_be_bytes(self.take()?)),
            0xcc => Value::Integer(u8::from_be_bytes(self.take()?).into()),
            0xcd => Value::Integer(u16::from_be_bytes(self.take()?).into()),
            0xce => Value::Integer(u32::from_be_bytes(self.take()?).into()),
            0xcf => Value::Integer(u64::from_be_bytes(self.take()?).into()),
            0xd0 => Value::Integer(i8::from_be_bytes(self.take()?).into()),
            0xd1 => Value::Integer(i16::from_be_bytes(self.take()?).into()),
            0xd2 => Value::Integer(i32::from_be_bytes(self.take()?).into()),
            0xd3 => Value::Integer(i64::from_be_bytes(self.take()?).into()),
            0xd4..=0xd8 => self.extension(1 << (head - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(head - 0xd9)?;
                self.text(length)?
            }
            0xdc | 0xdd => {
                let length = self.length(head - 0xdb)?;
                self.list(length, depth)?
            }
            0xde | 0xdf => {
                let length = self.length(head - 0xdd)?;
                self.map(length, depth)?
            }
            0xe0..=0xff => Value::Integer(i128::from(head) - 256),
            0xc1 => return None,
        })
    }

    /// A length of 1, 2 or 4 bytes.
    fn length(&mut self, width: u8) -> Option<usize> {
        match width {
            0 => Some(u8::from_be_bytes(self.take()?).into()),
            1 => Some(u16::from_be_bytes(self.take()?).into()),
            _ => u32::from_be_bytes(self.take()?).try_into().ok(),
        }
    }

    fn text(&mut self, length: usize) -> Option<Value> {
        Some(Value::Text(std::str::from_utf8(self.slice(length)?).ok()?.to_owned()))
    }

    fn extension(&mut self, length: usize) -> Option<Value> {
        self.slice(length.checked_add(1)?)?;
        Some(Value::Extension)
    }

    // A declared length reserves nothing: what is not there is never made room for.
    fn list(&mut self, length: usize, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        for _ in 0..length {
            list.push(self.value(depth)?);
        }
        Some(Value::List(list))
    }

    fn map(&mut self, length: usize, depth: usize) -> Option<Value> {
        let mut map = BTreeMap::new();
        for _ in 0..length {
            let Value::Text(key) = self.value(depth)? else { return None };
            // Two values under one key would mean different things to different readers.
            if map.insert(key, self.value(depth)?).is_some() {
                return None;
            }
        }
        Some(Value::Map(map))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    fn slice(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_width_are_one_and_the_same() {
        for bytes in [[7].as_slice(), &[0xcc, 7], &[0xcd, 0, 7], &[0xce, 0, 0, 0, 7], &[0xd0, 7], &[0xd1, 0, 7]] {
            assert_eq!(Value::read(bytes).unwrap().number::<u8>(), Some(7));
        }
        assert_eq!(Value::read(&[0xff]).unwrap().number::<i32>(), Some(-1));
        assert_eq!(Value::read(&[0xff]).unwrap().number::<u32>(), None);
    }

    #[test]
    fn what_is_written_is_read() {
        for width in [Width::Fixed, Width::Shortest] {
            let mut out = Encoder::new(width);
            out.map(3).text("a").u32(300).text(&"k".repeat(40)).list(20);
            for number in 0..20 {
                out.u16(number);
            }
            out.text("b").binary(&[1; 32]);
            let value = Value::read(&out.finish()).unwrap();
            assert_eq!(value.get("a").unwrap().number::<u64>(), Some(300));
            assert_eq!(value.get(&"k".repeat(40)).unwrap().list().unwrap().len(), 20);
            assert_eq!(value.get("b").unwrap().bytes::<32>(), Some([1; 32]));
        }
    }

    #[test]
    fn lengths_that_lie_keys_that_come_twice_and_deep_nests_are_refused() {
        for bytes in [
            [0xdd, 0xff, 0xff, 0xff, 0xff].as_slice(),
            &[0xdf, 0xff, 0xff, 0xff, 0xff],
            &[0xc6, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x82, 0xa1, b'a', 1, 0xa1, b'a', 2],
            &[0x81, 1, 2],
            &[0xc1],
            &[1, 1],
            &[],
            &[0x91; 100],
        ] {
            assert_eq!(Value::read(bytes), None, "{bytes:02x?}");
        }
    }
}
