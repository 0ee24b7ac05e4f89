//! Programs on the path of this machine.

use std::env;
use std::path::PathBuf;

/// Where a program is that commands find by its name.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}
