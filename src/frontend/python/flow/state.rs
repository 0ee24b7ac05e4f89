//! State: what names refer to while a script is followed, and how branches are joined.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::conditions::Conditions;
use super::records::{Records, is_missing};
use super::value::{Form, Function, Value};
use crate::frontend::facts::{Fact, Test};
use crate::frontend::interface::{Fallback, Set};
use crate::value::Constant;

/// The names of a call, a class or the module.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    pub(super) id: usize,
    /// The frame of the enclosing scope.
    pub(super) parent: usize,
    pub(super) names: HashMap<&'a str, Value<'a>>,
    pub(super) globals: HashSet<&'a str>,
    pub(super) is_class: bool,
    /// The class of the method being run.
    pub(super) class: Option<usize>,
    /// Functions defined here; those that nothing calls are followed at the end.
    pub(super) functions: Vec<Function<'a>>,
    /// Returned values, each under its facts.
    pub(super) returns: Vec<(Vec<Fact>, Value<'a>)>,
    /// Whether an annotation allows no value.
    pub(super) is_optional: bool,
    /// The number of facts known at its start.
    pub(super) facts: usize,
}

/// How a sequence of statements ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The code that follows runs.
    Open,
    /// Control goes elsewhere: `return`, `continue`.
    Away,
    /// The program ends.
    Exit,
}

/// Something that a branch can change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Name(usize, &'a str),
    Variable(String),
}

/// The content of a key.
#[derive(Debug, Clone)]
pub(super) enum Content<'a> {
    Value(Option<Value<'a>>),
    Set(Set),
}

/// The result of a branch.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) facts: Vec<Fact>,
    pub(super) end: End,
    pub(super) changes: BTreeMap<Key<'a>, Content<'a>>,
}

/// The names and the environment at a point of the script.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    pub(super) frames: Vec<Frame<'a>>,
    /// The names of each class and its instances.
    pub(super) classes: Vec<HashMap<&'a str, Value<'a>>>,
    written: HashMap<String, Set>,
    pub(super) facts: Conditions,
    trail: Vec<(Key<'a>, Content<'a>)>,
    count: usize,
}

impl<'a> State<'a> {
    pub(super) fn push(&mut self, frame: Frame<'a>) {
        self.count += 1;
        self.frames.push(Frame { id: self.count, facts: self.facts.len(), ..frame });
    }

