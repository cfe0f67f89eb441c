//! The variables that hold passphrases of vaults, and programs of others, which are started without them.
//!
//! A plugin or a password command may be anyone's: whoever starts one uses [`withhold`]. Nothing here reads a variable.

use std::process::Command;

/// Holds the passphrase of the vault.
pub const PASSPHRASE: &str = "DAVAULT_PASSPHRASE";
/// Holds the passphrase that the vault shall have from now on.
pub const NEW_PASSPHRASE: &str = "DAVAULT_NEW_PASSPHRASE";
/// Holds the passphrase of the other vault of a command.
pub const PEER_PASSPHRASE: &str = "DAVAULT_PEER_PASSPHRASE";

/// Lets a program start without the passphrases of vaults, which are none of its business.
pub fn withhold(command: &mut Command) {
    for name in [PASSPHRASE, NEW_PASSPHRASE, PEER_PASSPHRASE] {
        command.env_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_no_passphrase_and_all_else() {
        let mut command = Command::new("true");
        command.env("DAVAULT_PASSPHRASE", "secret").env("DAVAULT_CONFIG", "/c");
        withhold(&mut command);
        let given: Vec<_> = command.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
        assert_eq!(given, [("DAVAULT_CONFIG".as_ref(), "/c".as_ref())]);
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert_eq!(removed, ["DAVAULT_NEW_PASSPHRASE", "DAVAULT_PASSPHRASE", "DAVAULT_PEER_PASSPHRASE"]);
    }
}
