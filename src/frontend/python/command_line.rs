//! The command line of a script: whether it reads the one that it is called with.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::semantic::{Model, Names};

/// Modules that read the command line for those who import them.
pub(super) const MODULES: &[&str] = &[
    "absl.app",
    "absl.flags",
    "argparse",
    "clize",
    "cliff",
    "click",
    "configargparse",
    "cyclopts",
    "defopt",
    "docopt",
    "fileinput",
    "fire",
    "getopt",
    "gin.flags",
    "hydra",
    "jsonargparse",
    "optparse",
    "plac",
    "rich_click",
    "simple_parsing",
    "tap",
    "typer",
    "tyro",
];

/// The lists of arguments.
const ARGUMENTS: &[&str] = &["sys.argv", "sys.orig_argv"];

/// Whether a script reads its command line, by itself or by a library.
pub(super) fn is_read(body: &[Stmt], model: &Model) -> bool {
    let imported = model.imports().iter().any(|import| {
        MODULES.iter().any(|module| import.is_below(module)) || ARGUMENTS.contains(&import.path.as_str())
    });
    imported || mentions(body, model)
}

fn mentions(body: &[Stmt], model: &Model) -> bool {
    let names = model.names_of("sys");
    if matches!(&names, Names::These(names) if names.is_empty()) {
        return false;
    }
    let mut finder = Finder { model, names, found: false };
    finder.visit_body(body);
    finder.found
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    names: Names<'a>,
    found: bool,
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        let is_name = matches!(expression, Expr::Name(_) | Expr::Attribute(_));
        self.found = self.found
            || (is_name
                && self.names.begin(expression)
                && self.model.qualified(expression).iter().any(|path| ARGUMENTS.contains(&path.as_str())));
        if !self.found {
            walk_expr(self, expression);
        }
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    #[test]
    fn the_command_line_is_read_in_many_ways() {
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
