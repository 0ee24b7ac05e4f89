//! Records of each use, and what follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::facts::{Fact, as_option, is_idle};
use crate::frontend::interface::{Action, Fallback, Set};
use crate::value::Constant;

/// A use of a variable.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) span: Range<usize>,
    /// The innermost simple statement around it; empty if there is none.
    pub(crate) statement: Range<usize>,
    /// Where the innermost statement begins.
    pub(super) place: usize,
}

/// A read, and what is known of its value.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
pub(super) struct Record {
    /// The number of its use.
    pub(super) at: usize,
    /// Whether it is in code that never runs, given a known condition.
    pub(super) is_dead: bool,
    pub(super) name: String,
    /// Whether it fails if the variable isn't set.
    pub(super) is_hard: bool,
    pub(super) cast: Option<Type>,
    /// The fallback.
    pub(super) fallback: Option<Fallback>,
    /// Whether the variable is written before.
    pub(super) set: Set,
    /// Whether it is in a function that nothing calls, which is assumed to run at the end.
    pub(super) is_late: bool,
    /// Whether it is known to be set here, or another one not to be.
    pub(super) is_guarded: bool,
    pub(super) is_compared: bool,
    pub(super) is_used: bool,
    /// Whether its value is used in a way that fails without one.
    pub(super) is_needed: bool,
    /// Whether an annotation allows no value.
    pub(super) is_optional: bool,
    /// What must be set for it to run at all: each alone, or one of several.
    pub(super) needs: Vec<Fact>,
}

impl Record {
    /// A read of which nothing is known yet.
    pub(super) fn new(name: String) -> Self {
        Self {
            at: 0,
            is_dead: false,
            name,
            is_hard: false,
            cast: None,
            fallback: None,
            set: Set::No,
            is_late: false,
            is_guarded: false,
            is_compared: false,
            is_used: false,
            is_needed: false,
            is_optional: false,
            needs: Vec::new(),
        }
    }

    /// Whether the read itself fails if nothing is given.
    pub(super) fn fails(&self) -> bool {
        self.is_hard && self.fallback.is_none()
    }
}

/// The result of the flow analysis.
#[derive(Debug)]
pub(crate) struct FlowAnalysis {
    /// Every use, in the order of the text.
    pub(crate) uses: Vec<Use>,
    /// Diagnostics.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Uses of the environment that are understood.
    pub(crate) seen: Vec<Range<usize>>,
    /// The command-line options that the program requires.
    pub(crate) demanded: BTreeSet<String>,
}

/// All findings.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) uses: Vec<Use>,
    pub(super) reads: Vec<Record>,
    /// The numbers of reads by position and name: code that is walked twice is read once.
    index: HashMap<(usize, usize, String), usize>,
    seen: HashSet<(usize, usize, String, u8)>,
    /// Variables that are tested for being set.
    pub(super) tested: HashSet<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Reads whose values are used within `try` in a way that fails without one, with the error.
    pub(super) tried: Vec<(usize, &'static str)>,
    /// Reads whose failure is caught, in the order of the handlers.
    pub(super) settled: Vec<usize>,
    /// Reads whose failure is caught.
    pub(super) caught: HashSet<usize>,
    /// Reads whose failure the program survives.
    pub(super) tolerated: HashSet<usize>,
    /// Variables and options that the program requires.
    pub(super) demanded: HashSet<String>,
    /// Variables of which one must be set, each alone being optional, and where that shows.
    pub(super) choices: BTreeMap<Vec<String>, Range<usize>>,
    /// Variables that get their old values again.
    pub(super) restored: HashSet<String>,
    /// Positions where child processes inherit the environment.
    pub(super) children: Vec<usize>,
    /// Where variables are first written outside of the functions that are called where that is known.
    pub(super) early: HashMap<String, usize>,
    told: HashSet<(usize, usize)>,
    /// Uses of the environment that are understood.
    pub(super) understood: Vec<Range<usize>>,
}

impl Records {
    /// Records a read; returns its number.
    pub(super) fn read(&mut self, found: Use, record: Record) -> usize {
        let key = (found.span.start, found.span.end, found.name.clone());
        if let Some(&at) = self.index.get(&key) {
            let known = &mut self.reads[at];
            // What isn't run tells nothing of what is.
            if known.is_dead && !record.is_dead {
                *known = Record { at: known.at, ..record };
                return at;
            }
            if record.is_dead {
                return at;
            }
            known.set = known.set.min(record.set);
            known.is_guarded &= record.is_guarded;
            known.needs.retain(|need| record.needs.contains(need));
            known.fallback = known.fallback.take().or(record.fallback);
            return at;
        }
        let record = Record { at: self.uses.len(), ..record };
        self.uses.push(found);
        self.reads.push(record);
        self.index.insert(key, self.reads.len() - 1);
        self.reads.len() - 1
    }

    /// Records any other use.
    pub(super) fn note(&mut self, found: Use) {
        let kind = match found.action {
            Action::Write => 0,
            Action::Test => 1,
            Action::Default(_) => 2,
            _ => 3,
        };
        if matches!(found.action, Action::Demand { .. }) {
            self.demanded.insert(found.name.clone());
        }
        if self.seen.insert((found.span.start, found.span.end, found.name.clone(), kind)) {
            self.uses.push(found);
        }
    }

