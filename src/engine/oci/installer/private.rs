//! Logins for an installer on this machine: for the indexes it uses and no others, never on its command line.

use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::engine::indexes::with_logins;
use crate::engine::oci::error::OciError;
use crate::installers::pip::Flat;
use crate::logins::{Logins, Settings, with_login};

/// The part of the user's logins that an installer sees.
pub(super) struct Private<'a> {
    logins: &'a Logins,
    /// The addresses in its settings, with logins: variables and values.
    settings: Vec<(String, String)>,
    hidden: Vec<String>,
    /// An empty netrc file.
    netrc: NamedTempFile,
}

impl<'a> Private<'a> {
    /// Prepares the settings.
    pub(super) fn new(logins: &'a Logins, settings: &Settings) -> Result<Self, OciError> {
        let netrc = NamedTempFile::new().map_err(OciError::io("write", "a temporary file"))?;
        Ok(Self {
            logins,
            settings: settings
                .addresses()
                .into_iter()
                .map(|(name, value)| (name, in_list(&value, logins)))
                .collect(),
            hidden: logins.hidden(),
            netrc,
        })
    }

    /// The list with the logins of its indexes.
    pub(super) fn flat(&self, flat: &Flat) -> Flat {
        with_logins(flat, self.logins)
    }

    /// Passes these logins to an installer, and no others.
    pub(super) fn arrange(&self, command: &mut Command) {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in names.filter(|name| is_login(name)) {
            command.env_remove(name);
        }
        command.env("NETRC", self.netrc.path());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
    }

    /// A line with passwords masked.
    pub(super) fn masked(&self, line: String) -> String {
        crate::engine::hidden::masked(line, &self.hidden)
    }
}

/// Whether a variable holds uv's login for a named index.
fn is_login(name: &str) -> bool {
    let is_part = |part: &str| name.ends_with(part);
    name.starts_with("UV_INDEX_") && (is_part("_USERNAME") || is_part("_PASSWORD"))
}

/// A list of addresses, perhaps named, with their logins.
fn in_list(value: &str, logins: &Logins) -> String {
    let pieces = value.split_inclusive([' ', ',', '\t', '\n']);
    let with_login = |piece: &str| {
        let word = piece.trim_end_matches([' ', ',', '\t', '\n']);
        let start = word.find('=').filter(|&at| !word[..at].contains("://")).map_or(0, |at| at + 1);
        format!("{}{}{}", &word[..start], with_login(&word[start..], logins), &piece[word.len()..])
    };
    pieces.map(with_login).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_variables_are_recognized() {
        assert!(is_login("UV_INDEX_COMPANY_PASSWORD") && is_login("UV_INDEX_A_B_USERNAME"));
        assert!(!is_login("UV_INDEX_URL") && !is_login("UV_INDEX") && !is_login("OTHER_PASSWORD"));
    }

    #[test]
    fn each_url_of_a_list_gets_its_own_credentials() {
        let secret = "a.example=env:PATH".parse().unwrap();
        let logins = Logins::of_user(&["https://a.example"], &[secret], &[]).unwrap();
        let list = in_list("mine=https://a.example/x?y=z https://b.example,https://a.example", &logins);
        assert!(
            list.starts_with("mine=https://") && list.contains("@a.example/x?y=z https://b.example,https://")
        );
        assert_eq!(list.matches('@').count(), 2);
    }
}
