//! Which batches are claimed and marked in bundles, as the workers have planned it: see `templates/runtime/grid/plan.py`.

use std::collections::HashMap;

use serde::Deserialize;

use super::error::GridError;
use super::marks::BUNDLE;
use super::place::Place;

/// Plans begin so; the last one says what those before it say, too.
const PLAN: &str = ".plan-";

/// The bundle of each batch that is in one, by the key.
#[derive(Debug, Default)]
pub struct Plan(HashMap<String, String>);

#[derive(Deserialize)]
struct Parts {
    parts: Vec<Part>,
}

/// Batches, and how many of them make a bundle: 1 if they are single ones.
#[derive(Deserialize)]
struct Part {
    size: usize,
    keys: Vec<String>,
}

impl Plan {
    /// The last plan that the workers have made.
    pub fn last(place: &Place, names: &[String]) -> Result<Self, GridError> {
        let number = |name: &String| name.strip_prefix(PLAN)?.parse::<u32>().ok();
        let Some(last) = names.iter().filter_map(number).max() else { return Ok(Self::default()) };
        let content = place.read(&[&format!("{PLAN}{last}")])?.into_iter().next().flatten();
        Ok(Self::read(&content.unwrap_or_default()))
    }

    /// Reads what a plan says; what is none says nothing.
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

    /// The key of the bundle that a batch is in.
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
