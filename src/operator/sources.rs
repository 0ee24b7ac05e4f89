//! The sources that are named on a command line, and work on all of them in parallel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::frontend;
use crate::workflow::Engine;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::{Failure, INPUT};
use crate::load::{below, is_private};

/// Stack sizes of the threads that read sources, in bytes; the first that the system grants: syntax trees of
/// long expressions are deep, and unused stack takes no memory.
pub const STACKS: [usize; 3] = [1 << 30, 1 << 27, 1 << 24];

/// The sources that paths name: files, and what is in folders, each once.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        sources.extend(named(path)?);
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
    each_at_once(sources, 0, work)
}

/// The same with so many at once; with 0 as many as the machine has cores.
pub fn each_at_once<T: Send>(
    sources: &[PathBuf],
    at_once: usize,
    work: impl Fn(&PathBuf) -> T + Sync,
) -> Vec<T> {
    match threads(at_once) {
        Some(threads) => threads.install(|| sources.par_iter().map(&work).collect()),
        None => sources.iter().map(work).collect(),
    }
}

/// The sources that a path names: a file, or those below a folder in the order of their names.
fn named(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut sources = Vec::new();
    for source in below(path, |_| true) {
        let source = source.map_err(|error| unreadable(path, &error))?;
        if !is_private(&source) && !is_pipeline(&source) {
            sources.push(source);
        }
    }
    Ok(sources)
}

fn unreadable(folder: &Path, error: &walkdir::Error) -> Failure {
    let path = error.path().unwrap_or(folder).display();
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::new(INPUT, format!("cannot read `{path}`: {reason}"))
}

/// A program that `c3 create-workflow` has written.
fn is_pipeline(path: &Path) -> bool {
    path.to_string_lossy().ends_with(Engine::Kubeflow.suffix())
}

/// Threads with large stacks, if the system grants them.
fn threads(number: usize) -> Option<ThreadPool> {
    let pool = |stack| ThreadPoolBuilder::new().num_threads(number).stack_size(stack).build().ok();
    STACKS.iter().find_map(|&stack| pool(stack))
}
