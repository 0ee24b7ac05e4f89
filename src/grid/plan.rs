//! The bundles of batches in the workers' plan: see `templates/runtime/grid/plan.py`.

use std::collections::HashMap;

use serde::Deserialize;

use super::error::GridError;
use super::marks::BUNDLE;
use super::storage::Storage;

/// Prefix of plans; the last one includes those before it.
const PLAN: &str = ".plan-";

/// The bundle of each batch, by key.
#[derive(Debug, Default)]
pub struct Plan(HashMap<String, String>);

#[derive(Deserialize)]
struct Parts {
    parts: Vec<Part>,
}

/// Batches, and the size of their bundles: 1 for single ones.
#[derive(Deserialize)]
struct Part {
    size: usize,
    keys: Vec<String>,
}

impl Plan {
    /// The workers' last plan.
    pub fn last(storage: &Storage, names: &[String]) -> Result<Self, GridError> {
        let number = |name: &String| name.strip_prefix(PLAN)?.parse::<u32>().ok();
        let Some(last) = names.iter().filter_map(number).max() else { return Ok(Self::default()) };
        let content = storage.read(&[&format!("{PLAN}{last}")])?.into_iter().next().flatten();
        Ok(Self::read(&content.unwrap_or_default()))
    }

    /// Parses a plan; an invalid one is empty.
    #[must_use]
    pub fn read(content: &[u8]) -> Self {
        let parts = serde_json::from_slice::<Parts>(content).map_or_else(|_| Vec::new(), |plan| plan.parts);
        let mut bundles = HashMap::new();
        for (number, part) in parts.into_iter().enumerate().filter(|(_, part)| part.size > 1) {
            for (at, key) in part.keys.into_iter().enumerate() {
                bundles.insert(key, format!("{BUNDLE}{number}-{}", at / part.size));
            }
        }
        Self(bundles)
    }

    /// The key of a batch's bundle.
    #[must_use]
    pub fn bundle_of(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_numbered_by_part() {
        let plan = Plan::read(
            br#"{"format": 3, "parts": [{"size": 1, "keys": ["a"]}, {"size": 2, "keys": ["b", "c", "d"]}]}"#,
        );
        let bundles = ["a", "b", "c", "d", "e"].map(|key| plan.bundle_of(key));
        assert_eq!(bundles, [None, Some(".bundle-1-0"), Some(".bundle-1-0"), Some(".bundle-1-1"), None]);
        assert!(Plan::read(b"").bundle_of("a").is_none());
    }
}
