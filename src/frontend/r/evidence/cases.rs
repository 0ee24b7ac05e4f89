//! Cases other than conditions that say what happens without a variable.

use tree_sitter::Node;

use super::{Evidence, Finder};
use crate::frontend::facts::{Fact, Test};
use crate::frontend::interface::Fallback;
use crate::frontend::r::arguments::{self, Argument};
use crate::frontend::r::catches::Caught;
use crate::frontend::r::endings::{ends, last};
use crate::frontend::r::literals;
use crate::frontend::r::names::{Value, parameters};

/// Functions that return the first of several values that exists.
const COALESCING: &[&str] = &["%|%", "%||%", "coalesce", "fcoalesce", "replace_na"];

/// Functions that only test a value.
const ASKING: &[&str] = &[
    "identical",
    "isTRUE",
    "isFALSE",
    "is.na",
    "is.null",
    "grepl",
    "startsWith",
    "endsWith",
    "str_detect",
    "nzchar",
    "is.element",
];

impl<'tree> Finder<'_, 'tree> {
    /// `switch(x, a = 1, stop("unknown"))`: the last value is for all others.
    pub(super) fn choose(&mut self, given: &[Argument<'tree>], at: Node<'tree>) {
        let Some((subject, cases)) = given.split_first() else { return };
        let names = subject.value.map(|value| self.subject(value)).unwrap_or_default();
        if names.is_empty() {
            return;
        }
        self.arms(&names, cases);
        let asked = cases.iter().find(|case| case.name.as_deref() == Some(""));
        let other = asked.or_else(|| cases.iter().find(|case| case.name.is_none()));
        let other = other.and_then(|case| case.value);
        if other.and_then(last).is_some_and(|other| ends(other, self.names)) {
            self.demand(&Test::of(&names).no, at);
        } else if let Some(value) = other.filter(|_| asked.is_some()) {
            self.take(names, value);
        } else {
            self.leave(&names);
        }
    }

    /// Each case but that of the default runs only where its value is given; empty ones run what follows.
    fn arms(&mut self, names: &[String], cases: &[Argument<'tree>]) {
        let [name] = names else { return };
        let default = self.defaults.get(name).cloned();
        let is_default = |case: &Argument| default.is_some() && case.name == default;
        let (mut is_usual, has_default) = (false, cases.iter().any(is_default));
        for case in cases {
            is_usual |= is_default(case) || (case.name.is_none() && !has_default);
            let Some(value) = case.value else { continue };
            if !is_usual {
                self.within(value.byte_range(), Test::of_choice(name).yes);
            }
            is_usual = false;
        }
    }

    /// `number(Sys.getenv("n"), 5)`, where a function of the script gives another of its parameters for a first one
    /// that is missing.
    pub(super) fn filled(&mut self, function: Node<'tree>, given: &[Argument<'tree>]) {
        let name = literals::name(function, self.names.text);
        let value = name.and_then(|name| self.names.only_value(&name));
        let Some(Value::Expression(own)) = value else { return };
        let [first, ..] = given else { return };
        let names = first.value.map(|value| self.subject(value)).unwrap_or_default();
        let other = Some(own).filter(|_| !names.is_empty() && first.name.is_none());
        let Some((name, default)) = other.and_then(|own| self.instead(own)) else { return };
        let said = given.iter().find(|argument| argument.name.as_ref() == Some(&name));
        let second = given.get(1).filter(|argument| argument.name.is_none());
        if let Some(value) = said.or(second).map_or(default, |argument| argument.value) {
            self.take(names, value);
        }
    }

    /// The second parameter of a function, with its default, if it stands in for the first one where that is missing.
    fn instead(&self, function: Node<'tree>) -> Option<(String, Option<Node<'tree>>)> {
        let written = |node: Node<'tree>| &self.names.text[node.byte_range()];
        let formals = parameters(function);
        let (_, second) = (formals.first()?, formals.get(1)?);
        let choice = function.child_by_field_name("body").and_then(last)?;
        let condition =
            choice.child_by_field_name("condition").filter(|_| choice.kind() == "if_statement")?;
        let asks = ["is.na(", "nzchar(", "is.null(", "nchar(", "== \"\"", "!= \"\""];
        asks.iter().any(|ask| written(condition).contains(ask)).then_some(())?;
        let sides =
            ["consequence", "alternative"].map(|side| choice.child_by_field_name(side).and_then(last));
        sides.into_iter().flatten().any(|side| written(side) == written(*second)).then_some(())?;
        let default = second.parent().and_then(|parameter| parameter.child_by_field_name("default"));
        Some((written(*second).to_owned(), default))
    }

    /// Whether a value is compared: `length(x) == 0`.
    fn is_compared(&self, node: Node<'tree>) -> bool {
        let around = node.parent().and_then(|around| self.operator_of(around));
        around.is_some_and(|operator| ["==", "!=", "<", "<=", ">", ">="].contains(&operator))
    }

    /// `case_when(x == "" ~ "d", TRUE ~ x)`: as `if` and `else`.
    fn first_case(&mut self, cases: &[Node<'tree>]) {
        let is_formula = |case: &&Node<'tree>| self.operator_of(**case) == Some("~");
        let sides =
            |case: &Node<'tree>| Some((case.child_by_field_name("lhs")?, case.child_by_field_name("rhs")?));
        let cases: Option<Vec<_>> = cases.iter().filter(is_formula).map(sides).collect();
        let cases = cases.unwrap_or_default();
        for (at, (condition, value)) in cases.iter().enumerate() {
            let other = cases.get(at + 1).map(|(_, other)| *other);
            self.choice(self.test(*condition), Some(*value), other);
        }
    }

    /// `x[x == ""] <- "d"`.
    pub(super) fn replace(&mut self, target: Node<'tree>, value: Node<'tree>) {
        let test =
            target.child_by_field_name("arguments").and_then(|given| arguments::sole(given, self.names.text));
        let Some(test) = test.filter(|_| target.kind() == "subset").map(|test| self.test(test)) else {
            return;
        };
        self.fill(&test, value);
    }

    /// A value used where a test holds.
    fn fill(&mut self, test: &Test, value: Node<'tree>) {
        let missing = test.yes.iter().filter(|fact| !fact.is_set);
        self.take(missing.map(|fact| fact.name.clone()).collect(), value);
    }

    /// `x |> coalesce("d")`.
    pub(super) fn coalesce(&mut self, piped: Node<'tree>, call: Node<'tree>) {
        let function =
            self.names.called(call).filter(|function| COALESCING.contains(&function.name.as_str()));
        let other = function.and_then(|_| self.first_argument(call));
        if let Some(other) = other {
            self.take(self.subject(piped), other);
        }
    }

    /// A value is used if variables aren't set.
    pub(super) fn take(&mut self, names: Vec<String>, value: Node<'tree>) {
        let fallback = self.fallback(value);
        self.found.extend(names.into_iter().map(|name| (name, Evidence::Taken(fallback.clone()))));
    }

    /// Functions known to handle missing values; returns whether this is one.
    pub(super) fn known(&mut self, name: &str, given: &[Argument<'tree>], at: Node<'tree>) -> bool {
        let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
        match (name, values.as_slice()) {
            ("switch", _) => self.choose(given, at),
            ("case_when" | "fcase", cases) => self.first_case(cases),
            ("is.null", [first]) if self.is_text(*first) => self.leave(&self.subject(*first)),
            ("length", [first]) if self.is_text(*first) && self.is_compared(at) => {
                self.leave(&self.subject(*first));
            }
            ("Sys.setenv", _) => self.restored(given),
            ("replace", [_, test, value]) => {
                let test = self.test(*test);
                self.fill(&test, *value);
            }
            (name, [first, .., other]) if COALESCING.contains(&name) => {
                self.take(self.subject(*first), *other);
            }
            ("match.arg" | "arg_match", [first, ..]) => {
                self.demand(&Test::of(&self.subject(*first)).no, at);
            }
            (name, values) if ASKING.contains(&name) => {
                let names: Vec<String> = values.iter().flat_map(|value| self.read(*value)).collect();
                self.leave(&names);
            }
            _ => return false,
        }
        true
    }

    /// Whether a custom operator returns its right side if there is nothing on the left.
    pub(super) fn falls_back(&self, operator: &str) -> bool {
        let own = operator.starts_with('%').then(|| self.names.only_value(operator)).flatten();
        let Some(Value::Expression(function)) = own else { return false };
        let names: Vec<&str> =
            parameters(function).iter().map(|name| &self.names.text[name.byte_range()]).collect();
        let ([_, other], Some(choice)) = (&*names, function.child_by_field_name("body").and_then(last))
        else {
            return false;
        };
        let sides = match choice.kind() {
            "if_statement" => {
                ["consequence", "alternative"].map(|side| choice.child_by_field_name(side)).to_vec()
            }
            "call" => {
                let list = choice.child_by_field_name("arguments");
                let given = list.map(|list| arguments::of(list, self.names.text)).unwrap_or_default();
                given.iter().skip(1).map(|argument| argument.value).collect()
            }
            _ => return false,
        };
        let sides = sides.into_iter().flatten().filter_map(last);
        sides.into_iter().any(|side| self.names.text[side.byte_range()] == **other)
    }

    /// `Sys.setenv(x = old)`, where `old` is the former value: a temporary change, not a requirement.
    fn restored(&mut self, given: &[Argument<'tree>]) {
        for argument in given {
            let (Some(name), Some(value)) = (&argument.name, argument.value) else { continue };
            if self.subject(value) == [name.clone()] {
                let is_kept = value.kind() == "identifier";
                self.found.extend(is_kept.then(|| (name.clone(), Evidence::Absent)));
                self.found.push((name.clone(), Evidence::Restored));
            }
        }
    }

    /// The script continues without some variables.
    pub(super) fn leave(&mut self, names: &[String]) {
        self.found.extend(names.iter().map(|name| (name.clone(), Evidence::Absent)));
    }

    /// The evidence of a caught failure.
    pub(super) fn relieved(&self, facts: &[Fact], caught: Caught<'tree>) -> Vec<(String, Evidence)> {
        let fallback = match caught {
            Caught::Taken(value) => self.fallback(value),
            Caught::Gone => Fallback::Absent,
        };
        let fallback = if fallback == Fallback::Computed { Fallback::Absent } else { fallback };
        let missing = facts.iter().filter(|fact| !fact.is_set);
        missing.map(|fact| (fact.name.clone(), Evidence::Taken(fallback.clone()))).collect()
    }
}
