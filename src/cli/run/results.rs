//! The outputs of an operator: delivered to a folder beside their place, put into their place when all went well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use c3::invocation::Interface;
use tempfile::TempDir;

use super::super::console;
use super::super::failure::{Failure, INPUT};
use super::super::options::LogLevel;

/// Outputs under way.
pub(super) struct Results {
    folder: PathBuf,
    staged: TempDir,
}

impl Results {
    /// Makes the folder for the outputs, if there are any and somebody wants them.
    pub(super) fn prepare(
        folder: Option<&Path>,
        interface: &Interface,
        level: LogLevel,
    ) -> Result<Option<Self>, Failure> {
        let Some(folder) = folder else {
            if !interface.outputs.is_empty() {
                console::info("note: the outputs are dropped; `--output-dir DIR` keeps them", level);
            }
            return Ok(None);
        };
        fs::create_dir_all(folder)
            .and_then(|()| folder.canonicalize())
            .and_then(|folder| {
                let staged = tempfile::Builder::new().prefix(".c3-").tempdir_in(&folder)?;
                Ok(Some(Self { folder, staged }))
            })
            .map_err(|error| failure(folder, &error))
    }

    /// Where the operator delivers its outputs, on this machine.
    pub(super) fn staged(&self) -> &Path {
        self.staged.path()
    }

    /// Puts what was delivered into its place, under its own name.
    pub(super) fn place(self, interface: &Interface, level: LogLevel) -> Result<(), Failure> {
        let delivered: Vec<(&str, PathBuf)> = interface
            .outputs
            .iter()
            .flat_map(|(id, _)| {
                entries(&self.staged.path().join(id)).into_iter().map(|path| (id.as_str(), path))
            })
            .collect();
        for (id, _) in &interface.outputs {
            if !delivered.iter().any(|(other, _)| other == id) {
                console::warning(&format!("output `{id}` was never set"), level);
            }
        }
        for (id, path) in &delivered {
            let shared =
                delivered.iter().filter(|(_, other)| other.file_name() == path.file_name()).count() > 1;
            let folder = if shared { self.folder.join(id) } else { self.folder.clone() };
            let target = folder.join(path.file_name().unwrap_or_default());
            fs::create_dir_all(&folder)
                .and_then(|()| merge(path, &target))
                .map_err(|error| failure(&target, &error))?;
            console::info(&format!("{id}: {}", target.display()), level);
        }
        Ok(())
    }
}

/// What is in a folder, in order; nothing if there is no folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten();
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}

/// Moves a file or folder, into a folder of the same name file by file.
fn merge(source: &Path, target: &Path) -> io::Result<()> {
    if source.is_dir() && target.is_dir() {
        return entries(source)
            .iter()
            .try_for_each(|entry| merge(entry, &target.join(entry.file_name().unwrap_or_default())));
    }
    fs::rename(source, target)
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(INPUT, format!("cannot write the outputs to `{}`: {error}", path.display()))
        .hint("name another folder with `--output-dir`")
}
