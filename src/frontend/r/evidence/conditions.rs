//! Conditions: what they tell of variables.

use tree_sitter::Node;

use super::Finder;
use crate::frontend::facts::Test;
use crate::frontend::r::arguments;
use crate::frontend::r::fold;
use crate::frontend::r::literals;
use crate::frontend::r::names::Names;
use crate::frontend::r::wrappers::bare;

/// Functions that keep whether there is a value.
const KEEPING: &[&str] = &[
    "as.character",
    "as.double",
    "as.integer",
    "as.logical",
    "as.numeric",
    "invisible",
    "isTRUE",
    "path.expand",
    "tolower",
    "toupper",
    "trimws",
    "unname",
];

/// Functions that tell that there is none.
const MISSING: &[&str] = &["is.na", "is.null", "is_empty", "rlang::is_empty"];

/// Whether a variable, if there is one, is set.
fn about(name: Option<String>, is_set: bool) -> Test {
    let test = name.map(|name| Test::of(&[name])).unwrap_or_default();
    if is_set { test } else { test.negated() }
}

impl<'tree> Finder<'_, 'tree> {
    /// The variable whose value an expression is: a read itself, perhaps within a conversion.
    pub(super) fn read(&self, node: Node<'tree>) -> Option<String> {
        let mut node = bare(node);
        for _ in 0..8 {
            if let Some(name) = self.reads.get(&node.start_byte()).filter(|_| node.kind() == "call") {
                let function = self.names.function(node.child_by_field_name("function")?);
                if function.is_none_or(|function| function.is_base("Sys.getenv")) {
                    return Some(name.clone());
                }
            }
            node = match node.kind() {
                "call" => {
                    let function = self.names.function(node.child_by_field_name("function")?)?;
                    KEEPING.contains(&function.name.as_str()).then_some(())?;
                    bare(self.first_argument(node)?)
                }
                "binary_operator" if self.is_assignment(node) => bare(node.child_by_field_name("rhs")?),
                _ => return None,
            };
        }
        None
    }

    pub(super) fn is_assignment(&self, node: Node) -> bool {
        let operator = node.child_by_field_name("operator");
        operator.is_some_and(|operator| matches!(&self.names.text[operator.byte_range()], "<-" | "="))
    }

    /// The variable that an expression is about: a read, or a name that holds what one gave.
    pub(super) fn subject(&self, node: Node<'tree>) -> Option<String> {
        let node = bare(node);
        if let Some(name) = self.read(node) {
            return Some(name);
        }
        if node.kind() == "call" {
            let function = self.names.function(node.child_by_field_name("function")?)?;
            KEEPING.contains(&function.name.as_str()).then_some(())?;
            return self.subject(self.first_argument(node)?);
        }
        (node.kind() == "identifier").then_some(())?;
        let held = self.holders.get(&literals::name(node, self.names.text)?)?;
        held.iter().rev().find(|(from, _)| *from <= node.start_byte())?.1.clone()
    }

    /// What a condition tells.
    pub(super) fn test(&self, condition: Node<'tree>) -> Test {
        let node = bare(condition);
        match node.kind() {
            "unary_operator" => {
                node.child_by_field_name("rhs").map(|inner| self.test(inner).negated()).unwrap_or_default()
            }
            "binary_operator" => self.compared(node),
            "call" => {
                let function =
                    node.child_by_field_name("function").and_then(|found| self.names.function(found));
                let given =
                    node.child_by_field_name("arguments").map(|list| arguments::of(list, self.names.text));
                let (Some(function), Some(given)) = (function, given) else { return Test::default() };
                let first = given.first().and_then(|argument| argument.value);
                let Some(first) = first else { return Test::default() };
                match function.name.as_str() {
                    "nzchar" | "nchar" => about(self.subject(first), true),
                    "isTRUE" | "any" | "all" if given.len() == 1 && self.subject(first).is_none() => {
                        self.test(first)
                    }
                    "isFALSE" => self.test(first).negated(),
                    "identical" => match given.get(1).and_then(|argument| argument.value) {
                        Some(other) if is_nothing(other, self.names) => about(self.subject(first), false),
                        Some(other) if is_nothing(first, self.names) => about(self.subject(other), false),
                        _ => Test::default(),
                    },
                    name if MISSING.contains(&name) => about(self.subject(first), false),
                    _ => Test::default(),
                }
            }
            _ => Test::default(),
        }
    }

    fn compared(&self, node: Node<'tree>) -> Test {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("lhs"), side("rhs"), side("operator")) else {
            return Test::default();
        };
        let subject = || match (is_nothing(right, self.names), is_nothing(left, self.names)) {
            (true, _) => self.subject(left).or_else(|| self.counted(left)),
            (_, true) => self.subject(right).or_else(|| self.counted(right)),
            _ => None,
        };
        match &self.names.text[operator.byte_range()] {
            "==" => about(subject(), false),
            "!=" | ">" => about(subject(), true),
            "&&" | "&" => Test::all(vec![self.test(left), self.test(right)]),
            "||" | "|" => Test::any(vec![self.test(left), self.test(right)]),
            "%in%" => {
                let name = fold::text(left, self.names);
                let asked = name.filter(|_| self.names.text[right.byte_range()].contains("Sys.getenv()"));
                about(asked, true)
            }
            _ => Test::default(),
        }
    }

    /// The variable whose characters are counted.
    fn counted(&self, node: Node<'tree>) -> Option<String> {
        let node = bare(node);
        let function = self.names.function(node.child_by_field_name("function")?)?;
        (function.is_base("nchar") || function.is_base("length")).then_some(())?;
        self.subject(self.first_argument(node)?)
    }

    fn first_argument(&self, call: Node<'tree>) -> Option<Node<'tree>> {
        arguments::of(call.child_by_field_name("arguments")?, self.names.text).first()?.value
    }
}

/// Whether a value says that there is none.
fn is_nothing(node: Node, names: &Names) -> bool {
    let node = bare(node);
    match node.kind() {
        "string" => node.child_by_field_name("content").is_none(),
        "null" | "na" => true,
        _ => matches!(&names.text[node.byte_range()], "0" | "0L" | "character(0)" | "NA_character_"),
    }
}
