//! Syntax that older versions of Python don't have.

use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseError, ParseOptions, Parsed, parse, parse_module};
use ruff_text_size::Ranged;

use super::{bytes, lower_first};
use crate::component::NewerSyntax;

/// Parses a module as the oldest Python, so that the parser reports what came later.
pub(super) fn parse_as_oldest(text: &str) -> Result<Parsed<ModModule>, ParseError> {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY37);
    parse(text, options)?.try_into_module().map_or_else(|| parse_module(text), Ok)
}

/// The newer syntax of a module, in order of appearance.
pub(super) fn syntax(parsed: &Parsed<ModModule>) -> Vec<NewerSyntax> {
    let errors = parsed.unsupported_syntax_errors().iter();
    let mut found: Vec<_> = errors
        .filter_map(|error| {
            // The parser keeps the version to itself, but for its message.
            let message = error.to_string();
            let (complaint, rest) = message.split_once(" on Python ")?;
            let (_, since) = rest.trim_end_matches(')').rsplit_once("added in Python ")?;
            let (complaint, since) = (lower_first(complaint), since.to_owned());
            Some(NewerSyntax { complaint, since, span: bytes(error.range()) })
        })
        .collect();
    found.sort_by_key(|syntax| syntax.span.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_syntax_form_has_a_minimum_version() {
        for (text, since) in [
            ("if (n := 1):\n    pass\n", "3.8"),
            ("def f(a, /):\n    pass\n", "3.8"),
            ("def f():\n    return 1, *x\n", "3.8"),
            ("with (open('a') as a, open('b') as b):\n    pass\n", "3.9"),
            ("@a[0].b\ndef f():\n    pass\n", "3.9"),
            ("@a(1).b\ndef f():\n    pass\n", "3.9"),
            ("match x:\n    case 1:\n        pass\n", "3.10"),
            ("try:\n    pass\nexcept* OSError:\n    pass\n", "3.11"),
            ("a[*b]\n", "3.11"),
            ("f'{d['a']}'\n", "3.12"),
            ("type A = int\n", "3.12"),
            ("def f[T](a: T):\n    pass\n", "3.12"),
            ("def f[T = int](a: T):\n    pass\n", "3.12"),
            ("t'{a}'\n", "3.14"),
            ("try:\n    pass\nexcept A, B:\n    pass\n", "3.14"),
        ] {
            let found = syntax(&parse_as_oldest(text).unwrap());
            assert_eq!(found.first().map(|syntax| syntax.since.as_str()), Some(since), "{text}");
        }
        assert_eq!(syntax(&parse_as_oldest("print(f'{a!r:>{n}}', *b)\nasync def f(): pass\n").unwrap()), []);
    }
}
