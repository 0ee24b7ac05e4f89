//! Packages that are installed but never imported.

use std::collections::BTreeSet;

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use super::scene::Scene;
use crate::diagnostic::Diagnostic;
use crate::installers::distributions;
use crate::installers::pip::normalized;
use crate::source::Source;

/// Reports installed distributions that neither the code nor another one is known to need.
pub(super) fn check(source: &Source, parsed: &Parsed<ModModule>, scene: &Scene) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let own = scene.installed.own.iter();
    let unused = own.filter(|name| is_unused(name, scene) && seen.insert(normalized(name)));
    let note = |name: &String| {
        let note = Diagnostic::note("unused-package", format!("`{name}` is installed, but never imported"))
            .hint("leave it out, unless another package needs it at run time");
        match place(source.text(), parsed, name) {
            Some(start) => note.at(start..start + name.len()),
            None => note,
        }
    };
    unused.map(note).collect()
}

/// Whether a distribution is unused; only known if its modules are.
fn is_unused(name: &str, scene: &Scene) -> bool {
    let modules = distributions::modules(name);
    let is_said = |module: &str| module.split('.').all(|part| scene.says(part));
    !modules.is_empty()
        && !distributions::is_silent(name)
        && !scene.is_needed(name)
        && !scene.says(&name.replace('-', "_"))
        && !modules.iter().any(|module| is_said(module))
}

/// The position of a distribution in a comment.
fn place(text: &str, parsed: &Parsed<ModModule>, name: &str) -> Option<usize> {
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !"-_./".contains(c));
    let comments = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment);
    comments.into_iter().find_map(|token| {
        let start = token.range().start().to_usize();
        let comment = text.get(start..token.range().end().to_usize())?;
        let at = comment.match_indices(name).map(|(at, _)| at).find(|&at| {
            is_apart(comment[..at].chars().next_back()) && is_apart(comment[at + name.len()..].chars().next())
        })?;
        Some(start + at)
    })
}
