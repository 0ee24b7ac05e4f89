//! The command line of a script: whether the script reads its own.

use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::semantic::{Model, Names};
use super::span;
use crate::diagnostic::Diagnostic;

/// Modules that read the command line for those who import them.
pub(super) const MODULES: &[&str] = &[
    "absl.app",
    "absl.flags",
    "argh",
    "argparse",
    "cleo",
    "clize",
    "cliff",
    "click",
    "configargparse",
    "cyclopts",
    "datargs",
    "defopt",
    "docopt",
    "draccus",
    "fileinput",
    "fire",
    "getopt",
    "gin.flags",
    "hydra",
    "jsonargparse",
    "lightning.pytorch.cli",
    "luigi",
    "optparse",
    "plac",
    "pyrallis",
    "pytorch_lightning.cli",
    "rich_click",
    "simple_parsing",
    "tap",
    "transformers.HfArgumentParser",
    "trl.TrlParser",
    "typer",
    "tyro",
];

/// The lists of arguments.
const ARGUMENTS: &[&str] = &["sys.argv", "sys.orig_argv"];

/// Whether a script reads its command line, itself or through a library.
pub(super) fn is_read(body: &[Stmt], model: &Model) -> bool {
    let imported = model.imports().iter().any(|import| {
        MODULES.iter().any(|module| import.is_below(module)) || ARGUMENTS.contains(&import.path.as_str())
    });
    imported || mentions(body, model)
}

fn mentions(body: &[Stmt], model: &Model) -> bool {
    mention(body, model, false).is_some()
}

/// The first mention of a script's list of arguments, if `is_for_more` other than for its own name,
/// `sys.argv[0]`.
fn mention(body: &[Stmt], model: &Model, is_for_more: bool) -> Option<Range<usize>> {
    let names = model.names_of("sys");
    if matches!(&names, Names::These(names) if names.is_empty()) {
        return None;
    }
    let mut finder = Finder { model, names, is_for_more, found: None };
    finder.visit_body(body);
    finder.found
}

/// The note on a script that reads its command line itself, without a library.
pub(super) fn told(body: &[Stmt], model: &Model) -> Option<Diagnostic> {
    let is_library = |import: &super::semantic::Import| MODULES.iter().any(|module| import.is_below(module));
    if model.imports().iter().any(is_library) {
        return None;
    }
    let message = "the script reads its command line itself: its options are no inputs";
    let note = Diagnostic::note("unread-options", message).at(mention(body, model, true)?);
    Some(note.hint(
        "what stands behind `--` reaches the script as it is; read what is to be an input with `os.getenv`",
    ))
}

/// Whether an expression is `[0]` of something.
fn is_first(expression: &Expr) -> bool {
    let index = expression.as_subscript_expr().and_then(|item| item.slice.as_number_literal_expr());
    index.and_then(|literal| literal.value.as_int()).is_some_and(|int| *int == 0)
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    names: Names<'a>,
    is_for_more: bool,
    found: Option<Range<usize>>,
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        if self.found.is_some() || (self.is_for_more && is_first(expression)) {
            return;
        }
        let is_name = matches!(expression, Expr::Name(_) | Expr::Attribute(_));
        let is_found = is_name
            && self.names.begin(expression)
            && self.model.qualified(expression).iter().any(|path| ARGUMENTS.contains(&path.as_str()));
        self.found = is_found.then(|| span(expression));
        if !is_found {
            walk_expr(self, expression);
        }
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    #[test]
    fn every_way_to_read_the_command_line_is_recognized() {
        let cases = [
            ("import sys\nprint(sys.argv[1])", true),
            ("import sys as s\nx = s.argv", true),
            ("from sys import argv", true),
            ("from sys import *\nprint(argv)", true),
            ("import argparse", true),
            ("def main():\n from argparse import ArgumentParser", true),
            ("import click as c", true),
            ("from absl import app", true),
            ("from absl import flags as f", true),
            ("import absl.logging", false),
            ("import typer, fire", true),
            ("from docopt import docopt", true),
            ("import sys\nprint(sys.path)", false),
            ("from .click import x", false),
            ("import clickhouse", false),
            ("# import argparse\n'sys.argv'", false),
            ("def f(sys): return sys.argv", false),
        ];
        for (script, reads) in cases {
            let parsed = parse_module(script).unwrap();
            let body = &parsed.syntax().body;
            assert_eq!(is_read(body, &Model::new(body)), reads, "{script}");
        }
    }
}
