//! Fixes: safe edits of a source, which means that reading it afterwards gives the expected component.

use std::path::Path;

use similar::TextDiff;
use thiserror::Error;

use crate::component::{Component, Requirement};
use crate::frontend;
use crate::language::Language;
use crate::load;
use crate::source::Source;
use crate::stamp;

mod block;
mod edit;
mod imports;
mod notebook;
mod packages;
mod parameters;

pub use edit::Edit;
pub use imports::add_imports;
pub use parameters::add_parameters;

/// The edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Install imported packages, if certain.
    AddPackages,
    /// Convert `# pip install` lines to a PEP 723 block.
    ToScriptBlock,
    /// Convert the PEP 723 block's dependencies to a `# pip install` line.
    ToComments,
}

/// Why a source can't be fixed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Only Python has PEP 723 blocks.
    #[error("is not a Python script: only those have a `script` block")]
    NoScript,
    /// A line can't be expressed in a block.
    #[error("installs `{0}`, which a `script` block can't hold")]
    Requirement(String),
    /// The block can't be edited.
    #[error("has a `script` block that can't be edited: {0}")]
    Block(String),
    /// The notebook can't be edited.
    #[error("is written in a way that can't be edited without touching the rest of it")]
    Notebook,
    /// No place was found where the edit doesn't change anything else.
    #[error("can't be edited without changing its interface or the order of its requirements")]
    Interface,
}

impl Refusal {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoScript => "leave the requirements of notebooks and R scripts where they are",
            Self::Requirement(_) => {
                "leave it in a `# pip install` line; blocks hold names, versions and `name @ address`"
            }
            Self::Block(_) | Self::Interface => "edit the file by hand; `c3 inspect` shows what is read",
            Self::Notebook => "open the notebook in Jupyter, save it and try again, or edit it there",
        }
    }
}

/// The fixed text of a source's file; nothing if there is nothing to fix.
pub fn fix(
    change: Change,
    source: &Source,
    file: &str,
    component: &Component,
    missing: &[&'static str],
) -> Result<Option<String>, Refusal> {
    let is_script = source.notebook().is_none() && source.language() == Language::Python;
    let candidates = match change {
        Change::AddPackages if missing.is_empty() => return Ok(None),
        Change::AddPackages => packages::candidates(source, missing)?,
        _ if !is_script => return Err(Refusal::NoScript),
        Change::ToScriptBlock => block::from_comments(source)?,
        Change::ToComments => block::to_comments(source)?,
    };
    if candidates.is_empty() {
        return Ok(None);
    }
    let edited = |edits: &Vec<Edit>| match source.notebook() {
        Some(_) => notebook::apply(file, source, edits),
        None => Ok(edit::apply(file, source, edits)),
    };
    let texts: Vec<_> = candidates.iter().map(edited).collect();
    let is_wanted = |text: &&String| is_wanted(source.path(), text, component, missing, change);
    if let Some(text) = texts.iter().flatten().find(is_wanted) {
        return Ok(Some(text.clone()));
    }
    texts.into_iter().find_map(Result::err).map_or(Err(Refusal::Interface), Err)
}

/// Whether the component is unchanged except for the expected additions.
fn is_wanted(path: &Path, text: &str, before: &Component, missing: &[&str], change: Change) -> bool {
    let Some(after) = read(path, text) else { return false };
    let added = if change == Change::AddPackages { missing } else { &[] };
    let without = |component: &Component| Component { requirements: Vec::new(), ..stamp::essence(component) };
    let kept: Vec<_> = words(&after).into_iter().filter(|word| !added.contains(&word.as_str())).collect();
    let is_all = added.iter().all(|name| words(&after).iter().any(|word| word == name));
    without(&after) == without(before) && kept == words(before) && others(&after) == others(before) && is_all
}

fn read(path: &Path, text: &str) -> Option<Component> {
    frontend::read(&source_of(path, text)?).component
}

/// The source in a file's text.
fn source_of(path: &Path, text: &str) -> Option<Source> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match frontend::kind(path)? {
        frontend::Kind::Script(language) => Some(Source::new(path, language, text.to_owned())),
        frontend::Kind::Notebook => load::from_notebook(path, text).ok(),
    }
}

/// The arguments of all `pip install`s, in order.
fn words(component: &Component) -> Vec<String> {
    let words = component.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::Pip { words, .. } => Some(words.clone()),
        _ => None,
    });
    words.flatten().collect()
}

fn others(component: &Component) -> Vec<&Requirement> {
    let is_other = |requirement: &&Requirement| !matches!(requirement, Requirement::Pip { .. });
    component.requirements.iter().filter(is_other).collect()
}

/// The unified diff of the changes.
#[must_use]
pub fn diff(path: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().header(path, path).to_string()
}
