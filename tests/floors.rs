//! The house: imports go down, never up and never in a circle. The floors are those that the library's own documentation
//! shows.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// Modules by floor, the lowest first: the rows of the picture in `src/lib.rs`, which shows the highest first.
fn floors() -> Vec<Vec<String>> {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let (_, picture) = text.split_once("//! # Floors").unwrap();
    let (_, picture) = picture.split_once("```text\n").unwrap();
    let (picture, _) = picture.split_once("//! ```").unwrap();
    let row = |line: &str| {
        let names = line.trim_start_matches("//!").split("  ").find(|part| !part.trim().is_empty());
        names.unwrap_or_default().split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let mut floors: Vec<Vec<String>> = Vec::new();
    for line in picture.lines() {
        match line.strip_prefix("//!    ") {
            // A floor that takes more than one line.
            Some(more) if !more.trim().is_empty() => floors.last_mut().unwrap().extend(row(more)),
            _ => floors.push(row(line)),
        }
    }
    floors.retain(|floor| !floor.is_empty());
    floors.reverse();
    floors
}

static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"//[^\n]*").unwrap());
static TESTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"#\[cfg\(test\)\]\s*mod tests \{").unwrap());
static PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(crate|super(?:::super)*)::(\{[^;]*?\}|\w+)").unwrap());
static FIRST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(\w+)").unwrap());

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut sources = Vec::new();
    for path in entries {
        if path.is_dir() {
            sources.extend(self::sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.push(path);
        }
    }
    sources.sort();
    sources
}

/// The path of a file's module: `src/a/b/mod.rs` is `["a", "b"]`.
fn module(path: &Path) -> Vec<String> {
    let path = path.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The code of a file without comments, texts and tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = COMMENT.replace_all(&text, "");
    TESTS.split(&text).next().unwrap().to_owned()
}

/// The modules at the top that a file names: by `crate::`, or by so many `super::` that they lead to the top.
fn imports(path: &Path) -> BTreeSet<String> {
    let code = code(path);
    let depth = module(path).len();
    let mut found = BTreeSet::new();
    for path in PATH.captures_iter(&code) {
        let leads_to_the_top = &path[1] == "crate" || path[1].split("::").count() == depth;
        if leads_to_the_top {
            match path[2].strip_prefix('{') {
                None => drop(found.insert(path[2].to_owned())),
                Some(_) => found.extend(
                    top_level(&path[2])
                        .filter_map(|part| FIRST.captures(&part).map(|name| name[1].to_owned())),
                ),
            }
        }
    }
    found
}

/// The parts between the commas of the outermost braces.
fn top_level(braces: &str) -> impl Iterator<Item = String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for character in braces.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => parts.push(String::new()),
            _ if depth == 1 => parts.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    parts.into_iter()
}

/// What each module at the top imports from others, with the files that do.
fn house() -> BTreeMap<String, BTreeMap<String, Vec<PathBuf>>> {
    let mut house: BTreeMap<String, BTreeMap<String, Vec<PathBuf>>> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let name = module(&path).first().unwrap().clone();
        if ["lib", "main"].contains(&name.as_str()) || path.ends_with("tests.rs") {
            continue;
        }
        let rooms = house.entry(name.clone()).or_default();
        for import in imports(&path).into_iter().filter(|import| *import != name) {
            rooms.entry(import).or_default().push(path.clone());
        }
    }
    house
}

#[test]
fn imports_only_point_to_lower_floors() {
    let floors = floors();
    let floor = |name: &str| floors.iter().position(|floor| floor.iter().any(|room| room == name));
    let house = house();
    let rooms: BTreeSet<_> = house.keys().map(String::as_str).collect();
    let shown: BTreeSet<_> = floors.iter().flatten().map(String::as_str).collect();
    assert_eq!(rooms, shown, "the picture in `src/lib.rs` shows other modules than there are");
    for (name, imports) in &house {
        for (import, files) in imports.iter().filter(|(import, _)| rooms.contains(import.as_str())) {
            assert!(floor(import) <= floor(name), "`{name}` imports `{import}` from above: {files:?}");
        }
    }
}

#[test]
fn imports_have_no_cycles() {
    let house = house();
    for name in house.keys() {
        let (mut seen, mut next) = (BTreeSet::new(), vec![name.as_str()]);
        while let Some(room) = next.pop() {
            for import in house.get(room).into_iter().flat_map(BTreeMap::keys) {
                assert_ne!(import, name, "`{name}` imports itself by way of `{room}`");
                if seen.insert(import.as_str()) {
                    next.push(import);
                }
            }
        }
    }
}

#[test]
fn import_paths_are_parsed() {
    assert_eq!(module(Path::new("src/a/b/mod.rs")), ["a", "b"]);
    assert_eq!(module(Path::new("src/a/b.rs")), ["a", "b"]);
    assert_eq!(top_level("{a::b, c::{d, e}, f}").collect::<Vec<_>>(), ["a::b", " c::", " f"]);
    let imports = imports(Path::new("src/operator/plan.rs"));
    assert!(imports.contains("frontend") && imports.contains("source"), "{imports:?}");
}
