//! Writes of variables, permanent and temporary.

use tree_sitter::Node;

use super::{Finder, is_name};
use crate::frontend::interface::Action;
use crate::frontend::r::arguments::{self, Argument};
use crate::frontend::r::fold;
use crate::frontend::r::shapes::Call;

/// Most enclosing nodes searched for a call.
const MAX_DEPTH: usize = 8;

impl<'tree> Finder<'_, 'tree> {
    /// `Sys.setenv(x = 1)`.
    pub(super) fn write(&mut self, arguments: Vec<Argument<'tree>>, call: &Call<'tree>) {
        for argument in arguments {
            match argument.name {
                Some(name) => self.add(name, Action::Write, argument.node.byte_range(), call.node.end_byte()),
                None => self.computed("written", argument.node),
            }
        }
    }

    /// `with_envvar(c(x = "1"), …)`, and `local_envvar`, which lasts until the enclosing function ends.
    pub(super) fn lend(&mut self, call: &Call<'tree>, is_within: bool) {
        let given = arguments::of(call.arguments, self.names.text);
        let first = if is_within { "new" } else { ".new" };
        let list = arguments::matched(&[first], given.clone()).value(0).and_then(|list| self.list(list));
        let around = std::iter::successors(call.node.parent(), Node::parent);
        let around = around.into_iter().find(|node| node.kind() == "function_definition");
        let end = around.map_or(self.names.text.len(), |function| function.end_byte());
        let span = if is_within { call.node.byte_range() } else { call.node.end_byte()..end };
        let named = list.into_iter().flatten().chain(given).filter_map(|argument| argument.name);
        self.lent.extend(named.map(|name| (name, span.clone())));
    }

    /// `Sys.unsetenv("x")`, unless only done at the end.
    pub(super) fn take_out(&mut self, call: &Call<'tree>) {
        let around = std::iter::successors(call.node.parent(), Node::parent).take(MAX_DEPTH);
        let mut called = around.filter_map(|node| self.names.called(node));
        let is_late = called.any(|function| function.is_base("on.exit"));
        let names = arguments::sole(call.arguments, self.names.text).filter(|_| !is_late);
        for name in names.and_then(|names| fold::texts(names, self.names)).into_iter().flatten() {
            self.add(name, Action::Remove, call.node.byte_range(), call.node.end_byte());
        }
    }

    /// `do.call(Sys.setenv, list(x = 1))`.
    pub(super) fn indirect(&mut self, call: &Call<'tree>) {
        let matched = arguments::matched(
            &["what", "args", "quote", "envir"],
            arguments::of(call.arguments, self.names.text),
        );
        let Some(what) = matched.value(0).filter(|what| is_name(*what)) else { return };
        let Some(function) = self.names.function(what) else { return };
        let list = matched.value(1).and_then(|list| self.list(list));
        if function.is_base("Sys.setenv") {
            self.handled.insert(what.end_byte());
            match list {
                Some(arguments) => self.write(arguments, call),
                None => self.computed("written", call.node),
            }
        } else if function.is_base("Sys.getenv") {
            self.handled.insert(what.end_byte());
            match list.filter(|list| !list.iter().any(Argument::is_spliced)) {
                Some(arguments) => self.read_by(arguments, call),
                None => self.computed("read", call.node),
            }
        }
    }

    /// The arguments of a `list(…)` or a `c(…)`.
    fn list(&self, node: Node<'tree>) -> Option<Vec<Argument<'tree>>> {
        let function = self.names.called(node)?;
        (function.is_base("list") || function.is_base("c")).then_some(())?;
        Some(arguments::of(node.child_by_field_name("arguments")?, self.names.text))
    }
}
