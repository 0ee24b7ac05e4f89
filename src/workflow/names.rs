//! Names within one workflow, shared by steps, inputs and outputs; the program's own words are reserved.

use std::collections::BTreeSet;

/// Reserved words of the pipeline's function.
const WORDS: &[&str] = &[
    "not_given",
    "not_given_text",
    "imported",
    "untyped",
    "uncached",
    "secret",
    "workers",
    "range",
    "worker",
];

/// Used names, as kfp 2 normalizes them.
#[derive(Debug)]
pub(super) struct Names(BTreeSet<String>);

impl Default for Names {
    fn default() -> Self {
        Self(WORDS.iter().map(ToString::to_string).collect())
    }
}

impl Names {
    /// Takes the first free one of two names, else the second with a number.
    pub(super) fn take(&mut self, name: &str, other: &str) -> String {
        let numbered = (2..).map(|number: u32| format!("{other}_{number}"));
        let mut candidates = [name, other].map(ToOwned::to_owned).into_iter().chain(numbered);
        candidates.find(|name| self.0.insert(folded(name))).unwrap_or_default()
    }
}

/// A name as kfp 2 normalizes it.
pub(super) fn folded(name: &str) -> String {
    let lower = name.to_lowercase();
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let mut folded = String::new();
    for letter in lower.chars() {
        match is_word(letter) {
            true => folded.push(letter),
            false if folded.ends_with('\0') => {}
            false => folded.push('\0'),
        }
    }
    folded.replace('\0', "_").trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocated_names_are_unique() {
        let mut names = Names::default();
        let given = ["a", "A", "a_", "a"].map(|name| names.take(name, "step_a"));
        assert_eq!(given, ["a", "step_a", "step_a_2", "step_a_3"]);
        assert_eq!(names.take("workers", "x_workers"), "x_workers");
    }

    #[test]
    fn names_are_folded_as_by_kfp() {
        for (name, expected) in [("Input 1", "input_1"), ("_x", "x"), ("a--b__c", "a_b__c"), ("ä", "")] {
            assert_eq!(folded(name), expected);
        }
    }
}
