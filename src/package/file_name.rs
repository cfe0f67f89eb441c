//! The name of a package's file, which alone says what the package is called, its version, and for which machines it is.

use std::cmp::Ordering;
use std::fmt;

use super::error::Error;
use crate::go;

/// How the file name of a package ends.
const ENDING: &str = ".ptar";
/// Longest name that is taken: what is made of it must be a file name as well.
const LONGEST: usize = 128;

/// `<name>_<version>_<os>_<arch>.ptar`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Letters, digits and `-`.
    pub name: String,
    /// A version with a leading `v`, as Go's semver has it: `v1`, `v1.2`, `v1.2.3-rc.1+b5`.
    pub version: String,
    /// What it runs on.
    pub platform: Platform,
}

/// An operating system and a processor, in Go's words: `linux` and `amd64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The processor.
    pub arch: String,
}

impl FileName {
    /// A name made of its parts, each checked.
    pub fn new(name: &str, version: &str, platform: Platform) -> Result<Self, Error> {
        let is_plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
        };
        if !is_plain(name, "-") {
            return Err(Error::usage(format!("{name:?} is no name of a package: it has letters, digits and '-' only")));
        }
        if semver(version).is_none() {
            return Err(Error::usage(format!("{version:?} is no version: it is written like v1.2.3 or v1.2.3-rc.1")));
        }
        if !is_plain(&platform.os, "") || !is_plain(&platform.arch, "") {
            return Err(Error::usage(format!("{platform} is no system and processor, such as linux/amd64")));
        }
        let file_name = FileName { name: name.into(), version: version.into(), platform };
        if file_name.to_string().len() > LONGEST {
            return Err(Error::usage(format!("the name {name:?} with its version is too long")));
        }
        Ok(file_name)
    }

    /// Takes the name of a file apart.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = text.strip_suffix(ENDING).unwrap_or_default().split('_').collect();
        let [name, version, os, arch] = parts.as_slice() else {
            let example = "such as imap_v1.0.0_linux_amd64.ptar";
            return Err(Error::usage(format!("{text:?} is no file name of a package, {example}")));
        };
        FileName::new(name, version, Platform { os: (*os).into(), arch: (*arch).into() })
    }

    /// The name without its ending.
    #[must_use]
    pub fn stem(&self) -> String {
        let Platform { os, arch } = &self.platform;
        format!("{}_{}_{os}_{arch}", self.name, self.version)
    }

    /// Which of two versions is the newer, by the rules of Semantic Versioning 2.0.0 §11.
    #[must_use]
    pub fn compare_version(&self, other: &FileName) -> Ordering {
        match (semver(&self.version), semver(&other.version)) {
            (Some(one), Some(other)) => one.cmp_precedence(&other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{ENDING}", self.stem())
    }
}

impl Platform {
    /// The machine that this program was built for.
    #[must_use]
    pub fn here() -> Self {
        Platform { os: go::os().into(), arch: go::arch().into() }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

/// Go's semver: a leading `v`; minor and patch may be missing if nothing follows.
fn semver(version: &str) -> Option<semver::Version> {
    let version = version.strip_prefix('v')?;
    let missing = match version.matches('.').count() {
        _ if version.contains(['-', '+']) => "",
        0 => ".0.0",
        1 => ".0",
        _ => "",
    };
    semver::Version::parse(&format!("{version}{missing}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_go_takes() {
        for good in ["v1", "v1.2", "v1.0.0-rc.1", "v1.0.0+b5", "v0.9.0-rc.1"] {
            assert!(semver(good).is_some(), "{good}");
        }
        for bad in ["1.0.0", "v01.0.0", "v", "v1.", "v1.2.3.4", "v1-rc", "v1.0-rc.1", "latest", "v1_0"] {
            assert!(semver(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_file_name_has_four_parts() {
        let name = FileName::parse("multi_v0.9.0-rc.1_linux_amd64.ptar").unwrap();
        assert_eq!((name.name.as_str(), name.version.as_str()), ("multi", "v0.9.0-rc.1"));
        assert_eq!(name.to_string(), "multi_v0.9.0-rc.1_linux_amd64.ptar");
        for bad in [
            "a.ptar",
            "a_v1_linux.ptar",
            "a_v1_linux_amd64",
            "a_v1_linux_amd64_x.ptar",
            "_v1_linux_amd64.ptar",
            ".._v1_linux_amd64.ptar",
            "a/b_v1_linux_amd64.ptar",
            "a_1.0.0_linux_amd64.ptar",
            "a_v1_lin-ux_amd64.ptar",
            &format!("{}_v1_linux_amd64.ptar", "x".repeat(200)),
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_release_is_newer_than_its_candidates() {
        let of = |version: &str| FileName::new("a", version, Platform::here()).unwrap();
        assert_eq!(of("v1.0.0").compare_version(&of("v1.0.0-rc.2")), Ordering::Greater);
        assert_eq!(of("v1.10.0").compare_version(&of("v1.9.0")), Ordering::Greater);
        assert_eq!(of("v1").compare_version(&of("v1.0.0")), Ordering::Equal);
    }
}
