//! Commands of a script that install or download something.

use ruff_python_ast::{Expr, InterpolatedStringElement};

use super::calls::Call;
use crate::check::downloads::note;
use crate::diagnostic::Diagnostic;
use crate::frontend::place::is_address;
use crate::frontend::python::known::RUNNERS;
use crate::frontend::python::semantic::Model;
use crate::installers::pip::{self, Kind};
use crate::installers::{self, Installer};

/// Functions of IPython that `!command` becomes; installs among them are reported elsewhere.
const SHELLS: &[&str] = &[
    "IPython.get_ipython().getoutput",
    "IPython.get_ipython().system",
    "builtins.get_ipython().getoutput",
    "builtins.get_ipython().system",
];

/// The translation of `%magic line`.
const MAGICS: &[&str] = &["IPython.get_ipython().run_line_magic", "builtins.get_ipython().run_line_magic"];

/// Functions of pip that take its arguments.
const PIP: &[&str] = &["pip.main", "pip._internal.main", "pip._internal.cli.main.main"];

/// Programs that download an address in their arguments.
const FETCHERS: &[&str] = &["wget", "curl", "git", "aria2c"];

/// Reports a call that runs such a command.
pub(super) fn check(call: &Call) -> Option<Diagnostic> {
    if call.known(MAGICS).is_some() {
        let name = call.text(0, "magic_name").unwrap_or_default();
        let line = call.argument(1, "line").map(|line| split(line, call.model)).unwrap_or_default();
        let words: Vec<_> = std::iter::once(name.as_str()).chain(line.iter().map(String::as_str)).collect();
        return installs_more(&words, call).then(install);
    }
    let is_pip = call.known(PIP).is_some();
    let in_shell = call.known(SHELLS).is_some();
    if !is_pip && !in_shell && call.known(RUNNERS).is_none() {
        return None;
    }
    let value = call.argument(0, "args").or_else(|| call.argument(0, "command"))?;
    let words = words(value, call.model);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    if is_pip {
        return words.contains(&"install").then(install);
    }
    words.split(|word| ["&&", "||", ";", "|"].contains(word)).find_map(|words| one(words, in_shell, call))
}

/// Reports one command.
fn one(words: &[&str], in_shell: bool, call: &Call) -> Option<Diagnostic> {
    let is_unknown = |word: &&&str| word.is_empty();
    let words = &words[words.iter().take_while(is_unknown).count()..];
    if installers::call_in_shell(words).is_some() {
        return (!in_shell || installs_more(words, call)).then(install);
    }
    if installers::other(words).is_some() {
        return (!in_shell).then(install);
    }
    let words = &words[installers::prefix(words)..];
    let is_ahead = |word: &&&str| installers::is_python(word) || **word == "-m";
    let start = words.iter().take_while(is_ahead).count();
    let (program, arguments) = words[start..].split_first()?;
    let program = program.rsplit('/').next().unwrap_or(program);
    let is_address = |word: &&&str| is_address(word.trim_matches(['"', '\'']));
    if FETCHERS.contains(&program) && arguments.iter().any(|word| is_address(&word)) {
        return Some(note(program));
    }
    let module =
        matches!((program, arguments.first()), ("spacy", Some(&"download")) | ("nltk.downloader", _));
    module.then(|| note(program))
}

/// Whether a notebook's command installs a package that isn't in the image.
fn installs_more(words: &[&str], call: &Call) -> bool {
    let Some(found) = installers::call_in_shell(words) else { return false };
    let arguments = (found.installer == Installer::Pip).then(|| pip::parse(&found.arguments).ok()).flatten();
    let is_more = |argument: pip::Argument| match argument.kind {
        Kind::Package(name) => !call.installed.contains(&pip::normalized(&name)),
        _ => false,
    };
    arguments.into_iter().flatten().any(is_more)
}

fn install() -> Diagnostic {
    Diagnostic::warning("run-time-install", "a package is installed here while the operator runs").hint(
        "write a line such as `# pip install …` instead, which puts it into the image: many clusters have no internet",
    )
}

/// One word of a command.
fn word(element: &Expr, model: &Model) -> String {
    if model.may_be(element, "sys.executable") {
        return "sys.executable".to_owned();
    }
    model.text(element).unwrap_or_default()
}

/// The words of a command; unknown ones are empty, except `sys.executable`.
fn words(value: &Expr, model: &Model) -> Vec<String> {
    match value {
        Expr::List(list) => list.elts.iter().map(|element| word(element, model)).collect(),
        Expr::Tuple(tuple) => tuple.elts.iter().map(|element| word(element, model)).collect(),
        Expr::Call(call) => {
            // `'pip install x'.split()`
            let text = call.func.as_attribute_expr().filter(|method| method.attr.as_str() == "split");
            text.map_or_else(Vec::new, |method| split(&method.value, model))
        }
        value => split(value, model),
    }
}

fn split(text: &Expr, model: &Model) -> Vec<String> {
    let text = model.text(text).or_else(|| known_parts(text)).unwrap_or_default();
    shlex::split(&text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

/// The known parts of an f-string, with a placeholder for the others.
fn known_parts(text: &Expr) -> Option<String> {
    let elements = text.as_f_string_expr()?.value.elements();
    let part = |element: &InterpolatedStringElement| {
        element.as_literal().map_or("unknown".to_owned(), |literal| literal.value.to_string())
    };
    Some(elements.map(part).collect())
}
