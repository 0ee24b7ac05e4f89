//! Secrets of a build: logins of package indexes, where the user keeps them, and which address each is for.

use std::collections::BTreeMap;
use std::fmt;

/// Secrets by the ids that a Dockerfile mounts them by.
pub type Secrets = BTreeMap<String, Secret>;

/// What nobody but its receiver may see.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps a secret.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Shows it, for its receiver only.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("****")
    }
}