    pub(super) fn top(&mut self) -> Option<&mut Frame<'a>> {
        self.frames.last_mut()
    }

    /// The index of a live frame.
    pub(super) fn place(&self, id: usize) -> usize {
        self.frames.iter().rposition(|frame| frame.id == id).unwrap_or(0)
    }

    fn frame_of(&self, name: &str) -> usize {
        let top = self.frames.len().saturating_sub(1);
        if self.frames.get(top).is_some_and(|frame| frame.globals.contains(name)) { 0 } else { top }
    }

    pub(super) fn lookup(&self, name: &str) -> Option<&Value<'a>> {
        let mut at = self.frame_of(name);
        let mut is_first = true;
        loop {
            let frame = self.frames.get(at)?;
            let found = frame.names.get(name).filter(|_| is_first || !frame.is_class);
            if found.is_some() || at == 0 {
                return found;
            }
            is_first = false;
            at = frame.parent;
        }
    }

    pub(super) fn assign(&mut self, name: &'a str, value: Option<Value<'a>>) {
        let at = self.frame_of(name);
        let Some(frame) = self.frames.get_mut(at) else { return };
        let id = frame.id;
        let old = match value {
            Some(value) => frame.names.insert(name, value),
            None => frame.names.remove(name),
        };
        self.trail.push((Key::Name(id, name), Content::Value(old)));
    }

    pub(super) fn set(&self, variable: &str) -> Set {
        self.written.get(variable).copied().unwrap_or(Set::No)
    }

    pub(super) fn write(&mut self, variable: &str, set: Set) {
        let old = self.written.insert(variable.to_owned(), set).unwrap_or(Set::No);
        self.trail.push((Key::Variable(variable.to_owned()), Content::Set(old)));
    }

    /// The variables certainly written since a mark.
    pub(super) fn written_since(&self, mark: usize) -> Vec<String> {
        let mut before = BTreeMap::new();
        for (key, content) in &self.trail[mark..] {
            if let (Key::Variable(name), Content::Set(set)) = (key, content) {
                before.entry(name).or_insert(*set);
            }
        }
        let is_new = |(name, set): &(&String, Set)| *set != Set::Sure && self.set(name) == Set::Sure;
        before.into_iter().filter(is_new).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    fn content(&self, key: &Key<'a>) -> Content<'a> {
        match key {
            Key::Name(id, name) => {
                let frame = self.frames.iter().rfind(|frame| frame.id == *id);
                Content::Value(frame.and_then(|frame| frame.names.get(name).cloned()))
            }
            Key::Variable(name) => Content::Set(self.set(name)),
        }
    }

    fn restore(&mut self, key: Key<'a>, content: Content<'a>) {
        match (key, content) {
            (Key::Name(id, name), Content::Value(value)) => {
                let Some(frame) = self.frames.iter_mut().rfind(|frame| frame.id == id) else { return };
                match value {
                    Some(value) => frame.names.insert(name, value),
                    None => frame.names.remove(name),
                };
            }
            (Key::Variable(name), Content::Set(set)) => {
                self.written.insert(name, set);
            }
            _ => {}
        }
    }

    /// Undoes everything since a mark; returns what it had become.
    pub(super) fn undo(&mut self, mark: usize) -> BTreeMap<Key<'a>, Content<'a>> {
        let mut changes = BTreeMap::new();
        for at in mark..self.trail.len() {
            let key = self.trail[at].0.clone();
            let content = self.content(&key);
            changes.insert(key, content);
        }
        for (key, content) in self.trail.split_off(mark).into_iter().rev() {
            self.restore(key, content);
        }
        changes
    }

    /// Joins branches of which one runs.
    pub(super) fn join(&mut self, outcomes: &[Outcome<'a>], records: &mut Records) {
        let open: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.end == End::Open).collect();
        // Behind branches that all end nothing is run; what is read there is followed as if one were.
        let open = if open.is_empty() { outcomes.iter().collect() } else { open };
        let keys: std::collections::BTreeSet<&Key> =
            open.iter().flat_map(|outcome| outcome.changes.keys()).collect();
        for key in keys {
            let base = self.content(key);
            let contents: Vec<(&Outcome, Content)> = open
                .iter()
                .map(|outcome| (*outcome, outcome.changes.get(key).cloned().unwrap_or_else(|| base.clone())))
                .collect();
            let joined = joined(&contents, records);
            self.trail.push((key.clone(), base));
            self.restore(key.clone(), joined);
        }
    }
}

fn joined<'a>(contents: &[(&Outcome<'a>, Content<'a>)], records: &mut Records) -> Content<'a> {
    let mut values = Vec::new();
    let mut sets = Vec::new();
    for (outcome, content) in contents {
        match content {
            Content::Value(value) => values.push((outcome.facts.as_slice(), value.clone())),
            Content::Set(set) => sets.push(*set),
        }
    }
    if let Some(first) = sets.first() {
        let is_same = sets.iter().all(|set| set == first);
        return Content::Set(if is_same { *first } else { Set::Maybe });
    }
    Content::Value(join_values(&values, records))
}

/// Joins the values of several branches, each under its facts: the value where a variable isn't set is the
/// default of the reads where it is.
pub(super) fn join_values<'a>(
    values: &[(&[Fact], Option<Value<'a>>)],
    records: &mut Records,
) -> Option<Value<'a>> {
    let (_, first) = values.first()?;
    let is_same = |value: &Option<Value<'a>>| match (first, value) {
        (Some(first), Some(value)) => first.is_same(value),
        (None, None) => true,
        _ => false,
    };
    if values.len() == 1 || values.iter().all(|(_, value)| is_same(value)) {
        return first.clone();
    }
    if let Some(told) = joined_told(values) {
        return Some(told);
    }
    settle_flags(values, records);
    let reads = values.iter().find_map(|(_, value)| match value {
        Some(Value::Read(reads, _)) if names_missing(reads, values, records) => Some(reads.clone()),
        _ => None,
    });
    let Some(reads) = reads else { return Some(Value::Unknown) };
    for (facts, value) in values {
        let names = reads.iter().map(|&read| records.reads[read].name.clone());
        if names.into_iter().any(|name| is_missing(facts, &name)) {
            records.settle(&reads, &fallback(value.as_ref()));
        }
    }
    let others = values.iter().filter_map(|(_, value)| match value {
        Some(Value::Read(others, _)) if **others != *reads => Some(others),
        _ => None,
    });
    let mut all = reads.to_vec();
    for &other in others.flat_map(|others| others.iter()) {
        // What stands for another variable that isn't set may be missing itself.
        let record = &mut records.reads[other];
        record.is_guarded |= !record.is_hard;
        all.push(other);
    }
    Some(Value::Read(all.into(), Form::Changed))
}

