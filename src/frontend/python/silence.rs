//! Nothing in silence: words of code that look like the environment and that nothing else reports.

use std::collections::BTreeSet;
use std::ops::Range;

use ruff_python_ast::Stmt;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::visitor::{Visitor, walk_stmt};

use super::semantic::Model;
use super::span;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// The words.
pub(crate) const WORDS: &[&str] = &["environ", "environb", "getenv", "getenvb", "expandvars"];

/// Functions that run a text as code.
const EVALUATORS: &[&str] = &["eval", "exec", "compile"];

/// A module with such a name.
const MODULE: &str = "environ";

/// A note for each line with such a word outside what is known and outside imports.
pub(super) fn unread(
    tokens: &Tokens,
    body: &[Stmt],
    known: Vec<Range<usize>>,
    model: &Model,
    source: &Source,
) -> Vec<Diagnostic> {
    let has_module = model.imports().iter().any(|import| import.path == MODULE);
    let mut words: Vec<Range<usize>> = words(tokens, source.text(), has_module);
    words.extend(evaluated(tokens, source.text()));
    words.extend(looked_up(tokens, source.text()));
    if words.is_empty() {
        return Vec::new();
    }
    let mut imports = Imports(known);
    imports.visit_body(body);
    let mut known = imports.0;
    known.sort_by_key(|range| range.start);
    // How far what begins before reaches.
    let reach = known.iter().scan(0, |reach, range| {
        *reach = range.end.max(*reach);
        Some(*reach)
    });
    let reach: Vec<usize> = reach.collect();
    let is_known = |word: &Range<usize>| {
        let before = known.partition_point(|range| range.start <= word.start);
        before > 0 && reach[before - 1] >= word.end
    };
    let mut lines = BTreeSet::new();
    let unknown = words.into_iter().filter(|word| !is_known(word) && lines.insert(source.line(word.start)));
    unknown.map(note).collect()
}

/// The words, without the module `environ`.
fn words(tokens: &Tokens, text: &str, has_module: bool) -> Vec<Range<usize>> {
    let is_part = |at: usize| at > 0 && tokens[at - 1].kind() == TokenKind::Dot;
    let is_module = |at: usize, name: &str| has_module && name == MODULE && !is_part(at);
    let names = tokens.iter().enumerate().filter(|(_, token)| token.kind() == TokenKind::Name);
    let names = names.map(|(at, token)| (at, span(token)));
    let words = names.filter(|(_, name)| WORDS.contains(&&text[name.clone()]));
    words.filter(|(at, name)| !is_module(*at, &text[name.clone()])).map(|(_, name)| name).collect()
}

/// Texts with such a word that run as code: `eval("os.environ['x']")`.
fn evaluated<'a>(tokens: &'a Tokens, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_dot = |at: Option<usize>| at.is_some_and(|at| tokens[at].kind() == TokenKind::Dot);
    let is_run = move |at: usize| {
        let named =
            at >= 2 && tokens[at - 1].kind() == TokenKind::Lpar && tokens[at - 2].kind() == TokenKind::Name;
        named && EVALUATORS.contains(&&text[span(&tokens[at - 2])]) && !is_dot(at.checked_sub(3))
    };
    let strings = tokens.iter().enumerate().filter(|(_, token)| token.kind() == TokenKind::String);
    let worded = strings.filter(|(_, token)| WORDS.iter().any(|word| text[span(*token)].contains(word)));
    worded.filter(move |(at, _)| is_run(*at)).map(|(_, token)| span(token))
}

/// Texts with such a word that look up a module's names: `vars(os)["environ"]`, `os.__dict__["environ"]`.
fn looked_up<'a>(tokens: &'a Tokens, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_lookup = move |at: usize| {
        let before = at.checked_sub(2).map(|before| (tokens[before].kind(), &text[span(&tokens[before])]));
        let is_names = matches!(before, Some((TokenKind::Rpar, _) | (TokenKind::Name, "__dict__")));
        is_names && tokens[at - 1].kind() == TokenKind::Lsqb
    };
    let strings = tokens.iter().enumerate().filter(|(_, token)| token.kind() == TokenKind::String);
    let worded = strings.filter(|(_, token)| WORDS.contains(&text[span(*token)].trim_matches(['"', '\''])));
    worded.filter(move |(at, _)| is_lookup(*at)).map(|(_, token)| span(token))
}

fn note(at: Range<usize>) -> Diagnostic {
    let message = "this may be the environment, used in a way that isn't followed";
    Diagnostic::note("whole-environment", message)
        .at(at)
        .hint("a variable that is read or set this way is not part of the interface; read it by its name")
}

