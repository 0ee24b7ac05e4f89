//! Pairs of a name and a value: `NAME=VALUE` on the command line, a table in a file.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<K, V> {
    /// The name.
    pub name: K,
    /// The value.
    pub value: V,
}

impl<K: FromStr<Err = String>, V: FromStr<Err = String>> FromStr for Pair<K, V> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` has no value; write `NAME=VALUE`"))?;
        Ok(Self { name: name.parse()?, value: value.parse()? })
    }
}

/// Reads a table.
pub(super) fn deserialize<'de, D, K, V>(deserializer: D) -> Result<Vec<Pair<K, V>>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    let table = BTreeMap::deserialize(deserializer)?;
    Ok(table.into_iter().map(|(name, value)| Pair { name, value }).collect())
}

/// Writes a table.
pub(super) fn serialize<S, K, V>(pairs: &[Pair<K, V>], serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    K: Serialize,
    V: Serialize,
{
    serializer.collect_map(pairs.iter().map(|pair| (&pair.name, &pair.value)))
}

/// The pairs of two lists by name; within a list the last one counts, and `over` takes precedence.
pub(super) fn joined<K: Ord + Clone, V: Clone>(over: &[Pair<K, V>], under: &[Pair<K, V>]) -> Vec<Pair<K, V>> {
    let pairs = under.iter().chain(over).map(|pair| (pair.name.clone(), pair.value.clone()));
    let table: BTreeMap<K, V> = pairs.collect();
    table.into_iter().map(|(name, value)| Pair { name, value }).collect()
}
