//! Facts: what a test tells of variables, whichever way it ends.

/// Whether a variable is set, as far as a test tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) is_set: bool,
    /// Whether it is one of several of which only one need hold.
    pub(crate) is_any: bool,
    /// Whether the program has seen to it itself: then it is no condition.
    pub(crate) is_made: bool,
}

impl Fact {
    /// What holds once the program has set a variable.
    pub(crate) fn made(name: String) -> Self {
        Self { name, is_set: true, is_any: false, is_made: true }
    }
}

/// What a test tells if it holds, and if it doesn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) yes: Vec<Fact>,
    pub(crate) no: Vec<Fact>,
    /// The outcome, where it is known.
    pub(crate) outcome: Option<bool>,
}

impl Test {
    /// A test of whether variables are set.
    pub(crate) fn of(names: &[String]) -> Self {
        let is_any = names.len() > 1;
        let fact = |is_set| move |name: &String| Fact { name: name.clone(), is_set, is_any, is_made: false };
        Self {
            yes: names.iter().map(fact(true)).collect(),
            no: names.iter().map(fact(false)).collect(),
            outcome: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.yes.is_empty() && self.no.is_empty()
    }

    pub(crate) fn negated(self) -> Self {
        Self { yes: self.no, no: self.yes, outcome: self.outcome.map(|outcome| !outcome) }
    }

    /// All of several tests.
    pub(crate) fn all(tests: Vec<Self>) -> Self {
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

    /// Of a test of several elements: whether it holds for one of them.
    pub(crate) fn some(self) -> Self {
        let is_several = self.yes.len() > 1;
        let flagged = |facts: Vec<Fact>, is_any| {
            facts.into_iter().map(|fact| Fact { is_any, ..fact }).collect::<Vec<_>>()
        };
        Self { yes: flagged(self.yes, is_several), no: flagged(self.no, false), outcome: self.outcome }
    }

    /// Of a test of several elements: whether it holds for all of them.
    pub(crate) fn every(self) -> Self {
        self.negated().some().negated()
    }

    /// Any of several tests.
    pub(crate) fn any(tests: Vec<Self>) -> Self {
        Self::all(tests.into_iter().map(Self::negated).collect()).negated()
    }
}

/// The variables that a failure under some facts asks for: one alone, or each of several any of which is missed. What is
/// asked for only where another variable isn't set, or where one is set that needn't be, is no demand.
pub(crate) fn demanded<'f>(
    facts: &'f [Fact],
    known: &[Fact],
    is_demanded: impl Fn(&str) -> bool,
) -> Vec<&'f str> {
    let is_sure = |fact: &Fact| fact.is_made || (fact.is_set && is_demanded(&fact.name));
    let mut conditions = facts.iter().filter(|fact| fact.is_set && !fact.is_any);
    if !known.iter().all(is_sure) || !conditions.all(is_sure) {
        return Vec::new();
    }
    let missing: Vec<&Fact> = facts.iter().filter(|fact| !fact.is_set).collect();
    let is_alone = missing.iter().all(|fact| fact.name == missing[0].name);
    let asked = missing.iter().filter(|fact| fact.is_any || is_alone);
    asked.map(|fact| fact.name.as_str()).collect()
}
