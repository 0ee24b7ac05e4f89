//! Reads in a function that gets the variable's name as an argument.

use tree_sitter::Node;

use super::Finder;
use crate::frontend::interface::{Action, Fallback};
use crate::frontend::r::arguments;
use crate::frontend::r::catches::Caught;
use crate::frontend::r::endings::ends;
use crate::frontend::r::helper::{Given, Guard, Helper};
use crate::frontend::r::literals;
use crate::frontend::r::names::Value;
use crate::frontend::r::shapes::Call;
use crate::frontend::r::wrappers::bare;
use crate::value::Constant;

/// A read that a function does for its callers.
struct Inner<'tree> {
    helper: Helper<'tree>,
    /// The call of `Sys.getenv`.
    read: Node<'tree>,
    /// The fallback.
    unset: Option<Node<'tree>>,
    /// The parameter that names the variable.
    at: usize,
    /// Whether one call reads several variables in turn.
    is_loop: bool,
}

impl<'tree> Inner<'tree> {
    /// The index of the parameter in an expression.
    fn place(&self, node: Node<'tree>, text: &str) -> Option<usize> {
        place(&self.helper, node, text)
    }
}

/// The index of a helper's parameter in an expression.
fn place(helper: &Helper, node: Node, text: &str) -> Option<usize> {
    let node = bare(node);
    let name = (node.kind() == "identifier").then(|| literals::name(node, text)).flatten()?;
    helper.formals.iter().position(|formal| *formal == name)
}

impl<'tree> Finder<'_, 'tree> {
    /// A read in a function by its parameter: each call reads the variable named by the argument.
    pub(super) fn helped(
        &mut self,
        name: Node<'tree>,
        unset: Option<Node<'tree>>,
        call: &Call<'tree>,
    ) -> bool {
        let Some(helper) = Helper::around(call.node, self.names) else { return false };
        let text = self.names.text;
        let direct = place(&helper, name, text);
        // An element of a parameter is one of those that the parameter holds.
        let Some(at) = direct.or_else(|| place(&helper, self.elements_of(name)?, text)) else { return false };
        let inner = Inner { helper, read: call.node, unset, at, is_loop: direct.is_none() };
        let calls = self.calls.iter().copied().filter(|other| inner.helper.is_called(other, text));
        let mut calls: Vec<Call> = calls.collect();
        // What is caught here doesn't help where the same is asked for elsewhere and isn't.
        calls.sort_by_key(|other| self.catches.at(other.node.start_byte()).is_some());
        for other in &calls {
            self.help(&inner, other);
        }
        !calls.is_empty()
    }

    /// One call of a helper.
    fn help(&mut self, inner: &Inner<'tree>, call: &Call<'tree>) {
        let Inner { helper, read, .. } = inner;
        let formals: Vec<&str> = helper.formals.iter().map(String::as_str).collect();
        let matched = arguments::matched(&formals, arguments::of(call.arguments, self.names.text));
        let Some(variables) = matched.value(inner.at).and_then(|value| self.variable(value)) else {
            return self.computed("read", call.node);
        };
        let given = |at: usize| {
            let said = matched.value(at);
            Given { value: said.or(helper.defaults[at]), is_said: said.is_some() }
        };
        let named = |name: &str| formals.iter().position(|formal| *formal == name).map(given);
        let guard = helper.guard(*read, self.names, &named);
        let (fallback, is_demanded) = self.taken(inner, guard.as_ref(), &given);
        let is_bare = |variable: &String| self.bare.contains(variable);
        let caught = self.catches.at(call.node.start_byte()).filter(|_| is_demanded);
        let caught = caught.filter(|_| !variables.iter().any(is_bare));
        let (fallback, is_demanded) = match caught {
            Some(Caught::Taken(value)) => (self.fallback(value), false),
            Some(Caught::Gone) => (Fallback::Absent, false),
            None => (fallback, is_demanded),
        };
        let is_left =
            caught.is_some() && matches!(fallback, Fallback::Computed | Fallback::Constant(Constant::None));
        let fallback = if is_left { Fallback::Absent } else { fallback };
        let action = if guard.is_none() && self.wrappers.is_tested(*read) {
            Action::Test
        } else {
            let cast = self.wrappers.cast(call.node).or_else(|| self.wrappers.cast(*read));
            Action::read(fallback, cast)
        };
        let is_several = (inner.is_loop || variables.len() > 1) && guard.is_none();
        let span = call.node.byte_range();
        for variable in variables {
            if is_demanded {
                self.bare.insert(variable.clone());
                self.add(variable.clone(), Action::Demand { is_final: false }, span.clone(), span.end);
            }
            self.add(variable, action.clone(), span.clone(), span.start);
            if let Some(found) = self.found.uses.last_mut().filter(|_| is_several) {
                found.inner = Some(read.start_byte());
            }
        }
    }

    /// The value of a helper's call if the variable isn't set, and whether the script ends then.
    fn taken(
        &self,
        inner: &Inner<'tree>,
        guard: Option<&Guard<'tree>>,
        given: &dyn Fn(usize) -> Given<'tree>,
    ) -> (Fallback, bool) {
        let taken = |value: Node<'tree>| {
            let value = self.unwrapped(value);
            let value = inner.place(value, self.names.text).map_or(Some(value), |at| given(at).value);
            match value {
                Some(value) if !ends(value, self.names) => self.fallback(value),
                _ => Fallback::Missing,
            }
        };
        let first = inner.unset.map_or(Fallback::Missing, taken);
        match (&first, guard) {
            (Fallback::Constant(value), _) if *value != Constant::None && !value.text().is_empty() => {
                (first, false)
            }
            (_, Some(Guard::Taken(value))) => (taken(*value), false),
            (_, Some(Guard::Goes)) => (Fallback::Absent, false),
            (_, Some(Guard::Ends)) => (Fallback::Missing, true),
            (_, None) => (first, false),
        }
    }

    /// The vector that a name iterates over.
    fn elements_of(&self, node: Node<'tree>) -> Option<Node<'tree>> {
        let node = bare(node);
        let name = (node.kind() == "identifier").then(|| literals::name(node, self.names.text)).flatten()?;
        match self.names.value_at(&name, node.start_byte())? {
            Value::Element(vector) => Some(vector),
            _ => None,
        }
    }

    /// A value without its conversion: `as.character(x)`.
    fn unwrapped(&self, value: Node<'tree>) -> Node<'tree> {
        let node = bare(value);
        let inner = self
            .names
            .called(node)
            .filter(|function| function.name.starts_with("as."))
            .and_then(|_| arguments::sole(node.child_by_field_name("arguments")?, self.names.text));
        inner.map_or(node, bare)
    }
}
