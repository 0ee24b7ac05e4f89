//! Tables `[operators.NAME]`, each of which must be that of a source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use walkdir::WalkDir;

use super::{Config, FILE_NAME, Problem};
use crate::backend::grid;
use crate::frontend;
use crate::load::below;

/// Most names that a hint lists.
const MOST_LISTED: usize = 10;

/// Likeness from which on a name is taken for a misspelt one.
const ALIKE: f64 = 0.8;

/// The first table of an operator whose source is nowhere below the folder of the file.
pub(super) fn unknown(config: &Config, text: &str, folder: &Path) -> Option<Problem> {
    let mut missing: BTreeSet<&str> = config.operators.keys().map(String::as_str).collect();
    let mut stems = BTreeSet::new();
    let mut sources = below(folder, is_governed);
    while !missing.is_empty() {
        let Some(source) = sources.next() else { break };
        // What can't be read may have them all.
        let stem = stem(&source.ok()?);
        missing.retain(|name| source_name(name) != stem && *name != stem);
        stems.insert(stem);
    }
    let elsewhere = elsewhere(&missing, folder);
    missing.retain(|name| {
        elsewhere.get(source_name(name)).is_none_or(|source| governor(source, folder).is_some())
    });
    let places = places(text);
    let first = missing.into_iter().min_by_key(|name| places.get(*name).map(|span| span.start))?;
    let governed = elsewhere.get(source_name(first)).and_then(|source| governed(source, folder));
    Some(Problem {
        message: format!("`[operators.{first}]` names no source in this folder or below"),
        hint: Some(governed.unwrap_or_else(|| remedy(first, &stems))),
        span: places.get(first).cloned(),
    })
}

/// Whether a file above a folder speaks for what is in it: it has none itself and is no other repository.
fn is_governed(folder: &Path) -> bool {
    !folder.join(FILE_NAME).exists() && !folder.join(".git").exists()
}

/// Where sources of these names are after all: in folders that are passed over at first.
fn elsewhere(names: &BTreeSet<&str>, folder: &Path) -> BTreeMap<String, PathBuf> {
    if names.is_empty() {
        return BTreeMap::new();
    }
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path);
    let sources = files.filter(|path| frontend::kind(path).is_some());
    let meant = sources.filter(|path| names.iter().any(|name| source_name(name) == stem(path)));
    meant.map(|path| (stem(&path), path)).collect()
}

/// The folder between a source and the one above that speaks for itself.
fn governor<'a>(source: &'a Path, folder: &Path) -> Option<&'a Path> {
    let inner = source.ancestors().skip(1).take_while(|above| *above != folder);
    inner.filter(|above| !is_governed(above)).last()
}

fn governed(source: &Path, folder: &Path) -> Option<String> {
    let inner = governor(source, folder)?;
    let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let (source, place) = (name(source), name(&inner.join(FILE_NAME)));
    Some(format!("`{source}` follows the settings of its own folder: write the table into `{place}`"))
}

/// The name of the source that an operator is made of.
fn source_name(operator: &str) -> &str {
    operator.strip_prefix(grid::PREFIX).unwrap_or(operator)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The source that is probably meant, or all if they are few.
fn remedy(name: &str, stems: &BTreeSet<String>) -> String {
    let plain = |text: &str| text.replace('-', "_").to_lowercase();
    let likeness = |stem: &&String| strsim::jaro_winkler(&plain(name), &plain(stem));
    let nearest = stems.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let listed =
        || stems.iter().take(MOST_LISTED).map(|stem| format!("`{stem}`")).collect::<Vec<_>>().join(", ");
    match nearest.filter(|nearest| likeness(nearest) > ALIKE) {
        Some(nearest) => format!("did you mean `[operators.{nearest}]`?"),
        None if stems.is_empty() => {
            "no source is in the folder of this file or below; remove the table".to_owned()
        }
        None => {
            let more = if stems.len() > MOST_LISTED { " and more" } else { "" };
            format!("write the name of a source without its ending; there are {}{more}", listed())
        }
    }
}

/// Where the name of each table stands.
fn places(text: &str) -> BTreeMap<String, std::ops::Range<usize>> {
    #[derive(Deserialize)]
    struct Tables {
        operators: BTreeMap<Spanned<String>, toml::Value>,
    }

    let tables = toml::from_str(text).map(|tables: Tables| tables.operators).unwrap_or_default();
    tables.into_keys().map(|name| (name.get_ref().clone(), name.span())).collect()
}
