//! Globs with the rules of a shell: `*`, `?`, `[…]` in a component, `**` over folders, the dot only if spelt.

use globset::{GlobBuilder, GlobMatcher};

use super::FilesError;
use super::tree::{Tree, join};

/// A component of a glob.
enum Part {
    /// A name without wildcards.
    Name(String),
    /// A pattern for one name, and whether it spells the leading dot.
    Pattern(GlobMatcher, bool),
    /// `**`: any number of folders.
    Folders,
}

/// Whether a text has wildcards in it.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths in the working directory that match a glob.
pub(super) fn expand(tree: &Tree, pattern: &str) -> Result<Vec<String>, FilesError> {
    let wild = pattern.split('/').position(is_glob).unwrap_or_default();
    let (start, parts) = split_at_part(pattern, wild);
    let start = if start.is_empty() { String::new() } else { start_of(tree, start, pattern)? };
    let parts = parts.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts = parts.map(|part| parse(part, pattern)).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    follow(tree, &start, &parts, &mut found)?;
    Ok(found)
}

/// Divides a pattern before its n-th component.
fn split_at_part(pattern: &str, part: usize) -> (&str, &str) {
    let at = match part.checked_sub(1) {
        None => 0,
        Some(slash) => pattern.match_indices('/').nth(slash).map_or(0, |(at, _)| at + 1),
    };
    pattern.split_at(at)
}

/// The folder a glob begins at; one that isn't there is a glob without a match.
fn start_of(tree: &Tree, start: &str, pattern: &str) -> Result<String, FilesError> {
    tree.relative(start).map_err(|error| match error {
        FilesError::Missing(_) => FilesError::NoMatch(pattern.to_owned()),
        FilesError::Outside(_) => FilesError::Outside(pattern.to_owned()),
        error => error,
    })
}

fn parse(part: &str, pattern: &str) -> Result<Part, FilesError> {
    match part {
        "**" => Ok(Part::Folders),
        ".." => Err(FilesError::Outside(pattern.to_owned())),
        part if is_glob(part) => {
            let braceless = part.replace('{', "[{]").replace('}', "[}]");
            let glob = GlobBuilder::new(&braceless).literal_separator(true).build();
            let reason = |error: globset::Error| error.kind().to_string();
            let glob = glob.map_err(|error| FilesError::Pattern {
                pattern: pattern.to_owned(),
                reason: reason(error),
            })?;
            Ok(Part::Pattern(glob.compile_matcher(), part.starts_with('.')))
        }
        part => Ok(Part::Name(part.to_owned())),
    }
}

/// Follows the components of a glob from a path on, and notes what is found at their end.
fn follow(tree: &Tree, path: &str, parts: &[Part], found: &mut Vec<String>) -> Result<(), FilesError> {
    let Some((part, rest)) = parts.split_first() else {
        found.push(path.to_owned());
        return Ok(());
    };
    match part {
        Part::Name(name) => {
            let path = join(path, name);
            if tree.exists(&path) { follow(tree, &path, rest, found) } else { Ok(()) }
        }
        Part::Pattern(glob, dot) => {
            let matching = |name: &str| glob.is_match(name) && (*dot || !name.starts_with('.'));
            children(tree, path, matching)?.try_for_each(|path| follow(tree, &path, rest, found))
        }
        Part::Folders => follow_down(tree, path, parts, found),
    }
}

/// Follows `**`: the rest here, and the same in every visible folder below; links are not followed, as in a shell.
fn follow_down(tree: &Tree, path: &str, parts: &[Part], found: &mut Vec<String>) -> Result<(), FilesError> {
    let rest = parts.get(1..).unwrap_or_default();
    if !rest.is_empty() {
        follow(tree, path, rest, found)?;
    }
    for path in children(tree, path, |name| !name.starts_with('.'))? {
        if tree.is_folder(&path, false) {
            follow_down(tree, &path, parts, found)?;
        } else if rest.is_empty() {
            found.push(path);
        }
    }
    Ok(())
}

/// The matching names in a folder; none if the folder is missing or ignored.
fn children(
    tree: &Tree,
    folder: &str,
    matching: impl Fn(&str) -> bool,
) -> Result<impl Iterator<Item = String>, FilesError> {
    let readable = tree.is_folder(folder, true) && (folder.is_empty() || !tree.prunes(folder));
    let names = if readable { tree.names(folder)? } else { Vec::new() };
    let names = names.into_iter().filter(|name| matching(name));
    Ok(names.map(|name| join(folder, &name)).collect::<Vec<_>>().into_iter())
}
