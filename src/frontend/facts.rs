//! Facts: what a test implies for variables, depending on its outcome.

/// Whether a variable is set, according to a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) is_set: bool,
    /// Whether it is one of several facts of which only one needs to hold.
    pub(crate) is_any: bool,
    /// Whether the program has ensured it itself, which makes it no condition.
    pub(crate) is_made: bool,
}

/// The name of a command-line option in facts; no variable can have it.
pub(crate) fn of_option(name: &str) -> String {
    format!("={name}")
}

/// The command-line option behind a name in facts, if it is one.
pub(crate) fn as_option(name: &str) -> Option<&str> {
    name.strip_prefix('=')
}

/// What begins the name of a fact about which value is given; no variable can have it.
const CHOICE: char = '?';

impl Fact {
    /// A fact ensured by the program.
    pub(crate) fn made(name: String) -> Self {
        Self { name, is_set: true, is_any: false, is_made: true }
    }

    /// A condition about something unknown, under a name that no variable has.
    fn unknown() -> Self {
        Self { name: String::new(), is_set: true, is_any: false, is_made: false }
    }

    /// Whether it says that a variable is set, or that it isn't.
    pub(crate) fn is_known(&self) -> bool {
        !self.name.is_empty() && !self.is_choice()
    }

    /// Whether it says which value a variable has: another one may be given.
    fn is_choice(&self) -> bool {
        self.name.starts_with(CHOICE)
    }
}

/// The texts that a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) all: Vec<String>,
    /// Whether the test holds for these texts rather than for all others.
    pub(crate) is_among: bool,
}

impl Texts {
    /// A text for which the test has this outcome.
    pub(crate) fn standing_for(&self, outcome: bool) -> Option<String> {
        if outcome == self.is_among {
            let spelled = |text: &&String| text.eq_ignore_ascii_case(if outcome { "true" } else { "false" });
            return self.all.iter().find(spelled).or(self.all.first()).cloned();
        }
        let text = if outcome { "true" } else { "false" };
        (!self.all.iter().any(|known| known.eq_ignore_ascii_case(text))).then(|| text.to_owned())
    }
}

/// What a test implies if it holds, and if it doesn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) yes: Vec<Fact>,
    pub(crate) no: Vec<Fact>,
    /// The outcome, if known.
    pub(crate) outcome: Option<bool>,
    /// The texts in question, if a value is compared with some.
    pub(crate) texts: Option<Texts>,
}

impl Test {
    /// A test of whether variables are set.
    pub(crate) fn of(names: &[String]) -> Self {
        let is_any = names.len() > 1;
        let fact = |is_set| move |name: &String| Fact { name: name.clone(), is_set, is_any, is_made: false };
        Self {
            yes: names.iter().map(fact(true)).collect(),
            no: names.iter().map(fact(false)).collect(),
            ..Self::default()
        }
    }

    /// A test of several reads, of which the first value that exists counts: if it fails, none exists.
    pub(crate) fn of_either(names: &[String]) -> Self {
        let mut test = Self::of(names);
        test.no.iter_mut().for_each(|fact| fact.is_any = false);
        test
    }

    /// A test of something other than variables.
    pub(crate) fn unknown() -> Self {
        Self { yes: vec![Fact::unknown()], no: vec![Fact::unknown()], ..Self::default() }
    }

    /// A test of which value a variable has that is given in any case.
    pub(crate) fn of_choice(name: &str) -> Self {
        let fact = Fact { name: format!("{CHOICE}{name}"), ..Fact::unknown() };
        Self { yes: vec![fact.clone()], no: vec![fact], ..Self::default() }
    }

    /// Whether it implies nothing for variables.
    pub(crate) fn is_empty(&self) -> bool {
        !self.yes.iter().chain(&self.no).any(Fact::is_known)
    }

    /// Whether it is one of which value a variable has.
    pub(crate) fn is_choice(&self) -> bool {
        self.yes.iter().chain(&self.no).any(Fact::is_choice)
    }

