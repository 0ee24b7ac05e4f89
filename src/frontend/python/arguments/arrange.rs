//! Combines options: positionals in order, pairs of options for one flag, defaults set elsewhere.

use super::calls::Calls;
use super::declared::{Declared, Unread, read, set_defaults};
use super::keywords::Keywords;
use super::loops;
use crate::component::{Argument, Takes};
use crate::frontend::interface::Fallback;
use crate::frontend::python::semantic::Model;

/// The options that become inputs, and the others.
pub(super) fn arranged(calls: &Calls, model: &Model) -> (Vec<Declared>, Vec<Unread>) {
    let mut row = Row::default();
    for call in &calls.options {
        for expression in loops::expanded(call.expression, &call.loops) {
            match read(call, &expression, model) {
                Ok(None) => {}
                Ok(Some(found)) if !calls.is_used(call) => {
                    row.refuse(found.unread("nothing here calls the function that declares it"));
                }
                Ok(Some(found)) => row.add(found),
                Err(unread) => row.refuse(unread),
            }
        }
    }
    row.set_defaults(calls, model);
    row.finish()
}

/// A row of options.
#[derive(Default)]
pub(super) struct Row {
    declared: Vec<Declared>,
    unread: Vec<Unread>,
    /// Whether an earlier positional is unknown.
    is_lost: bool,
    /// Names shared by several options.
    shared: Vec<String>,
}

impl Row {
    /// Leaves an option out.
    pub(super) fn refuse(&mut self, unread: Unread) {
        self.is_lost |= unread.is_positional;
        self.unread.push(unread);
    }

    /// Adds an option, unless its position or name is shared.
    pub(super) fn add(&mut self, found: Declared) {
        if found.is_positional() && !self.is_in_place(&found) {
            self.refuse(found.unread("its place on the command line can't be told"));
        } else if self.shared.contains(&found.name) {
            self.refuse(found.unread(SHARED));
        } else if let Some(at) = self.declared.iter().position(|other| other.name == found.name) {
            self.join(at, found);
        } else {
            self.declared.push(found);
        }
    }

    /// Whether the position of a positional is certain.
    fn is_in_place(&self, found: &Declared) -> bool {
        let others = || self.declared.iter().filter(|other| other.is_positional());
        let is_behind_row = others().any(|other| other.argument.takes == Takes::Row);
        let is_single = found.is_required && found.argument.takes == Takes::Value;
        !self.is_lost
            && !found.is_doubtful
            && (!is_behind_row || is_single)
            && others().all(|other| other.function == found.function)
    }

    /// Joins the options for true and for false to one flag; of two equivalent options the first is kept.
    fn join(&mut self, at: usize, found: Declared) {
        if self.declared[at].is_twin(&found) {
            return;
        }
        if let Some(argument) = joined(&self.declared[at].argument, &found.argument) {
            self.declared[at].argument = argument;
            if found.is_default_kept {
                self.declared[at].default = found.default;
            }
        } else {
            let other = self.declared.remove(at);
            self.shared.push(found.name.clone());
            self.refuse(other.unread(SHARED));
            self.refuse(found.unread(SHARED));
        }
    }

    fn set_defaults(&mut self, calls: &Calls, model: &Model) {
        for call in &calls.defaults {
            if Keywords::of(call.expression).is_open {
                self.declared.iter_mut().for_each(|found| found.default = Fallback::Computed);
            }
            for (name, value) in set_defaults(call.expression, model) {
                let found = self.declared.iter_mut().filter(|found| found.name == name);
                found.for_each(|found| found.set_default(value.clone().filter(|_| !call.is_doubtful)));
            }
        }
    }

    /// The options that become inputs, and the others.
    pub(super) fn finish(mut self) -> (Vec<Declared>, Vec<Unread>) {
        self.refuse_blind();
        (self.declared, self.unread)
    }

    fn refuse_blind(&mut self) {
        let (blind, seen): (Vec<_>, Vec<_>) = self.declared.drain(..).partition(Declared::is_blind);
        self.declared = seen;
        for found in blind {
            self.refuse(found.unread("its default is known at run time only"));
        }
    }
}

/// Reason for leaving out options with a shared name.
const SHARED: &str = "several options set the same value";

fn joined(one: &Argument, other: &Argument) -> Option<Argument> {
    let is_pair = one.flag && other.flag;
    match (&one.option, &one.negative, &other.option, &other.negative) {
        (option @ Some(_), None, None, negative @ Some(_))
        | (None, negative @ Some(_), option @ Some(_), None)
            if is_pair =>
        {
            Some(Argument {
                option: option.clone(),
                negative: negative.clone(),
                flag: true,
                takes: Takes::Value,
            })
        }
        _ => None,
    }
}