    /// Reports something once per position.
    pub(super) fn tell(&mut self, diagnostic: Diagnostic) {
        let span = diagnostic.span.clone().unwrap_or_default();
        if self.told.insert((span.start, span.end)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether a read may still get another default.
    pub(super) fn is_open(&self, read: usize) -> bool {
        match &self.reads[read].fallback {
            None | Some(Fallback::Absent | Fallback::Constant(Constant::None)) => true,
            Some(Fallback::Constant(Constant::Text(text))) => text.is_empty(),
            Some(_) => false,
        }
    }

    /// Whether the last read of a variable has a default.
    pub(super) fn has_default(&self, name: &str) -> bool {
        let last = self.reads.iter().rev().find(|read| read.name == name);
        last.is_some_and(|read| matches!(read.fallback, Some(Fallback::Constant(_))))
    }

    /// The value used where reads give nothing: the last one counts, unless a default was there before.
    pub(super) fn settle(&mut self, reads: &[usize], fallback: &Fallback) {
        for &read in reads {
            let record = &self.reads[read];
            if record.is_hard && !record.is_guarded && !self.caught.contains(&read) {
                continue;
            }
            let is_open = self.is_open(read);
            let known = &mut self.reads[read].fallback;
            let is_text = matches!(known, Some(Fallback::Constant(Constant::Text(_))));
            let is_open = is_open && (!is_text || matches!(fallback, Fallback::Constant(_)));
            if is_open && (known.is_none() || *fallback != Fallback::Absent) {
                *known = Some(fallback.clone());
            }
        }
    }

    /// The uses in order, each with its result.
    pub(super) fn finish(mut self) -> FlowAnalysis {
        let demanded = self.demanded.iter().filter_map(|name| as_option(name)).map(str::to_owned).collect();
        let needed = self.needed();
        let written = self.written();
        for (at, record) in std::mem::take(&mut self.reads).into_iter().enumerate() {
            let fallback = self.verdict(at, &record, &needed);
            let Record { cast, is_hard, is_needed, set, .. } = record;
            let read = &self.uses[record.at];
            // Further up in the text, in a function perhaps that nobody calls before.
            let above = if record.is_late { &written } else { &self.early };
            let is_written_above = above.get(&read.name).is_some_and(|first| *first < read.span.start);
            let set = match set {
                Set::No if is_written_above => Set::Maybe,
                Set::Sure if record.is_late && !is_written_above => Set::Maybe,
                set => set,
            };
            self.uses[record.at].action = Action::Read { fallback, cast, is_hard: is_hard || is_needed, set };
        }
        let children = self.children.iter().max().copied().unwrap_or(0);
        for found in &mut self.uses {
            if !matches!(found.action, Action::Write) {
                continue;
            }
            if self.restored.contains(&found.name) {
                found.action = Action::Remove;
            } else if found.span.start < children {
                found.action = Action::Hand;
            }
        }
        self.tell_choices();
        self.uses.retain(|found| as_option(&found.name).is_none());
        self.uses.sort_by_key(|found| (found.place, found.span.start));
        FlowAnalysis { uses: self.uses, diagnostics: self.diagnostics, seen: self.understood, demanded }
    }

    /// Reports variables of which the program needs one.
    fn tell_choices(&mut self) {
        let is_settled = |found: &Use| match &found.action {
            Action::Demand { .. } | Action::Read { fallback: Fallback::Missing, .. } => true,
            Action::Read { fallback: Fallback::Constant(value), .. } => *value != Constant::None,
            _ => false,
        };
        let settled = self.uses.iter().filter(|found| is_settled(found)).map(|found| found.name.as_str());
        let settled: HashSet<&str> = settled.collect();
        let choices = std::mem::take(&mut self.choices);
        let open =
            choices.into_iter().filter(|(names, _)| !names.iter().any(|name| settled.contains(&**name)));
        for (names, at) in open.collect::<Vec<_>>() {
            let shown = names.iter().map(|name| format!("`{}`", as_option(name).unwrap_or(name)));
            let shown = shown.collect::<Vec<_>>().join(" or ");
            let message = format!("the program fails without {shown}: each is optional, one has to be given");
            self.tell(Diagnostic::note("one-of", message).at(at).hint("give one of them when it runs"));
        }
    }

    /// Where each variable is first written.
    fn written(&self) -> HashMap<String, usize> {
        let mut written: HashMap<String, usize> = HashMap::new();
        for found in self.uses.iter().filter(|found| matches!(found.action, Action::Write)) {
            let first = written.entry(found.name.clone()).or_insert(found.span.start);
            *first = (*first).min(found.span.start);
        }
        written
    }

    /// Variables and options that must be given.
    fn needed(&self) -> HashSet<String> {
        let mut needed = self.demanded.clone();
        let open = |read: &Record| {
            let is_tested = self.tested.contains(&read.name) || read.is_compared;
            match &read.fallback {
                None => is_tested && !read.is_needed && (!read.is_hard || read.is_guarded),
                Some(fallback) => *fallback != Fallback::Missing,
            }
        };
        needed.extend(self.reads.iter().filter(|read| !open(read)).map(|read| read.name.clone()));
        needed
    }

    fn verdict(&self, at: usize, record: &Record, needed: &HashSet<String>) -> Fallback {
        if let Some(fallback) = &record.fallback {
            return fallback.clone();
        }
        let is_tested = self.tested.contains(&record.name) || (record.is_compared && !record.is_used);
        let goes_on = record.is_guarded
            || is_idle(&record.needs, |name| !needed.contains(name))
            || (self.tolerated.contains(&at) && !record.is_needed)
            || (!record.is_hard && !record.is_needed && (record.is_optional || is_tested));
        if goes_on { Fallback::Absent } else { Fallback::Missing }
    }
}

/// Whether some facts say that a variable isn't set.
pub(super) fn is_missing(facts: &[Fact], name: &str) -> bool {
    facts.iter().rev().find(|fact| fact.name == name).is_some_and(|fact| !fact.is_set)
}
