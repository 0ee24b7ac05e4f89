//! Words after `pip install` that may be prose: plain lower-case words of which none is imported or a known
//! package.

use super::semantic::{Import, Model};
use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::installers::{distributions, pip};

/// Warns of each `pip install` whose words look like prose.
pub(super) fn doubts(requirements: &[Requirement], model: &Model) -> Vec<Diagnostic> {
    let plain = |requirement: &Requirement| match requirement {
        Requirement::Pip { words, metadata: false, span, .. } if looks_like_prose(words) => {
            Some((words.clone(), span.clone()))
        }
        _ => None,
    };
    let plain: Vec<_> = requirements.iter().filter_map(plain).collect();
    if plain.is_empty() {
        return Vec::new();
    }
    let imported: Vec<_> = model.imports().iter().map(Import::module).collect();
    let unknown = plain.into_iter().filter(|(words, _)| !words.iter().any(|word| is_known(word, &imported)));
    unknown.map(|(words, span)| doubt(&words).at(span)).collect()
}

/// Whether words are plain ones, and more than one.
fn looks_like_prose(words: &[String]) -> bool {
    let is_plain = |word: &String| word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() > 1 && words.iter().all(is_plain)
}

fn is_known(word: &str, imported: &[&str]) -> bool {
    !distributions::modules(word).is_empty()
        || distributions::is_silent(word)
        || imported.iter().any(|module| pip::normalized(module) == word)
}

fn doubt(words: &[String]) -> Diagnostic {
    let message =
        format!("`pip install {}` may be prose: none of these packages is imported", words.join(" "));
    Diagnostic::warning("doubtful-requirement", message)
        .hint("anyone may publish packages of these names; if it is a comment, begin it with another word, else give a version, such as `name>=1`")
}
