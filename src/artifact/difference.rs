//! Differences between artifacts and edited files, for the user to decide on.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::Artifact;
use crate::reader;
use crate::stamp;

/// The difference in one file.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The unified diff, from the existing file to the artifact.
    pub text: String,
    /// The values that were written into a Kubernetes job by hand, as `NAME=VALUE` for a shell, if they are
    /// the only difference.
    pub values: Option<Vec<String>>,
}

/// Time limit of the search for the shortest diff.
const PATIENCE: Duration = Duration::from_millis(500);

/// Most lines shown for one file by default.
const SHOWN: usize = 60;

impl Difference {
    /// The first lines, and the number of others.
    #[must_use]
    pub fn shortened(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.text.lines().take(SHOWN).map(ToOwned::to_owned).collect();
        let more = self.text.lines().count() - lines.len();
        lines.extend((more > 0).then(|| format!("… and {more} more lines")));
        lines
    }
}

/// The differences between artifacts and existing text files.
pub(super) fn differences(artifacts: &[Artifact], paths: &[PathBuf]) -> Vec<Difference> {
    let artifact =
        |path: &PathBuf| artifacts.iter().find(|artifact| path.file_name() == Some(artifact.name.as_ref()));
    paths.iter().filter_map(|path| difference(path, artifact(path)?)).collect()
}

fn difference(path: &Path, artifact: &Artifact) -> Option<Difference> {
    let found = reader::read_to_string(path).ok()?.replace("\r\n", "\n");
    let new = with_record_of(&found, std::str::from_utf8(&artifact.content).ok()?);
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(found.as_str(), &new);
    let name = path.display().to_string();
    Some(Difference {
        values: values(&diff, &found),
        text: diff.unified_diff().header(&format!("{name} (edited)"), &format!("{name} (c3)")).to_string(),
    })
}

/// The values that would be lost, if they are the only difference.
fn values<'a>(diff: &TextDiff<'a, 'a, 'a, str>, found: &str) -> Option<Vec<String>> {
    let lines: Vec<_> = found.lines().collect();
    let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
    let values = changes.map(|change| {
        // A required input without a value stands in a comment.
        let line = change.value().trim().trim_start_matches('#');
        if scalar(line, "- name: ").is_some() {
            return Some(None);
        }
        let value = scalar(line, "value: ")?;
        let above = |at: usize| scalar(lines.get(at.checked_sub(1)?)?, "- name: ");
        // What c3 would write in its place is no value of anybody's.
        let Some(at) = change.old_index() else { return Some(None) };
        let quoted = |text: &str| shlex::try_quote(text).ok().map(Cow::into_owned);
        Some(Some(format!("{}={}", quoted(&above(at)?)?, quoted(&value.replace("$$", "$"))?)))
    });
    let values: Option<Vec<_>> = values.collect();
    values.map(|values| values.into_iter().flatten().collect()).filter(|values: &Vec<_>| !values.is_empty())
}

/// The value of a key in a line of YAML.
fn scalar(line: &str, key: &str) -> Option<String> {
    yaml_serde::from_str(line.trim().strip_prefix(key)?).ok()
}

/// A text with the record of another, since a different record alone is no edit.
fn with_record_of(found: &str, new: &str) -> String {
    match (stamp::without_record(found).1, stamp::without_record(new).1) {
        (Some(before), Some(now)) => new.replacen(now, before, 1),
        _ => new.to_owned(),
    }
}