/// `True if x is None else x in ("1", "true")`: a truth value where a variable isn't set is its default, as a
/// text for which the comparison has that outcome.
fn settle_flags(values: &[(&[Fact], Option<Value>)], records: &mut Records) {
    for (facts, value) in values {
        let Some(Constant::Bool(outcome)) = value.as_ref().and_then(Value::constant) else { continue };
        let tests = values.iter().filter_map(|(_, value)| match value {
            Some(Value::Told(test)) => Some(test),
            _ => None,
        });
        for test in tests {
            let Some(compared) = &test.texts else { continue };
            let default = compared.standing_for(outcome);
            let fallback =
                default.map_or(Fallback::Computed, |text| Fallback::Constant(Constant::Text(text)));
            let is_meant = |name: &str| test.is_about(name) && is_missing(facts, name);
            let reads = records.reads.iter().enumerate().filter(|(_, read)| is_meant(&read.name));
            let reads: Vec<usize> = reads.map(|(at, _)| at).collect();
            records.settle(&reads, &fallback);
        }
    }
}

/// A list that one of the branches added missing variables to.
fn joined_told<'a>(values: &[(&[Fact], Option<Value<'a>>)]) -> Option<Value<'a>> {
    let mut tests = Vec::new();
    for (_, value) in values {
        match value {
            Some(Value::Told(test)) => tests.push((**test).clone()),
            Some(Value::List(list)) if list.is_empty() => {}
            _ => return None,
        }
    }
    (!tests.is_empty()).then(|| Value::Told(Rc::new(Test::any(tests))))
}

fn names_missing(reads: &[usize], values: &[(&[Fact], Option<Value>)], records: &Records) -> bool {
    reads.iter().any(|&read| {
        let name = &records.reads[read].name;
        values.iter().any(|(facts, value)| {
            is_missing(facts, name) && !matches!(value, Some(Value::Read(others, _)) if **others == *reads)
        })
    })
}

/// A value as a default.
pub(super) fn fallback(value: Option<&Value>) -> Fallback {
    match value.map(|value| (value, value.constant())) {
        None | Some((Value::Sentinel(_), _) | (_, Some(Constant::None))) => Fallback::Absent,
        Some((_, Some(constant))) if fits_environment(&constant) => Fallback::Constant(constant),
        _ => Fallback::Computed,
    }
}

/// Whether a value can be in an environment: text without NUL and without the replacement character.
pub(super) fn fits_environment(value: &Constant) -> bool {
    !matches!(value, Constant::Text(text) if text.contains(['\0', char::REPLACEMENT_CHARACTER]))
}
