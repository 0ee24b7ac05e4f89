//! The order in which pip installs: dependencies before what needs them, so that of two files in one place the later stays.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The names of packages in pip's order, from what each of them requires. As pip does it, what needs nothing gets the
/// number of those that are left as its weight, and goes; the heaviest is installed first, of equals the last by name.
/// Those that need each other in a circle come last.
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
    fn circles_come_last() {
        let order = sorted(&BTreeMap::from([("a", vec!["b"]), ("b", vec!["a", "c"]), ("c", vec![])]));
        assert_eq!(order, ["c", "b", "a"]);
    }
}
