//! Lock files: the versions that a project has chosen.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::poetry::Locked as PoetryPackage;
use super::{Contents, packages};
use crate::installers::pip::normalized;

/// uv's lock of a project or script.
#[derive(Deserialize, Default)]
struct Uv {
    #[serde(default, rename = "package")]
    packages: Vec<Package>,
    #[serde(default)]
    manifest: Manifest,
}

#[derive(Deserialize, Default)]
struct Manifest {
    #[serde(default)]
    requirements: Vec<Edge>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dependencies: Vec<Edge>,
    #[serde(default, rename = "optional-dependencies")]
    optional: BTreeMap<String, Vec<Edge>>,
}

/// A dependency between packages.
#[derive(Deserialize, Clone)]
struct Edge {
    name: String,
    #[serde(default, alias = "extras")]
    extra: Vec<String>,
    marker: Option<String>,
}

/// Poetry's lock.
#[derive(Deserialize)]
struct Poetry {
    #[serde(default, rename = "package")]
    packages: Vec<PoetryPackage>,
}

impl From<PoetryPackage> for Package {
    fn from(locked: PoetryPackage) -> Self {
        let edges = |texts: Vec<String>| texts.iter().map(|text| edge(text)).collect();
        let extras = |(name, texts)| (name, edges(texts));
        Self {
            source: locked.foreign_source(),
            dependencies: edges(locked.dependencies()),
            optional: locked.optional().into_iter().map(extras).collect(),
            name: locked.name,
            version: Some(locked.version),
        }
    }
}

impl Package {
    /// Whether it is the project itself, or another local folder.
    fn is_project(&self) -> bool {
        ["virtual", "editable", "directory"].iter().any(|kind| self.source.contains_key(*kind))
    }

    fn edges(&self, extras: &[String]) -> impl Iterator<Item = &Edge> {
        let more = extras.iter().filter_map(|extra| self.optional.get(extra)).flatten();
        self.dependencies.iter().chain(more)
    }
}

/// The versions in uv's lock for its project or script.
pub(super) fn uv(text: &str) -> Result<Contents, String> {
    let lock: Uv = parsed(text)?;
    let project = lock.packages.iter().filter(|package| package.is_project());
    let roots = project.flat_map(|package| package.edges(&[])).chain(&lock.manifest.requirements);
    let roots = roots.cloned().collect();
    Ok(closure(&lock, roots))
}

/// The versions in uv's lock for some requirements.
pub(super) fn pinned(text: &str, wanted: &[String]) -> Result<Contents, String> {
    let lock: Uv = parsed(text)?;
    Ok(closure(&lock, wanted.iter().map(|text| edge(text)).collect()))
}

/// `name[extra]>=1; marker` as a dependency.
fn edge(text: &str) -> Edge {
    let (requirement, marker) = text.split_once(';').unwrap_or((text, ""));
    let end =
        requirement.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(requirement.len());
    let extras = requirement.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let extras = extras.map(|(extras, _)| extras.split(',').map(|extra| extra.trim().to_owned()).collect());
    Edge {
        name: normalized(requirement[..end].trim()),
        extra: extras.unwrap_or_default(),
        marker: Some(marker.trim().to_owned()).filter(|marker| !marker.is_empty()),
    }
}

/// The versions in Poetry's lock for some requirements.
pub(super) fn poetry(text: &str, wanted: &[String]) -> Result<Contents, String> {
    let lock: Poetry = parsed(text)?;
    let lock = Uv { packages: lock.packages.into_iter().map(Package::from).collect(), ..Uv::default() };
    Ok(closure(&lock, wanted.iter().map(|text| edge(text)).collect()))
}

/// Every package that some require, with its version.
fn closure(lock: &Uv, mut waiting: Vec<Edge>) -> Contents {
    let mut by_name: BTreeMap<String, Vec<&Package>> = BTreeMap::new();
    for package in &lock.packages {
        by_name.entry(normalized(&package.name)).or_default().push(package);
    }
    let mut markers: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut left_out = Vec::new();
    while let Some(edge) = waiting.pop() {
        let name = normalized(&edge.name);
        let known = markers.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
        match &edge.marker {
            None => *known = None,
            Some(marker) => {
                known.as_mut().map(|known| known.insert(marker.clone()));
            }
        }
        for package in by_name.get(&name).into_iter().flatten() {
            if seen.insert((name.clone(), edge.extra.clone())) {
                waiting.extend(package.edges(&edge.extra).cloned());
            }
        }
    }
    let texts: Vec<String> = markers
        .into_iter()
        .filter_map(|(name, markers)| {
            let chosen = by_name.get(&name).map(Vec::as_slice).unwrap_or_default();
            let version = match chosen {
                [package] if package.is_project() => return None,
                [package] if !package.source.contains_key("registry") && !package.source.is_empty() => {
                    left_out.push(format!("`{name}` is left out: it comes from no index"));
                    return None;
                }
                [package] => package.version.as_deref().map(|version| format!("=={version}")),
                // Several versions for several platforms: pip chooses.
                _ => None,
            };
            let marker = markers.map(|markers| markers.into_iter().collect::<Vec<_>>());
            Some(format!("{name}{}{}", version.unwrap_or_default(), joined(marker.as_deref())))
        })
        .collect();
    let (requirements, others) = packages(texts);
    (requirements, left_out.into_iter().chain(others).collect())
}

/// A disjunction of markers.
fn joined(markers: Option<&[String]>) -> String {
    match markers {
        None | Some([]) => String::new(),
        Some([marker]) => format!(" ; {marker}"),
        Some(markers) => format!(" ; ({})", markers.join(") or (")),
    }
}

/// A PEP 751 lock.
#[derive(Deserialize)]
struct Pylock {
    #[serde(default)]
    packages: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    vcs: Option<toml::Table>,
    directory: Option<toml::Table>,
    archive: Option<toml::Table>,
}

/// The versions in a `pylock.toml`.
pub(super) fn pylock(text: &str) -> Result<Contents, String> {
    let lock: Pylock = parsed(text)?;
    let (indexed, others): (Vec<_>, Vec<_>) = lock.packages.into_iter().partition(|package| {
        package.version.is_some()
            && package.vcs.is_none()
            && package.directory.is_none()
            && package.archive.is_none()
    });
    let texts = indexed.into_iter().map(|package| {
        let version = package.version.unwrap_or_default();
        format!("{}=={version}{}", package.name, joined(package.marker.as_ref().map(std::slice::from_ref)))
    });
    let (requirements, mut left_out) = packages(texts);
    left_out.extend(
        others.iter().map(|package| format!("`{}` is left out: it comes from no index", package.name)),
    );
    Ok((requirements, left_out))
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}
