//! Where this machine keeps what it remembers of vaults: the folders of the XDG Base Directory Specification.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::vault::Local;

type Variable<'v> = &'v dyn Fn(&str) -> Option<OsString>;

/// The folders that the environment names; none where there is no home, as in some jobs of cron.
pub fn folders(variable: impl Fn(&str) -> Option<OsString>) -> Local {
    Local {
        state: folder(&variable, "XDG_STATE_HOME", ".local/state"),
        cache: folder(&variable, "XDG_CACHE_HOME", ".cache"),
    }
}

/// Where installed packages are, if there is a home.
pub fn packages(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(folder(&variable, "XDG_DATA_HOME", ".local/share")?.join("packages"))
}

/// The name of this machine; empty where nobody tells.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map(|name| name.trim().to_string()).unwrap_or_default()
}

fn folder(variable: Variable, name: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable(name)).or_else(|| Some(absolute(variable("HOME"))?.join(below_home)));
    Some(base?.join("davault"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_of_the_specification() {
        let of = |variables: &'static [(&str, &str)]| {
            folders(move |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        let local = of(&[("HOME", "/home/a"), ("XDG_STATE_HOME", "relative"), ("XDG_CACHE_HOME", "/tmp/c")]);
        assert_eq!(local.state, Some("/home/a/.local/state/davault".into()));
        assert_eq!(local.cache, Some("/tmp/c/davault".into()));
        assert_eq!(of(&[]), Local::default());
        let data = packages(|name| (name == "HOME").then(|| "/home/a".into()));
        assert_eq!(data, Some("/home/a/.local/share/davault/packages".into()));
    }
}