/// Positions of imports and of parameter names, in order.
struct Imports(Vec<Range<usize>>);

impl Visitor<'_> for Imports {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.0.push(span(statement)),
            Stmt::FunctionDef(function) => {
                // What a parameter stands for without an argument is looked at by itself.
                let optional = function.parameters.iter_non_variadic_params();
                let optional = optional.filter(|parameter| parameter.default.is_some());
                self.0.extend(optional.map(|parameter| span(&parameter.parameter.name)));
                walk_stmt(self, statement);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &ruff_python_ast::Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend;
    use crate::language::Language;

    /// The lines of a script's code with such a word that appear neither in the interface nor in a
    /// diagnostic.
    fn silent(text: &str) -> Vec<usize> {
        let source = Source::new("x.py", Language::Python, text.to_owned());
        let component = frontend::read(&source).component.unwrap();
        let inputs = component.inputs.iter().flat_map(|input| &input.reads);
        let outputs = component.outputs.iter().map(|output| &output.location);
        let told = component.diagnostics.iter().filter_map(|finding| finding.location.as_ref());
        let known: Vec<usize> =
            inputs.chain(outputs).chain(told).map(|location| location.line as usize).collect();
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let code = lines.filter(|(_, line)| !line.contains("import ") && !line.starts_with('#'));
        let worded = code.filter(|(_, line)| WORDS.iter().any(|word| line.contains(word)));
        worded.map(|(at, _)| at).filter(|at| !known.contains(at)).collect()
    }

    #[test]
    fn unsupported_environment_reads_are_reported() {
        for form in [
            "os.environ['x']",
            "del os.environ['x']",
            "request.environ['x']",
            "def f(environ): return 1",
            "e = os.environ",
            "g = os.getenv",
            "print(os.environ)",
            "vars(os)['environ']['x']",
            "os.__dict__[\"environ\"].get('x')",
            "os.environ.clear()",
            "for k in os.environ: print(k)",
            "os.environ[k] = 1",
            "os.environ.update(f())",
            "x = [os.getenv for y in z]",
            "os.path.expandvars(x)",
            "os.getenvb(b'x')",
            "v = vars(os)['x'] or os.environb",
            "'{x}'.format(**os.environ)",
            "'%(x)s' % os.environ",
            "f(environ=1)",
            "os.environ['a'], os.getenv(k)",
            "lambda: os.environ.get('x')",
            "self.getenv('x')",
            "@os.getenv('x')\ndef f(): pass",
            "if os.environ is None: pass",
            "os.environ = {}",
            "eval(\"os.environ['x']\")",
            "exec('x = os.getenv(1)')",
        ] {
            assert_eq!(silent(&format!("import os\n{form}\n")), [0_usize; 0], "{form}");
        }
    }

    #[test]
    fn supported_environment_reads_are_not_reported() {
        let told = |form: &&str| {
            let source = Source::new("x.py", Language::Python, format!("import os\n{form}\n"));
            frontend::read(&source).diagnostics.iter().any(|found| found.code == "whole-environment")
        };
        let forms = [
            "'x' in os.environ",
            "if 'x' not in os.environ: os.environ['x'] = '1'",
            "m = [n for n in ('x', 'y') if n not in os.environ]",
            "if not 'x' in os.environ.keys(): pass",
            "v = os.environ['x'] if 'x' in os.environ else 'y'",
            "e = os.environ\nif 'x' in e: print(e['x'])",
            "e = os.environ\nv = e.get('x', 'y')",
            "g = os.getenv\nv = g('x')",
            "e = os.environ.copy()\nv = e['x']",
            "e = dict(os.environ)\nv = e['x']",
            "assert all(n in os.environ for n in ['x', 'y'])",
            "v = os.environ.get('x') or os.environ.get('y')",
            "os.environ.setdefault('x', '1')",
            "os.environ.pop('x', None)",
            "os.environ.update(x='1')",
            "os.environ.update({'x': '1'})",
            "os.environ |= {'x': '1'}",
            "f'{os.environ[\"x\"]}'",
            "v = os.environb.get(b'x')",
            "v = os.path.expandvars('$x')",
            "for n in ('x', 'y'): print(os.environ[n])",
            "v = {n: os.environ[n] for n in ('x', 'y')}",
            "try: v = os.environ['x']\nexcept KeyError: v = '1'",
            "match os.environ.get('x'):\n    case 'a': pass",
            "print(os.environ.get('x', os.environ.get('y', 'z')))",
        ];
        let told: Vec<_> = forms.into_iter().filter(told).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}
