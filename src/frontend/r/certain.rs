//! Certainty: the parts of a script that always run, before anything may have ended it.

use tree_sitter::Node;

use super::literals;
use super::names::Names;
use super::shapes::Shapes;

/// Functions that don't evaluate all their arguments, or continue after an error.
const DOUBTFUL: &[&str] = &[
    "bquote",
    "delayedAssign",
    "expression",
    "ifelse",
    "on.exit",
    "possibly",
    "quote",
    "safely",
    "substitute",
    "switch",
    "test_that",
    "try",
    "tryCatch",
    "try_fetch",
    "withCallingHandlers",
];

/// Functions that end a script successfully.
const EXITS: &[&str] = &["quit", "q"];

/// Knows which code is certain to run.
pub(super) struct Certainty<'n, 'tree> {
    root: Option<Node<'tree>>,
    names: &'n Names<'tree>,
    /// Where the script may have ended.
    ended: usize,
}

impl<'n, 'tree> Certainty<'n, 'tree> {
    pub(super) fn new(names: &'n Names<'tree>, shapes: &Shapes<'tree>) -> Self {
        let mut calls = shapes.calls.iter();
        let exit = calls.find(|call| {
            let function = names.function(call.function);
            function.is_some_and(|function| EXITS.iter().any(|name| function.is_base(name)))
                && !shapes.functions.iter().any(|node| node.byte_range().contains(&call.node.start_byte()))
        });
        let root = shapes.statements.iter().map(|(_, around)| *around);
        Self {
            root: root.into_iter().find(|around| around.kind() == "program"),
            names,
            ended: exit.map_or(usize::MAX, |call| call.node.end_byte()),
        }
    }

    /// Whether code at a byte is certain to run.
    pub(super) fn is_certain(&self, offset: usize) -> bool {
        let Some(root) = self.root.filter(|_| offset < self.ended) else { return false };
        let mut cursor = root.walk();
        while cursor.goto_first_child_for_byte(offset).is_some() {
            let child = cursor.node();
            if child.start_byte() > offset {
                break;
            }
            let field = cursor.field_name().unwrap_or_default();
            let mut above = cursor.clone();
            if above.goto_parent() && self.is_doubtful(above.node(), field) {
                return false;
            }
        }
        true
    }

    /// Whether a part of a node may not run.
    fn is_doubtful(&self, node: Node, field: &str) -> bool {
        match node.kind() {
            "function_definition" | "while_statement" | "repeat_statement" => true,
            "if_statement" => field != "condition",
            "for_statement" => field != "sequence",
            "binary_operator" => field == "rhs" && self.is_short(node),
            "call" => {
                let function = node.child_by_field_name("function");
                field == "arguments" && function.is_some_and(|function| self.is_lazy(function))
            }
            _ => false,
        }
    }

    fn is_short(&self, node: Node) -> bool {
        let operator = node.child_by_field_name("operator");
        operator
            .is_some_and(|operator| matches!(&self.names.text[operator.byte_range()], "&&" | "||" | "%||%"))
    }

    fn is_lazy(&self, function: Node) -> bool {
        let named = function.child_by_field_name("rhs").unwrap_or(function);
        literals::name(named, self.names.text).is_some_and(|name| DOUBTFUL.contains(&name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::r::{shapes, tree};

    /// Whether the text `HERE` in a script is certain to run.
    fn is_certain(text: &str) -> bool {
        let parsed = tree::parse(text).unwrap();
        let shapes = shapes::find(&parsed, text);
        let names = Names::new(text, &shapes);
        Certainty::new(&names, &shapes).is_certain(text.find("HERE").unwrap())
    }

    #[test]
    fn unconditional_code_is_certain() {
        for text in [
            "HERE",
            "x <- f(1, y = HERE)",
            "if (HERE) x",
            "for (x in HERE) y",
            "HERE && x",
            "{ HERE }",
            "local({ HERE })",
            "HERE %||% x",
            "f <- function() quit()\nHERE",
            "HERE\nquit()",
            "stopifnot(x)\nHERE",
        ] {
            assert!(is_certain(text), "{text}");
        }
    }

    #[test]
    fn conditional_code_is_uncertain() {
        for text in [
            "if (x) HERE",
            "if (x) y else HERE",
            "for (x in y) HERE",
            "while (HERE) x",
            "repeat HERE",
            "f <- function(x = HERE) 1",
            "f <- function() HERE",
            "f <- \\(x) HERE",
            "x && HERE",
            "x || HERE",
            "x %||% HERE",
            "tryCatch(HERE, error = f)",
            "try(HERE)",
            "rlang::try_fetch(HERE)",
            "quit()\nHERE",
            "if (x) q('no')\nHERE",
        ] {
            assert!(!is_certain(text), "{text}");
        }
    }
}
