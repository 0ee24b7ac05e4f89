//! Which sources of a folder are operators, where that can't be told by what they read and write.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Files, folders and globs relative to the folder of `c3.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub struct Build {
    /// Files, folders and globs that are operators, whatever else is known of them
    #[serde(deserialize_with = "patterns", skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,

    /// Files, folders and globs that aren't operators; takes precedence over `include`.
    #[serde(deserialize_with = "patterns", skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

impl Build {
    /// Whether a source is an operator, by its path from the folder of the file; nothing where the file doesn't say it.
    #[must_use]
    pub fn selects(&self, path: &Path) -> Option<bool> {
        let names = |patterns: &[String]| patterns.iter().any(|pattern| is_named(path, pattern));
        if names(&self.exclude) { Some(false) } else { names(&self.include).then_some(true) }
    }
}

/// Whether a pattern names a path, or a folder that it is in.
fn is_named(path: &Path, pattern: &str) -> bool {
    matcher(pattern).is_ok_and(|matcher| path.ancestors().any(|path| matcher.is_match(path)))
}

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    GlobBuilder::new(pattern).literal_separator(true).build().map(|glob| glob.compile_matcher())
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(deserializer)?;
    match patterns.iter().find_map(|pattern| matcher(pattern).err()) {
        None => Ok(patterns),
        Some(error) => Err(D::Error::custom(format!("this is no pattern: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_a_file_or_a_whole_folder() {
        let build = Build {
            include: vec!["jobs/*.py".into(), "**/step_*".into()],
            exclude: vec!["./old/".into(), "jobs/x.py".into()],
        };
        for (path, said) in [
            ("jobs/a.py", Some(true)),
            ("jobs/b/a.py", None),
            ("b/step_1.R", Some(true)),
            ("old/step_1.R", Some(false)),
            ("old/b/a.py", Some(false)),
            ("jobs/x.py", Some(false)),
            ("older/a.py", None),
            ("a.py", None),
        ] {
            assert_eq!(build.selects(Path::new(path)), said, "{path}");
        }
    }
}
