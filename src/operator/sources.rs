//! The sources that are named on a command line, and work on all of them in parallel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::frontend;
use crate::workflow::Engine;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::{Failure, INPUT};

/// Stacks of the threads that read sources, in bytes, the first that the system grants: syntax trees of long
/// expressions are deep. Only what is used of a stack takes memory.
pub const STACKS: [usize; 3] = [1 << 30, 1 << 27, 1 << 24];

/// Folders that hold no operators.
const SKIPPED: &[&str] = &["__pycache__", "node_modules", "site-packages"];

/// The sources that paths name: files, and what is in folders, each once.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        find(path, true, &mut sources)?;
    }
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(source.canonicalize().unwrap_or_else(|_| source.clone())));
    if sources.is_empty() {
        return Err(Failure::new(INPUT, format!("no {} found", frontend::file_kinds()))
            .hint(format!("sources end in {}", frontend::extensions().join(", "))));
    }
    Ok(sources)
}

/// Does something with each source, in parallel, and returns the results in their order.
pub fn each<T: Send>(sources: &[PathBuf], work: impl Fn(&PathBuf) -> T + Sync) -> Vec<T> {
    match threads() {
        Some(threads) => threads.install(|| sources.par_iter().map(&work).collect()),
        None => sources.iter().map(work).collect(),
    }
}

/// Adds a file, or the sources below a folder in the order of their names.
fn find(path: &Path, named: bool, sources: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        if named || (frontend::kind(path).is_some() && !is_private(path) && !is_pipeline(path)) {
            sources.push(path.into());
        }
        return Ok(());
    }
    if !named && (is_private(path) || path.join("pyvenv.cfg").exists()) {
        return Ok(());
    }
    let failed =
        |error: std::io::Error| Failure::new(INPUT, format!("cannot read `{}`: {error}", path.display()));
    let entries = path.read_dir().map_err(failed)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(failed)?;
    entries.sort();
    entries
        .iter()
        .filter(|entry| !entry.is_symlink() || entry.is_file())
        .try_for_each(|entry| find(entry, false, sources))
}

/// Hidden files, caches, and modules such as `__init__.py` that are no operators.
fn is_private(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '_']) || SKIPPED.contains(&name.as_ref())
}

/// A program that `c3 create-workflow` has written.
fn is_pipeline(path: &Path) -> bool {
    path.to_string_lossy().ends_with(Engine::Kubeflow.suffix())
}

/// Threads with large stacks, unless the system denies them.
fn threads() -> Option<ThreadPool> {
    STACKS.iter().find_map(|&stack| ThreadPoolBuilder::new().stack_size(stack).build().ok())
}
