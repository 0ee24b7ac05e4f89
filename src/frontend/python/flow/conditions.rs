//! Conditions: what is known at a point of the script, indexed by variable.

use std::collections::HashMap;
use std::ops::Deref;

use crate::frontend::facts::Fact;

/// Facts in the order they were learned.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Vec<Fact>,
    /// The facts of each variable.
    places: HashMap<String, Vec<usize>>,
    /// How many of the first facts are certain, as far as checked.
    sure: usize,
}

impl Deref for Conditions {
    type Target = [Fact];

    fn deref(&self) -> &[Fact] {
        &self.all
    }
}

impl Extend<Fact> for Conditions {
    fn extend<I: IntoIterator<Item = Fact>>(&mut self, facts: I) {
        facts.into_iter().for_each(|fact| self.push(fact));
    }
}

impl Conditions {
    pub(super) fn push(&mut self, fact: Fact) {
        self.places.entry(fact.name.clone()).or_default().push(self.all.len());
        self.all.push(fact);
    }

    /// Adds a fact, unless it is the last one known of its variable.
    pub(super) fn learn(&mut self, fact: Fact) {
        if self.about(&fact.name).next() != Some(&fact) {
            self.push(fact);
        }
    }

    /// Keeps the first facts only.
    pub(super) fn truncate(&mut self, count: usize) {
        while self.all.len() > count {
            let Some(fact) = self.all.pop() else { return };
            if let Some(places) = self.places.get_mut(&fact.name) {
                places.pop();
            }
        }
        self.sure = self.sure.min(count);
    }

    /// The facts about a variable, newest first.
    fn about(&self, name: &str) -> impl Iterator<Item = &Fact> {
        let places = self.places.get(name).map(Vec::as_slice).unwrap_or_default();
        places.iter().rev().filter_map(|&at| self.all.get(at))
    }

    /// Whether a variable is known to be set.
    pub(super) fn is_present(&self, name: &str) -> bool {
        self.about(name).any(|fact| fact.is_set)
    }

    /// Whether a variable is known not to be set.
    pub(super) fn is_missing(&self, name: &str) -> bool {
        self.about(name).next().is_some_and(|fact| !fact.is_set)
    }

    /// Whether the first facts are all certain; once certain, a fact stays so.
    pub(super) fn are_sure(&mut self, count: usize, is_sure: impl Fn(&Fact) -> bool) -> bool {
        while self.sure < self.all.len() && is_sure(&self.all[self.sure]) {
            self.sure += 1;
        }
        self.sure >= count
    }

    /// The uncertain ones among the first facts.
    pub(super) fn doubtful(&self, count: usize) -> &[Fact] {
        self.all.get(self.sure..count).unwrap_or_default()
    }
}
