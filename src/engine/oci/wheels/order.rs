//! pip's order of installation: dependencies first, so that of two files with the same path the later stays.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Package names in pip's order, given what each requires. As in pip, a package without requirements gets the
/// number of remaining ones as its weight and is removed; the heaviest is installed first, ties are sorted by
/// name in reverse. Cycles come last.
pub(super) fn sorted(requires: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    let mut left: BTreeSet<&str> = requires.keys().copied().collect();
    let mut weights: BTreeMap<&str, usize> = BTreeMap::new();
    loop {
        let needs = |name: &str| requires[name].iter().any(|other| *other != name && left.contains(other));
        let leaves: Vec<&str> = left.iter().copied().filter(|name| !needs(name)).collect();
        if leaves.is_empty() {
            break;
        }
        weights.extend(leaves.iter().map(|name| (*name, left.len())));
        left.retain(|name| !leaves.contains(name));
    }
    let mut names: Vec<&str> = requires.keys().copied().collect();
    names.sort_by_key(|name| Reverse((weights.get(name).copied().unwrap_or_default(), *name)));
    names.into_iter().map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_first() {
        let order = sorted(&BTreeMap::from([
            ("pandas", vec!["numpy", "pytz", "dateutil", "absent"]),
            ("dateutil", vec!["six"]),
            ("numpy", vec![]),
            ("pytz", vec![]),
            ("six", vec!["six"]),
        ]));
        assert_eq!(order, ["six", "pytz", "numpy", "dateutil", "pandas"]);
    }

    #[test]
    fn dependency_cycles_come_last() {
        let order = sorted(&BTreeMap::from([("a", vec!["b"]), ("b", vec!["a", "c"]), ("c", vec![])]));
        assert_eq!(order, ["c", "b", "a"]);
    }
}