    pub(crate) fn negated(self) -> Self {
        let texts = self.texts.map(|texts| Texts { is_among: !texts.is_among, ..texts });
        Self { yes: self.no, no: self.yes, outcome: self.outcome.map(|outcome| !outcome), texts }
    }

    /// The conjunction of several tests.
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

    /// Whether it is about this variable.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        self.yes.iter().chain(&self.no).any(|fact| fact.name == name)
    }

    /// For a test of several elements: whether it holds for one of them.
    pub(crate) fn some(self) -> Self {
        let is_several = self.yes.len() > 1;
        let flagged = |facts: Vec<Fact>, is_any| {
            facts.into_iter().map(|fact| Fact { is_any, ..fact }).collect::<Vec<_>>()
        };
        Self { yes: flagged(self.yes, is_several), no: flagged(self.no, false), ..self }
    }

    /// For a test of several elements: whether it holds for all of them.
    pub(crate) fn every(self) -> Self {
        self.negated().some().negated()
    }

    /// The disjunction of several tests.
    pub(crate) fn any(tests: Vec<Self>) -> Self {
        Self::all(tests.into_iter().map(Self::negated).collect()).negated()
    }
}

/// Adds facts to others; known ones are kept once, so that long chains of tests stay short.
pub(crate) fn gather(facts: &mut Vec<Fact>, more: Vec<Fact>) {
    for fact in more {
        // Under so many conditions nothing is sure: one more of which nothing is known says as much.
        let fact = if facts.len() < MAX_GATHERED { fact } else { Fact::unknown() };
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
}

/// Most facts kept for a chain of tests.
const MAX_GATHERED: usize = 100;

/// Most needs kept for a read.
const MAX_NEEDS: usize = 16;

/// The variables and options that must be set, according to facts, for the code that follows to run.
pub(crate) fn needs<'f>(facts: impl IntoIterator<Item = &'f Fact>, name: &str) -> Vec<Fact> {
    let is_about = |fact: &Fact| fact.is_known() || fact.is_choice();
    let is_need = |fact: &&Fact| fact.is_set && !fact.is_made && is_about(fact) && fact.name != name;
    let found: Vec<&Fact> = facts.into_iter().filter(is_need).collect();
    let is_many = found.len() > MAX_NEEDS;
    // One reason is enough; of several of which one has to hold, all count.
    let kept = found.into_iter().rev().filter(|fact| !is_many || !fact.is_any);
    kept.take(MAX_NEEDS).cloned().collect()
}

/// Whether code that needs some variables doesn't run if only required inputs are given.
pub(crate) fn is_idle(needs: &[Fact], is_spare: impl Fn(&str) -> bool) -> bool {
    let (any, each): (Vec<&Fact>, Vec<&Fact>) = needs.iter().partition(|need| need.is_any);
    let is_spare = |need: &&Fact| is_spare(&need.name);
    each.iter().any(is_spare) || (!any.is_empty() && any.iter().all(is_spare))
}

/// Whether a fact holds in every run that gets this far, so that it is no condition.
pub(crate) fn is_sure(fact: &Fact, is_demanded: impl Fn(&str) -> bool) -> bool {
    fact.is_made || (fact.is_set && is_demanded(&fact.name))
}

/// The variables that a failure under some facts requires: a single one, or each of several if any missing
/// one causes it. If another variable has to be unset, or an optional one set, nothing is required.
pub(crate) fn demanded<'f>(
    facts: &'f [Fact],
    known: &[Fact],
    is_demanded: impl Fn(&str) -> bool,
) -> Vec<&'f str> {
    let mut conditions = facts.iter().filter(|fact| fact.is_set && !fact.is_any);
    let is_sure = |fact: &Fact| is_sure(fact, &is_demanded);
    if !known.iter().all(is_sure) || !conditions.all(is_sure) {
        return Vec::new();
    }
    let missing: Vec<&Fact> = facts.iter().filter(|fact| !fact.is_set).collect();
    let is_alone = missing.iter().all(|fact| fact.name == missing[0].name);
    let asked = missing.iter().filter(|fact| fact.is_any || is_alone);
    asked.map(|fact| fact.name.as_str()).collect()
}
