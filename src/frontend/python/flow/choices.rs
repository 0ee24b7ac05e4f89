//! Choices: variables of which the program needs any one.

use std::collections::BTreeSet;

use super::catches::Failure;
use super::walk::Walker;
use crate::frontend::facts::{Fact, is_sure};

/// Most variables named in a message of which one is required.
const MAX_NAMES: usize = 8;

impl Walker<'_, '_> {
    /// A read fails if its variable isn't set, perhaps only if others aren't either.
    pub(super) fn fail_without(&mut self, name: &str) {
        let outer = std::mem::replace(&mut self.failure, Failure::Error("KeyError"));
        if self.dead == 0 && !self.unreached && !self.state.facts.is_present(name) {
            let fact = Fact { name: name.to_owned(), is_set: false, is_any: false, is_made: false };
            self.choose_one(&[fact], self.state.facts.len());
        }
        self.failure = outer;
    }

    /// The program fails if several variables are unset, and goes on with one of them.
    pub(super) fn choose_one(&mut self, facts: &[Fact], known: usize) {
        let known = self.state.facts.get(..known).unwrap_or_default();
        let is_demanded = |name: &str| self.records.demanded.contains(name);
        let doubtful = known.iter().chain(facts).filter(|fact| !is_sure(fact, is_demanded));
        let mut names = BTreeSet::new();
        // Of `x == "a"` only that it fails without `x` is known.
        let is_sole = doubtful.clone().filter(|fact| fact.is_any && fact.is_known()).count() == 1;
        for fact in doubtful.filter(|fact| !is_sole || !fact.is_any || fact.is_known()) {
            let fact = Fact { is_any: fact.is_any && !is_sole, ..fact.clone() };
            if fact.is_set || fact.is_any || names.len() > MAX_NAMES {
                return;
            }
            names.insert(fact.name.clone());
        }
        let is_settled = names.iter().any(|name| is_demanded(name) || self.is_changed(name));
        if names.len() > 1
            && names.len() <= MAX_NAMES
            && !is_settled
            && names.iter().all(|name| self.catching(self.failure_of(name)).is_none())
        {
            let at = self.place..self.place;
            self.records.choices.entry(names.into_iter().collect()).or_insert(at);
        }
    }
}
