//! Reads of several variables in turn, each with its default.

use tree_sitter::Node;

use super::{Finder, is_name, vector, whole};
use crate::frontend::interface::{Action, Fallback};
use crate::frontend::r::arguments::{self, Argument};
use crate::frontend::r::fold;
use crate::frontend::r::literals;
use crate::frontend::r::names::{ROWS, Value};
use crate::frontend::r::shapes::Call;
use crate::frontend::r::wrappers::bare;

impl<'tree> Finder<'_, 'tree> {
    /// The fallback for a variable, one of several with their own positions.
    pub(super) fn fallback_at(
        &self,
        unset: Node<'tree>,
        name: Node<'tree>,
        variable: &str,
        at: usize,
    ) -> Fallback {
        match self.element(unset, name, variable, at) {
            Some(value) => self.fallback(value),
            None => self.fallback(unset),
        }
    }

    /// The element for a variable: `defaults[[name]]`, or the one parallel to the name.
    fn element(
        &self,
        unset: Node<'tree>,
        name: Node<'tree>,
        variable: &str,
        at: usize,
    ) -> Option<Node<'tree>> {
        let unset = bare(unset);
        if matches!(unset.kind(), "identifier" | "dot_dot_i") {
            let value = self.names.value_at(&literals::name(unset, self.names.text)?, unset.start_byte())?;
            let Value::Element(values) = value else { return None };
            let parts = fold::parts(bare(values), self.names)?;
            return parts.get(at).map(|(_, value)| *value);
        }
        matches!(unset.kind(), "subset" | "subset2").then_some(())?;
        let text = |node: Node| &self.names.text[bare(node).byte_range()];
        let index = arguments::sole(unset.child_by_field_name("arguments")?, self.names.text)?;
        (text(index) == text(name)).then_some(())?;
        let all = fold::named(unset.child_by_field_name("function")?, self.names)?;
        all.into_iter().find(|(known, _)| known == variable).map(|(_, value)| value)
    }

    /// `sapply(c("x", "y"), Sys.getenv)`, `Map(Sys.getenv, c("x", "y"), c("d", "e"))`.
    pub(super) fn apply(&mut self, call: &Call<'tree>, function: &str) {
        let mut given = arguments::of(call.arguments, self.names.text);
        if let Some(piped) = self.wrappers.piped(call.node) {
            given.insert(0, Argument { name: None, value: Some(piped), node: piped });
        }
        let is_reading = |argument: &&Argument<'tree>| {
            let read = argument.value.filter(|value| is_name(*value));
            read.and_then(|read| self.names.function(read)).is_some_and(|found| found.is_base("Sys.getenv"))
        };
        let Some(reading) = given.iter().find(is_reading).and_then(|argument| argument.value) else { return };
        self.handled.insert(reading.end_byte());
        let is_read =
            |argument: &&Argument<'tree>| argument.value.is_some_and(|value| value.id() == reading.id());
        let others: Vec<&Argument> = given.iter().filter(|argument| !is_read(argument)).collect();
        let is_unset = |argument: &&&Argument| argument.name.as_deref() == Some("unset");
        let Some(names) = others.iter().find(|argument| !is_unset(argument)).and_then(|first| first.value)
        else {
            return self.found.diagnostics.push(whole(reading));
        };
        // The third argument of `vapply` is a pattern of the result, unless that has its name.
        let has_pattern = function == "vapply"
            && !others.iter().any(|argument| argument.name.as_deref() == Some("FUN.VALUE"));
        let second =
            others.iter().filter(|argument| argument.name.is_none()).nth(1 + usize::from(has_pattern));
        // `mapply(Sys.getenv, names, MoreArgs = list(unset = "d"))`.
        let more = others.iter().find(|argument| argument.name.as_deref() == Some("MoreArgs"));
        let more = more.and_then(|more| fold::named(more.value?, self.names)).unwrap_or_default();
        let more = more.into_iter().find(|(name, _)| name == "unset").map(|(_, value)| value);
        let unset = others.iter().find(is_unset).or(second).and_then(|unset| unset.value).or(more);
        let cast = self.wrappers.cast(call.node);
        let rows = unset
            .map(|unset| vector(unset, self.names))
            .filter(|rows| ROWS.contains(&function) && rows.len() > 1);
        let Some(variables) = self.variables(names, call.node) else {
            return self.computed("read", call.node);
        };
        for (at, (name, span)) in variables.into_iter().enumerate() {
            let taken = rows.as_ref().and_then(|rows| rows.get(at).copied()).or(unset);
            let fallback = taken.map_or(Fallback::Missing, |unset| self.fallback(unset));
            self.add(name, Action::read(fallback, cast.clone()), span, call.node.start_byte());
        }
    }
}
