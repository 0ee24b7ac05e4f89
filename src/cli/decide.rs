//! Edited files: shows the difference, and asks on a terminal.

use std::path::PathBuf;

use c3::artifact::{self, Artifact, ArtifactError, Existing};
use c3::failure::{Failure, Fault as _};

use super::console;

/// Decides about existing files before anything slow begins; asks on a terminal.
pub(crate) fn decide(
    conflicts: Vec<PathBuf>,
    artifacts: &[Artifact],
    existing: Existing,
) -> Result<Existing, Failure> {
    if existing != Existing::Keep {
        return Ok(existing);
    }
    if conflicts.is_empty() {
        return Ok(Existing::Overwrite);
    }
    let error = artifact::in_the_way(conflicts, artifacts);
    match &error {
        ArtifactError::Exists { .. } if console::answers() => prompt(error),
        _ => Err(error.into()),
    }
}

/// Shows the difference and asks until there is an answer; without one, the files are kept.
fn prompt(error: ArtifactError) -> Result<Existing, Failure> {
    console::details(&error.details());
    let question = format!("{error}\n[o]verwrite, [r]ename, [k]eep or [d]iff? ");
    loop {
        match console::ask(&question).unwrap_or_default().as_str() {
            "o" | "overwrite" | "y" | "yes" => return Ok(Existing::Overwrite),
            "r" | "rename" => return Ok(Existing::Rename { name: None, replace: false }),
            "d" | "diff" | "difference" => console::details(&error.differences()),
            _ => return Err(Failure { details: Vec::new(), ..error.into() }),
        }
    }
}
