//! Questions to a person, who isn't there in a container.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::semantic::Model;
use super::span;
use crate::diagnostic::Diagnostic;

/// A warning for each call that waits for what a person types.
pub(super) fn asked(body: &[Stmt], model: &Model) -> Vec<Diagnostic> {
    let mut finder = Finder { model, found: Vec::new() };
    finder.visit_body(body);
    finder.found
}

/// Functions that ask, and how they are shown.
const ASKING: &[(&str, &str)] = &[
    ("getpass.getpass", "getpass()"),
    ("click.confirm", "click.confirm()"),
    ("click.prompt", "click.prompt()"),
    ("rich.prompt.Confirm.ask", "Confirm.ask()"),
    ("rich.prompt.IntPrompt.ask", "IntPrompt.ask()"),
    ("rich.prompt.Prompt.ask", "Prompt.ask()"),
    ("typer.confirm", "typer.confirm()"),
    ("typer.prompt", "typer.prompt()"),
];

struct Finder<'m> {
    model: &'m Model<'m>,
    found: Vec<Diagnostic>,
}

impl Finder<'_> {
    fn name(&self, function: &Expr) -> Option<&'static str> {
        if self.model.is_builtin(function, "input") {
            return Some("input()");
        }
        let paths = self.model.qualified(function);
        let asks = |(path, _): &&(&str, &str)| paths.iter().any(|found| found == path);
        ASKING.iter().find(asks).map(|(_, shown)| *shown)
    }
}

impl Visitor<'_> for Finder<'_> {
    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Call(call) = expression
            && let Some(name) = self.name(&call.func)
        {
            let message = format!("`{name}` asks a person, and in a container nobody answers");
            let warning = Diagnostic::warning("asks-person", message).at(span(call));
            self.found
                .push(warning.hint("read the value from the environment, as with `os.getenv(\"name\")`"));
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    #[test]
    fn interactive_prompts_are_reported() {
        let cases = [
            ("x = int(input('n: '))", 1),
            ("from getpass import getpass as g\ng()\ninput()", 2),
            ("import typer\nfrom rich.prompt import Prompt as P\ntyper.prompt('n')\nP.ask('n')", 2),
            ("def input(): return 1\ninput()", 0),
            ("self.input()\ninput = f\ninput()", 0),
            ("'input()'", 0),
        ];
        for (text, count) in cases {
            let source = Source::new("x.py", Language::Python, format!("{text}\n"));
            let told = frontend::read(&source).diagnostics;
            assert_eq!(told.iter().filter(|told| told.code == "asks-person").count(), count, "{text}");
        }
    }
}
