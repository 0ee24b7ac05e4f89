//! Conditions: what they imply for variables.

use tree_sitter::Node;

use super::subjects::Held;
use super::{ASSERTIONS, Finder};
use crate::frontend::facts::{Fact, Test, as_option};
use crate::frontend::r::arguments;
use crate::frontend::r::atom::Atom;
use crate::frontend::r::endings::{ends, last};
use crate::frontend::r::fold;
use crate::frontend::r::names::{APPLY, Names};
use crate::frontend::r::wrappers::bare;

/// Functions that test for missing values.
const MISSING: &[&str] = &["anyNA", "is.na", "is.null", "is_empty"];

/// Most enclosing nodes searched for the use of a comparison.
const MAX_DEPTH: usize = 8;

/// Tests of how a script is run, as an operator runs it.
const USUAL: &[&str] = &["interactive()", "sys.nframe()", "sys.call", "globalenv()"];

impl<'tree> Finder<'_, 'tree> {
    /// What a condition implies.
    pub(super) fn test(&self, condition: Node<'tree>) -> Test {
        let node = bare(condition);
        match node.kind() {
            "unary_operator" => {
                node.child_by_field_name("rhs").map(|inner| self.test(inner).negated()).unwrap_or_default()
            }
            "binary_operator" => Some(self.compared(node))
                .filter(|test| *test != Test::default())
                .unwrap_or_else(|| self.other(node)),
            "identifier" => match self.holds_at(node) {
                Some(Held::Outcome(test)) => test.clone(),
                _ => self.truth(node).unwrap_or_else(|| self.other(node)),
            },
            "call" => self.called(node).or_else(|| self.truth(node)).unwrap_or_else(|| self.other(node)),
            _ => self.other(node),
        }
    }

    /// The truth of a variable's value, which may be another one than that of its default.
    fn truth(&self, node: Node<'tree>) -> Option<Test> {
        let names = self.subject(node);
        let [name] = names.as_slice() else { return None };
        if as_option(name).is_some() {
            return None;
        }
        let Some(default) = self.defaults.get(name) else { return Some(Test::of_choice(name)) };
        let other = Test { yes: Test::of_choice(name).yes, ..Test::default() };
        match default.to_lowercase().as_str() {
            "false" | "f" | "0" => Some(other),
            "true" | "t" | "1" => Some(other.negated()),
            _ => None,
        }
    }

    /// A condition about something else says nothing of variables.
    fn other(&self, node: Node<'tree>) -> Test {
        let text = &self.names.text[node.byte_range()];
        let is_usual =
            USUAL.iter().any(|usual| text.contains(usual)) || fold::fold(node, self.names).is_some();
        if is_usual { Test::default() } else { Test::unknown() }
    }

    /// What a call implies, such as `nzchar(x)`.
    fn called(&self, node: Node<'tree>) -> Option<Test> {
        let function = self.names.called(node)?;
        let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
        let values: Vec<Node> = given
            .iter()
            .filter(|argument| argument.name.is_none())
            .filter_map(|argument| argument.value)
            .collect();
        let first = given.first()?.value?;
        Some(match function.name.as_str() {
            // `Sys.getenv("x")` is a text in any case.
            "is.null" | "length" if self.is_text(first) => return None,
            "nzchar" | "nchar" | "length" => self.present(first),
            "file.exists" | "dir.exists" | "file_exists" | "dir_exists" => {
                Test::all(vec![self.present(first), Test::unknown()])
            }
            "isTRUE" | "isFALSE" if !self.subject(first).is_empty() => return None,
            "isTRUE" | "suppressWarnings" => self.test(first),
            "isFALSE" => self.test(first).negated(),
            "any" => Test::any(values.iter().map(|value| self.test(*value).some()).collect()),
            "all" => Test::all(values.iter().map(|value| self.test(*value).every()).collect()),
            "identical" => match given.get(1)?.value? {
                other if is_nothing(other, self.names) => self.present(first).negated(),
                other if is_nothing(first, self.names) => self.present(other).negated(),
                _ => return None,
            },
            name if MISSING.contains(&name) => self.present(first).negated(),
            name if APPLY.contains(&name) => {
                let function = given.iter().filter_map(|argument| argument.value);
                let function = function.into_iter().find(|value| value.kind() == "function_definition")?;
                self.test(last(function.child_by_field_name("body")?)?)
            }
            _ => return None,
        })
    }

    /// Whether there is a value, or any elements are left.
    fn present(&self, node: Node<'tree>) -> Test {
        let names = self.subject(node);
        if !names.is_empty() {
            return Test::of(&names);
        }
        self.kept(node).or_else(|| self.counted(node)).map(Test::some).unwrap_or_default()
    }

    fn compared(&self, node: Node<'tree>) -> Test {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("lhs"), side("rhs"), self.operator_of(node))
        else {
            return Test::default();
        };
        let present = || match (is_nothing(right, self.names), is_nothing(left, self.names)) {
            (true, _) => self.present(left),
            (_, true) => self.present(right),
            _ => Test::default(),
        };
        let truth = fold::fold(right, self.names).filter(|_| matches!(operator, "==" | "!="));
        if let Some([Atom::Bool(truth)]) = truth.as_deref() {
            let test = self.test(left);
            return if *truth == (operator == "==") { test } else { test.negated() };
        }
        let is_one = matches!(&self.names.text[right.byte_range()], "1" | "1L");
        match operator {
            "|>" | "%>%" => self.piped(left, right).unwrap_or_default(),
            "==" | "!=" => {
                let test = match self.of_value(left, right) {
                    value if value.is_empty() => present().negated(),
                    yes => Test { yes, ..Test::default() },
                };
                if operator == "==" { test } else { test.negated() }
            }
            ">" => present(),
            ">=" if is_one => self.present(left),
            "<" if is_one => self.present(left).negated(),
            "<" if is_nothing(left, self.names) => self.present(right),
            "&&" | "&" => Test::all(vec![self.test(left), self.test(right)]),
            "||" | "|" => Test::any(vec![self.test(left), self.test(right)]),
            "%in%" if is_none_of(right, self.names) => self.present(left).negated(),
            "%in%" => {
                let names = fold::texts(left, self.names).unwrap_or_default();
                let is_asked = self.reads.contains_key(&bare(left).start_byte());
                if is_asked && !names.is_empty() { Test::of(&names) } else { Test::default() }
            }
            _ => Test::default(),
        }
    }

    /// Which value a variable has where it is another one than its default.
    fn of_value(&self, left: Node<'tree>, right: Node<'tree>) -> Vec<Fact> {
        let chosen = |asked, text| {
            let (names, text) = (self.subject(asked), fold::text(text, self.names)?);
            let [name] = names.as_slice() else { return None };
            let is_other = as_option(name).is_none() && self.defaults.get(name) != Some(&text);
            (is_other && !text.is_empty()).then(|| Test::of_choice(name).yes)
        };
        chosen(left, right).or_else(|| chosen(right, left)).unwrap_or_default()
    }

    /// Whether the script ends if a comparison finds nothing: `stopifnot(Sys.getenv("x") %in% c("a", "b"))`.
    pub(super) fn is_refused(&self, comparison: Node<'tree>) -> bool {
        let mut holds = self.operator_of(comparison) == Some("!=");
        let mut node = comparison;
        for _ in 0..MAX_DEPTH {
            let Some(around) = node.parent() else { return false };
            let field = |field| around.child_by_field_name(field);
            let is_end = |part: Option<Node<'tree>>| {
                part.and_then(last).is_some_and(|last| ends(last, self.names))
                    && self.catches.at(around.start_byte()).is_none()
            };
            match around.kind() {
                "parenthesized_expression" | "argument" | "arguments" => {}
                "unary_operator" if self.operator_of(around) == Some("!") => holds = !holds,
                "binary_operator" if self.operator_of(around) == Some("||") => {
                    return !holds && is_end(field("rhs"));
                }
                "call" => {
                    let is_assertion =
                        self.names.called(around).is_some_and(|found| ASSERTIONS.contains(&&*found.name));
                    return !holds && is_assertion && self.catches.at(around.start_byte()).is_none();
                }
                "if_statement" => return is_end(field(if holds { "consequence" } else { "alternative" })),
                _ => return false,
            }
            node = around;
        }
        false
    }

    /// `Sys.getenv("x") |> nzchar()`.
    fn piped(&self, left: Node<'tree>, right: Node<'tree>) -> Option<Test> {
        match self.names.called(right)?.name.as_str() {
            "nzchar" | "nchar" | "length" => Some(self.present(left)),
            "any" => Some(self.test(left).some()),
            "all" => Some(self.test(left).every()),
            name if MISSING.contains(&name) => Some(self.present(left).negated()),
            _ => None,
        }
    }

    /// Whether the counted characters or elements exist.
    fn counted(&self, node: Node<'tree>) -> Option<Test> {
        let node = bare(node);
        let function = self.names.called(node)?;
        (function.is_base("nchar") || function.is_base("length")).then_some(())?;
        let test = self.present(self.first_argument(node)?);
        (!test.is_empty()).then_some(test)
    }
}

/// Whether all elements of a vector mean "missing": `c("", NA)`.
fn is_none_of(node: Node, names: &Names) -> bool {
    let elements = fold::parts(bare(node), names);
    elements.is_some_and(|all| !all.is_empty() && all.iter().all(|(_, value)| is_nothing(*value, names)))
}

/// Whether a value means "missing".
fn is_nothing(node: Node, names: &Names) -> bool {
    let node = bare(node);
    match node.kind() {
        "string" => node.child_by_field_name("content").is_none(),
        "null" | "na" => true,
        _ => matches!(&names.text[node.byte_range()], "0" | "0L" | "character(0)" | "NA_character_"),
    }
}
