//! The scene of a script: installed packages, surrounding files, and every word of its code.

use std::collections::BTreeSet;

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use super::search;
use crate::check::installed::Installed;
use crate::check::surroundings::Surroundings;
use crate::component::Component;
use crate::frontend::notebook::PROSE;
use crate::frontend::python::semantic::Model;
use crate::installers::distributions;
use crate::installers::pip::normalized;
use crate::source::Source;

/// What imports are compared with.
pub(super) struct Scene<'a> {
    /// The installed distributions.
    pub(super) installed: Installed,
    /// The files around the source.
    pub(super) surroundings: &'a Surroundings,
    /// Whether the code extends the search path for modules.
    pub(super) extends_path: bool,
    /// Every word of the source outside comments, such as `os.path` and `data.csv`.
    words: BTreeSet<&'a str>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        source: &'a Source,
        parsed: &Parsed<ModModule>,
        model: &Model,
        component: &Component,
        surroundings: &'a Surroundings,
    ) -> Self {
        let text = source.text();
        Self {
            installed: Installed::of(component, surroundings),
            surroundings,
            extends_path: search::extends_path(&parsed.syntax().body, model),
            words: words(text, parsed).into_iter().chain(written(text)).collect(),
        }
    }

    /// Whether more may be installed than is known.
    pub(super) fn is_open(&self) -> bool {
        let names = &self.installed.names;
        self.installed.opaque || names.iter().any(|name| !distributions::has_known_companions(name))
    }

    /// Whether the code itself downloads the file of a module.
    pub(super) fn fetches(&self, module: &str) -> bool {
        [".py", ".zip", ".whl", ".git"].iter().any(|ending| {
            let file = format!("{module}{ending}");
            self.words.iter().any(|word| word.ends_with(&file))
        })
    }

    /// Whether the code contains a word, alone or in a dotted path.
    pub(super) fn says(&self, word: &str) -> bool {
        self.words.iter().any(|said| said.split('.').any(|part| part == word))
    }

    /// Whether a distribution is, or may be, a dependency of other installed ones.
    pub(super) fn is_needed(&self, distribution: &str) -> bool {
        let name = normalized(distribution);
        let others = self.installed.names.iter().filter(|other| **other != name).cloned().collect();
        distributions::with_companions(&others).contains(&name)
            || (self.is_open() && distributions::is_companion(distribution))
    }
}

/// The files that notebook cells write.
fn written(text: &str) -> impl Iterator<Item = &str> {
    let magics = text.lines().filter_map(|line| line.strip_prefix(PROSE)?.trim().split_once(' '));
    let writing = magics.filter(|(magic, _)| ["%%writefile", "%%file"].contains(magic));
    writing.flat_map(|(_, line)| line.split_whitespace())
}

fn words<'a>(text: &'a str, parsed: &Parsed<ModModule>) -> BTreeSet<&'a str> {
    let code = parsed.tokens().iter().filter(|token| token.kind() != TokenKind::Comment);
    let words = code.flat_map(|token| {
        let range = token.range().start().to_usize()..token.range().end().to_usize();
        let is_apart = |c: char| !c.is_alphanumeric() && c != '_' && c != '.';
        text.get(range).unwrap_or_default().split(is_apart)
    });
    words.collect()
}
