//! Python in the arguments of commands and magics: what IPython evaluates, and what it sets.

use ruff_python_parser::parse_expression;

use super::call::quoted;
use crate::frontend::python;

/// Words of code that uses the environment, in Python and in the languages of magics.
const WORDS: &[&str] =
    &["environ", "getenv", "expandvars", "Sys.setenv", "$ENV{", "%ENV", "ENV[", "ENV.fetch", "process.env"];

/// Whether a text may use the environment.
pub(super) fn mentions(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

/// A call with the expressions of a command as further arguments, if they use the environment.
pub(super) fn shown(call: &str, command: &str) -> String {
    let found: Vec<_> = expressions(command).into_iter().filter(|part| mentions(part)).collect();
    let shown = call.strip_suffix(')').filter(|_| !found.is_empty());
    shown.map_or_else(|| call.to_owned(), |call| format!("{call}, {})", found.join(", ")))
}

/// The Python in braces.
fn expressions(command: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), command);
    while let Some((_, after)) = rest.split_once('{') {
        rest = after;
        let ends = after.match_indices('}').map(|(end, _)| &after[..end]);
        found.extend(ends.take(8).find(|part| is_expression(part)));
    }
    found
}

/// Whether a text is an expression of Python.
pub(in crate::frontend::notebook) fn is_expression(text: &str) -> bool {
    !text.trim().is_empty() && !python::is_too_deep(text) && parse_expression(text).is_ok()
}

/// The code after the options of `%timeit`.
pub(super) fn timed(line: &str) -> Option<String> {
    let starts = line.match_indices(char::is_whitespace).map(|(at, _)| &line[at..]);
    let code = std::iter::once(line).chain(starts).map(str::trim);
    code.filter(|code| !code.starts_with('-')).find(|code| is_expression(code)).map(str::to_owned)
}

/// `%env` in Python: sets a variable, or gives its value.
pub(super) fn environment(line: &str, is_assigned: bool) -> String {
    let line = line.trim();
    let (name, value) = match line.split_once(['=', ' ', '\t']) {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (line, None),
    };
    let (environment, name) = ("__import__('os').environ", quoted(name));
    match value.map(quoted) {
        Some(value) if is_assigned => format!("{environment}.__setitem__({name}, {value})"),
        Some(value) => format!("{environment}[{name}] = {value}"),
        None => format!("{environment}[{name}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_embedded_in_commands_is_found() {
        let call = "get_ipython().system('x')";
        let with = |more: &str| format!("get_ipython().system('x', {more})");
        assert_eq!(shown(call, "echo {os.environ['a']} {b}"), with("os.environ['a']"));
        assert_eq!(shown(call, "echo {f({'a': os.getenv('b')})}"), with("f({'a': os.getenv('b')})"));
        assert_eq!(shown(call, "awk '{print environ $1}'"), call);
        assert_eq!(shown(call, "echo"), call);
    }

    #[test]
    fn variables_are_set_and_read() {
        assert_eq!(environment("a=b c", false), "__import__('os').environ['a'] = 'b c'");
        assert_eq!(environment("a b", false), "__import__('os').environ['a'] = 'b'");
        assert_eq!(environment("a=b", true), "__import__('os').environ.__setitem__('a', 'b')");
        assert_eq!(environment("a", false), "__import__('os').environ['a']");
        assert_eq!(timed("-n 5 os.environ['a']").as_deref(), Some("os.environ['a']"));
    }
}
