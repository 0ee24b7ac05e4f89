//! Facts: what a test tells of variables, whichever way it ends.

/// Whether a variable is set, as far as a test tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) is_set: bool,
    /// Whether it is one of several of which only one need hold.
    pub(super) is_any: bool,
}

/// What a test tells if it holds, and if it doesn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) yes: Vec<Fact>,
    pub(super) no: Vec<Fact>,
    /// The outcome, where it is known.
    pub(super) outcome: Option<bool>,
}

impl Test {
    /// A test of whether variables are set.
    pub(super) fn of(names: &[String]) -> Self {
        let fact = |is_set| move |name: &String| Fact { name: name.clone(), is_set, is_any: names.len() > 1 };
        Self {
            yes: names.iter().map(fact(true)).collect(),
            no: names.iter().map(fact(false)).collect(),
            outcome: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.yes.is_empty() && self.no.is_empty()
    }

    pub(super) fn negated(self) -> Self {
        Self { yes: self.no, no: self.yes, outcome: self.outcome.map(|outcome| !outcome) }
    }

    /// All of several tests.
    pub(super) fn all(tests: Vec<Self>) -> Self {
        let outcomes: Vec<_> = tests.iter().map(|test| test.outcome).collect();
        let outcome = match outcomes.as_slice() {
            outcomes if outcomes.contains(&Some(false)) => Some(false),
            outcomes if outcomes.iter().all(|outcome| *outcome == Some(true)) => Some(true),
            _ => None,
        };
        let is_one = tests.len() == 1;
        let mut joined = Self { outcome, ..Self::default() };
        for test in tests {
            joined.yes.extend(test.yes);
            joined.no.extend(test.no.into_iter().map(|fact| Fact { is_any: fact.is_any || !is_one, ..fact }));
        }
        joined
    }

    /// Any of several tests.
    pub(super) fn any(tests: Vec<Self>) -> Self {
        Self::all(tests.into_iter().map(Self::negated).collect()).negated()
    }
}

/// The variables that a failure under some facts asks for: one alone, or each of several any of which is missed.
pub(super) fn demanded(facts: &[Fact]) -> Vec<&str> {
    let missing: Vec<&Fact> = facts.iter().filter(|fact| !fact.is_set).collect();
    let is_alone = missing.iter().all(|fact| fact.name == missing[0].name);
    let asked = missing.iter().filter(|fact| fact.is_any || is_alone);
    asked.map(|fact| fact.name.as_str()).collect()
}
