//! The configuration on disk: private, whole, one writer at a time.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::{Config, Error, Place};

/// Owner may read and write, nobody else anything: the file may hold passwords.
const PRIVATE: u32 = 0o600;

/// Reads the configuration at `path`; an absent file is an empty configuration.
pub fn load(path: &Path) -> Result<Config, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Config::default()),
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    toml::from_str(&text).map_err(|error| Error::Format { path: path.into(), line: line_of(&text, error.span()) })
}

/// Changes the configuration at `path`: reads it, applies `change`, and puts the result in its place.
///
/// Other writers wait meanwhile. If `change` fails, nothing is written.
pub fn update<E: From<Error>>(path: &Path, change: impl FnOnce(&mut Config) -> Result<(), E>) -> Result<(), E> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let lock_path = path.with_extension("lock");
    let lock = private(&lock_path).map_err(Error::file("open", &lock_path))?;
    lock.lock().map_err(Error::file("lock", &lock_path))?;
    let mut config = load(path)?;
    change(&mut config)?;
    Ok(replace(path, &config)?)
}

fn replace(path: &Path, config: &Config) -> Result<(), Error> {
    let text = toml::to_string_pretty(config).map_err(|_| Error::Format { path: path.into(), line: 0 })?;
    let temporary = path.with_extension("new");
    let write = || {
        let mut file = private(&temporary)?;
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(Error::file("write", path))
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(PRIVATE).open(path)
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start));
    before.map_or(0, |before| before.matches('\n').count() + 1)
}

/// The value of an option; a number or a truth value written without quotes counts as its text.
pub(super) struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct Plain;
        impl Visitor<'_> for Plain {
            type Value = Text;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a number, true or false")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Text, E> {
                Ok(Text(truth.to_string()))
            }
        }
        deserializer.deserialize_any(Plain)
    }
}

impl TryFrom<BTreeMap<String, Text>> for Place {
    type Error = &'static str;

    fn try_from(options: BTreeMap<String, Text>) -> Result<Place, &'static str> {
        let mut options: BTreeMap<_, _> = options.into_iter().map(|(name, Text(value))| (name, value)).collect();
        let location = options.remove("location").ok_or("there is no location")?;
        Ok(Place { location, options })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Section, check_name, default_path};
    use super::*;

    fn place(password: &str) -> Place {
        Place {
            location: "caldav://dav.example.com".into(),
            options: [("password".to_string(), password.to_string())].into(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_only_its_owner_may() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("davault").join("config.toml");
        update::<Error>(&path, |config| {
            config.section_mut(Section::Sources).insert("work".into(), place("\"'\\\n \u{fc}"));
            Ok(())
        })
        .unwrap();
        assert_eq!(load(&path).unwrap().get(Section::Sources, "work").unwrap(), &place("\"'\\\n \u{fc}"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
    }

    #[test]
    fn a_change_that_fails_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let refused = update(&path, |config| {
            config.default_store = Some("x".into());
            Err(Error::NoHome)
        });
        assert!(matches!(refused, Err(Error::NoHome)));
        assert!(!path.exists());
    }

    #[test]
    fn a_broken_file_names_the_line_and_never_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[sources.a]\nlocation = \"x\"\npassword = hunter2\n").unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.ends_with("is not a davault configuration: line 3 can't be understood"), "{error}");
    }

    #[test]
    fn numbers_and_truth_values_count_as_their_text_and_anything_else_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[sources.a]\nlocation = \"x\"\nconnections = 4\nmirror = true\n").unwrap();
        let read = load(&path).unwrap();
        let options = &read.get(Section::Sources, "a").unwrap().options;
        assert_eq!((options["connections"].as_str(), options["mirror"].as_str()), ("4", "true"));
        for (text, line) in
            [("[sources.a]\nlocation = \"x\"\nconnections = [4]\n", 3), ("\n[sources.a]\nconnections = 4\n", 2)]
        {
            fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.ends_with(&format!("line {line} can't be understood")), "{error}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        assert!(!format!("{:?}", place("hunter2")).contains("hunter2"));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let mut config = Config::default();
        assert_eq!(
            config.get(Section::Stores, "nas").unwrap_err().to_string(),
            "there is no store 'nas' (there is none)"
        );
        config.stores.insert("usb".into(), place(""));
        assert_eq!(
            config.get(Section::Stores, "nas").unwrap_err().to_string(),
            "there is no store 'nas' (there are: usb)"
        );
    }

    #[test]
    fn names_are_plain_words() {
        for good in ["a", "my-caldav", "A1_b.c"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "@a", "a b", "a/b", "\u{fc}", &"x".repeat(65)] {
            assert!(matches!(check_name(bad), Err(Error::Name { .. })), "{bad}");
        }
    }

    #[test]
    fn the_file_lies_where_xdg_says() {
        let of = |pairs: &'static [(&str, &str)]| {
            default_path(move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let xdg = of(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]).unwrap();
        assert_eq!(xdg, Path::new("/x/davault/config.toml"));
        let home = of(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]).unwrap();
        assert_eq!(home, Path::new("/h/.config/davault/config.toml"));
        assert!(matches!(of(&[]), Err(Error::NoHome)));
    }
}
