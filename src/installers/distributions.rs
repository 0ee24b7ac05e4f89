//! Python's modules and distributions: which provides which, and what is installed with what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::pip::normalized;

/// A module and its distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// The module, such as `google.cloud.storage`.
    pub module: &'static str,
    /// Likely distributions; a single one is certain.
    pub meant: &'static [&'static str],
    /// Other distributions with the module.
    pub others: &'static [&'static str],
}

impl Provider {
    /// The distribution, if it is certain.
    #[must_use]
    pub fn sure(&self) -> Option<&'static str> {
        match self.meant {
            [distribution] => Some(distribution),
            _ => None,
        }
    }

    /// Every distribution with the module.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.meant.iter().chain(self.others).copied()
    }
}

/// Providers by module.
static PROVIDERS: LazyLock<BTreeMap<&'static str, Provider>> = LazyLock::new(|| {
    let provider = |line: &'static str| {
        let (module, names) = line.split_once(' ')?;
        let (meant, others) = names.split_once('/').unwrap_or((names, ""));
        let list = |names: &'static str| &*names.split_whitespace().collect::<Vec<_>>().leak();
        Some((module, Provider { module, meant: list(meant), others: list(others) }))
    };
    lines(include_str!("tables/packages.txt")).filter_map(provider).collect()
});

/// Modules by the normalized name of a distribution.
static MODULES: LazyLock<BTreeMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut modules: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for provider in PROVIDERS.values() {
        for distribution in provider.all() {
            modules.entry(normalized(distribution)).or_default().push(provider.module);
        }
    }
    modules
});

/// Dependencies of a distribution, by normalized names.
static COMPANIONS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let companions = lines(include_str!("tables/companions.txt")).map(|line| {
        let mut names = line.split_whitespace().map(normalized);
        (names.next().unwrap_or_default(), names.collect())
    });
    companions.collect()
});

/// Distributions that work without an import, by normalized names.
static SILENT: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| lines(include_str!("tables/silent.txt")).map(normalized).collect());

/// Modules of the standard library, and the last version with those that were removed.
static STANDARD: LazyLock<BTreeMap<&'static str, Option<&'static str>>> = LazyLock::new(|| {
    let module = |line: &'static str| {
        line.split_once(' ').map_or((line, None), |(module, version)| (module, Some(version)))
    };
    lines(include_str!("tables/modules.txt")).map(module).collect()
});

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The provider of a module, by the longest known prefix of its path.
#[must_use]
pub fn provider(path: &str) -> Option<&'static Provider> {
    let mut ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).rev();
    ends.find_map(|end| PROVIDERS.get(&path[..end]))
}

/// The known modules of a distribution.
#[must_use]
pub fn modules(distribution: &str) -> &'static [&'static str] {
    MODULES.get(&normalized(distribution)).map_or(&[], Vec::as_slice)
}

/// Whether a module belongs to the standard library of any version.
#[must_use]
pub fn is_standard(module: &str) -> bool {
    module.starts_with('_') || STANDARD.contains_key(module)
}

/// The last version of Python with a module that was removed.
#[must_use]
pub fn last_version(module: &str) -> Option<&'static str> {
    STANDARD.get(module).copied().flatten()
}

/// Whether a distribution's dependencies are known.
#[must_use]
pub fn has_known_companions(distribution: &str) -> bool {
    COMPANIONS.contains_key(&normalized(distribution))
}

/// Whether a distribution is a known dependency of any other.
#[must_use]
pub fn is_companion(distribution: &str) -> bool {
    let name = normalized(distribution);
    COMPANIONS.values().any(|companions| companions.contains(&name))
}

/// Normalized names with their dependencies.
#[must_use]
pub fn with_companions(names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all = names.clone();
    let mut open: Vec<&String> = names.iter().collect();
    while let Some(name) = open.pop() {
        for companion in COMPANIONS.get(name).into_iter().flatten() {
            if all.insert(companion.clone()) {
                open.push(companion);
            }
        }
    }
    all
}

/// Whether a distribution works without being imported.
#[must_use]
pub fn is_silent(distribution: &str) -> bool {
    SILENT.contains(&normalized(distribution))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_tables_are_complete() {
        assert!(PROVIDERS.len() >= 300);
        let entries = lines(include_str!("tables/packages.txt")).count();
        assert_eq!(PROVIDERS.len(), entries, "each module stands once, with a distribution");
        assert!(PROVIDERS.values().all(|provider| !provider.meant.is_empty()));
        assert!(PROVIDERS.keys().all(|module| !is_standard(module)), "nothing is taken for Python's own");
    }

    #[test]
    fn the_longest_module_path_wins() {
        let sure = |path| provider(path).and_then(Provider::sure);
        assert_eq!(sure("google.cloud.storage.Client"), Some("google-cloud-storage"));
        assert_eq!(sure("google.cloud"), None);
        assert_eq!(sure("sklearn.linear_model.Ridge"), Some("scikit-learn"));
        assert_eq!(sure("mpl_toolkits.mplot3d"), Some("matplotlib"));
        assert_eq!(sure("mpl_toolkits.basemap.Basemap"), Some("basemap"));
        assert_eq!(sure("cv2"), None, "there are four");
        assert_eq!(provider("numpy_of_my_own"), None);
    }

    #[test]
    fn companion_packages_are_included() {
        let names = BTreeSet::from([normalized("seaborn")]);
        let all = with_companions(&names);
        assert!(["seaborn", "matplotlib", "numpy", "pillow", "six"].iter().all(|name| all.contains(*name)));
        assert!(!all.contains("scikit-learn"));
    }
}
