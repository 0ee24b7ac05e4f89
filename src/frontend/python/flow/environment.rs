//! The environment: reads and writes by known names.

use std::rc::Rc;

use ruff_python_ast::ExprSubscript;

use super::calls::Bytes;
use super::records::Record;
use super::records::Use;
use super::value::Form;
use super::value::Given;
use super::value::Value;
use super::value::View;
use super::walk::Walker;
use crate::diagnostic::Diagnostic;
use crate::frontend::facts::{Fact, needs};
use crate::frontend::interface::Action;
use crate::frontend::interface::Fallback;
use crate::frontend::interface::Set;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::semantic::texts;
use crate::frontend::python::span;
use crate::value::Constant;

/// Most variables that one text expands.
const MAX_EXPANDED: usize = 100;

/// Most facts examined for the needs of a read.
const MAX_FACTS: usize = 64;

impl<'a> Walker<'_, 'a> {
    /// A call of an object that gives access to the environment.
    pub(super) fn access(
        &mut self,
        entity: Entity,
        view: &Rc<View>,
        given: &Given<'a>,
        at: Bytes,
    ) -> Value<'a> {
        self.touch(view);
        let name = given.get(0, "key").cloned();
        let default = given.get(1, "default").or_else(|| given.get(1, "value")).cloned();
        let Some(name) = name else {
            return match entity {
                Entity::Copy => {
                    let copy = self.overlaid(view, &[], &[]);
                    self.watched(copy, at)
                }
                Entity::Keys => Value::Access(Entity::Keys, view.clone()),
                Entity::Update => {
                    let named: Vec<_> = given
                        .named
                        .iter()
                        .map(|(name, value)| (Value::text((*name).to_owned()), value.clone()))
                        .collect();
                    self.update(view, &Value::Dict(Rc::new(named)), at);
                    Value::Unknown
                }
                Entity::Environ => Value::Unknown,
                _ => {
                    self.whole(at);
                    Value::Unknown
                }
            };
        };
        match entity {
            Entity::Lookup | Entity::SetDefault => {
                let found = self.lookup(view, &name, default.as_ref(), false, at);
                if entity == Entity::SetDefault
                    && let Value::Read(reads, _) = &found
                {
                    let name = self.records.reads[reads[0]].name.clone();
                    self.state.facts.learn(Fact::made(name));
                }
                found
            }
            Entity::Pop => {
                let found = self.lookup(view, &name, default.as_ref(), default.is_none(), at);
                self.take_out(view, &name);
                found
            }
            Entity::Item => self.lookup(view, &name, None, true, at),
            Entity::Contains => Value::Told(Rc::new(self.membership(view, &name, at))),
            Entity::Put => {
                let value = default.unwrap_or(Value::Unknown);
                self.write(view, &name, &value, at);
                Value::Unknown
            }
            Entity::Update => {
                self.update(view, &name, at.clone());
                for (name, value) in &given.named {
                    self.write(view, &Value::text((*name).to_owned()), value, at.clone());
                }
                Value::Unknown
            }
            Entity::Expand => self.expand(view, &name, at),
            Entity::Unset => {
                self.take_out(view, &name);
                Value::Unknown
            }
            Entity::Environ | Entity::Copy | Entity::Keys => self.unknown(given, at),
        }
    }

    /// Removes a variable from the environment: later reads find nothing, whatever was given.
    fn take_out(&mut self, view: &View, name: &Value<'a>) {
        if let Some(name) = name.as_text().filter(|_| !view.is_copy) {
            self.state.write(&name, Set::Sure);
        }
    }

    /// `del os.environ["x"]`, which fails if it isn't set.
    pub(super) fn delete(&mut self, subscript: &'a ExprSubscript) {
        let Some(view) = self.environ(&subscript.value) else {
            self.eat(&subscript.value);
            self.eat(&subscript.slice);
            return;
        };
        let name = self.eval(&subscript.slice);
        self.lookup(&view, &name, None, true, span(subscript));
        self.take_out(&view, &name);
    }

    /// `os.path.expandvars("$x/y")`.
    pub(super) fn expand(&mut self, view: &View, text: &Value<'a>, at: Bytes) -> Value<'a> {
        let Some(text) = text.as_text() else {
            self.consume(text, at.clone());
            self.whole(at);
            return Value::Unknown;
        };
        let names = texts::expanded(&text);
        for name in names.iter().take(MAX_EXPANDED) {
            let none = Value::known(Constant::None);
            self.lookup(view, &Value::text(name.clone()), Some(&none), false, at.clone());
        }
        if names.is_empty() { Value::text(text) } else { Value::Unknown }
    }

    /// `update({…})`, `|= {…}`.
    pub(super) fn update(&mut self, view: &View, added: &Value<'a>, at: Bytes) {
        self.touch(view);
        match pairs(added) {
            Some(pairs) => {
                for (name, value) in pairs {
                    self.write(view, &name, &value, at.clone());
                }
            }
            None if matches!(added, Value::Access(..)) => {}
            None => {
                self.consume(added, at.clone());
                if !view.is_copy {
                    self.records.tell(computed("written", at));
                }
            }
        }
    }

    /// The name of a variable.
    pub(super) fn name_of(&mut self, name: &Value<'a>, verb: &str, at: &Bytes) -> Option<String> {
        self.records.understood.push(at.clone());
        let Some(text) = name.as_text() else {
            self.consume(name, at.clone());
            self.records.tell(computed(verb, at.clone()));
            return None;
        };
        self.is_parametric |= name.is_given();
        Some(text)
    }

    /// A read.
    pub(super) fn lookup(
        &mut self,
        view: &View,
        name: &Value<'a>,
        default: Option<&Value<'a>>,
        is_hard: bool,
        at: Bytes,
    ) -> Value<'a> {
        self.touch(view);
        let is_given = name.is_given();
        let Some(name) = self.name_of(name, "read", &at) else {
            if let Some(default) = default {
                self.consume(default, at);
            }
            return Value::Unknown;
        };
        if view.over.contains(&name) || self.in_copy(view, &name) == Set::Sure {
            return Value::Unknown;
        }
        if let Some(Value::Read(reads, _)) = default {
            for &read in &**reads {
                self.records.reads[read].is_optional = true;
            }
        }
        self.is_parametric |= default.is_some_and(Value::is_given);
        let below = view.under.iter().rev().find(|(known, _)| *known == name);
        let fallback = match below {
            Some((_, Some(text))) => Some(Fallback::Constant(Constant::Text(text.clone()))),
            Some((_, None)) => Some(Fallback::Computed),
            None if view.is_open && default.is_none() => Some(Fallback::Computed),
            None => Self::explicit(default),
        };
        let set = self.state.set(&name).max(self.in_copy(view, &name));
        if is_hard && fallback.is_none() && set == Set::No {
            self.fail_without(&name);
        }
        let is_guarded = self.state.facts.is_present(&name) || self.instead || self.dead > 0;
        let (span, statement, place) = match &self.call {
            Some(call) if is_given => call.clone(),
            _ => (at, self.statement.clone(), self.place),
        };
        let action = Action::Read { fallback: Fallback::Missing, cast: None, is_hard, set };
        let found = Use { name: name.clone(), action, span, statement, place };
        let record = Record {
            is_dead: self.dead > 0,
            is_hard,
            fallback,
            set,
            is_late: self.call.is_none() && !self.active.is_empty(),
            is_guarded,
            needs: self.needs(&name),
            ..Record::new(name)
        };
        Value::Read(Rc::from([self.records.read(found, record)]), Form::Direct)
    }

    /// Whether a variable is written into a copy of the environment.
    fn in_copy(&self, view: &View, name: &str) -> Set {
        view.site.filter(|_| view.is_copy).map_or(Set::No, |site| self.state.set(&of_copy(site, name)))
    }

    /// The optional variables and options that must be set for the code that follows to run.
    fn needs(&self, name: &str) -> Vec<Fact> {
        let facts = &self.state.facts;
        let open = facts
            .doubtful(facts.len())
            .iter()
            .rev()
            .take(MAX_FACTS)
            .rev()
            .filter(|fact| !self.records.demanded.contains(&fact.name));
        needs(open, name)
    }

    /// Writes a variable: a value set where none was is a default.
    pub(super) fn write(
        &mut self,
        view: &View,
        name: &Value<'a>,
        value: &Value<'a>,
        at: std::ops::Range<usize>,
    ) {
        self.touch(view);
        let Some(name) = self.name_of(name, "written", &at) else { return };
        if view.is_copy {
            if let Some(site) = view.site {
                self.state.write(&of_copy(site, &name), Set::Sure);
            }
            return;
        }
        let own = |read: &usize| self.records.reads[*read].name == name;
        let is_own = matches!(value, Value::Read(reads, _) if reads.iter().any(own));
        if is_own {
            self.records.restored.insert(name.clone());
        }
        if is_own || self.state.facts.is_missing(&name) {
            let fallback = if is_own { None } else { Some(super::state::fallback(Some(value))) };
            if let Some(fallback) = fallback {
                self.note(name.clone(), Action::Default(fallback), at);
            }
        } else {
            self.consume(value, at.clone());
            self.note(name.clone(), Action::Write, at);
            self.state.write(&name, Set::Sure);
        }
        self.state.facts.learn(Fact::made(name));
    }
}

/// The name of a variable in a copy of the environment; no variable can have it.
fn of_copy(site: usize, name: &str) -> String {
    format!("={site}={name}")
}

/// The warning for a variable whose name is known only at run time.
pub(super) fn computed(verb: &str, at: Bytes) -> Diagnostic {
    Diagnostic::warning("computed-name", format!("the name of the variable that is {verb} here is computed"))
        .at(at)
        .hint("write the name as a literal, or the variable is not part of the interface")
}

/// The keys and values of a dict, or of a list of pairs.
pub(super) fn pairs<'a>(value: &Value<'a>) -> Option<Vec<(Value<'a>, Value<'a>)>> {
    match value {
        Value::Dict(pairs) => Some(pairs.to_vec()),
        Value::List(values) => values
            .iter()
            .map(|value| match value {
                Value::List(pair) => match pair.as_slice() {
                    [key, value] => Some((key.clone(), value.clone())),
                    _ => None,
                },
                _ => None,
            })
            .collect(),
        _ => None,
    }
}
