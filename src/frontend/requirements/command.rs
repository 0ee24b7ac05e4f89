//! One command in comments: what pip, conda or the distribution's package manager installs.

use std::ops::Range;

use crate::component::Requirement;
use crate::display;
use crate::installers::{self, Installer, pip};

/// Longest argument of a command, in bytes.
pub(super) const MAX_WORD: usize = 30_000;

/// Hint for a command that can't be read.
const ONE_COMMAND: &str = "write one `pip install`, `conda install`, `dnf` or `apt` command per line; what needs a shell goes into `--dockerfile-template`";

/// The requirements of one command line.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) requirements: Vec<Requirement>,
    /// Dropped options, which make no sense in an image.
    pub(super) pointless: Vec<String>,
}

/// Whether a comment is a command that installs something.
#[must_use]
pub fn is_command(text: &str) -> bool {
    called(text).is_some()
}

/// Whether it is a command of a distribution's package manager.
pub(super) fn is_system(text: &str) -> bool {
    called(text) == Some(Installer::System)
}

fn called(text: &str) -> Option<Installer> {
    // Most comments begin with another word; those aren't split.
    let words: Vec<&str> = text.split_whitespace().collect();
    installers::call_in_shell(&words).map(|call| call.installer)
}

/// Parses a command line, or several joined by `&&`, at some bytes of the source.
pub(super) fn parse_command(command: &str, span: &Range<usize>) -> Result<Read, pip::Problem> {
    let words = words(command).map_err(|message| pip::Problem { message, hint: ONE_COMMAND.to_owned() })?;
    let mut read = Read::default();
    for words in words.split(|word| word == "&&") {
        read.add(words, span)?;
    }
    Ok(read)
}

impl Read {
    /// Adds the requirements of one command.
    fn add(&mut self, words: &[String], span: &Range<usize>) -> Result<(), pip::Problem> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let problem = |message: String| pip::Problem { message, hint: ONE_COMMAND.to_owned() };
        let call = installers::call_in_shell(&words).ok_or_else(|| {
            problem(format!("`{}` is not a command that installs packages", words.join(" ")))
        })?;
        let text = call.arguments.join(" ");
        let owned = || call.arguments.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let requirement = match call.installer {
            Installer::System => Requirement::System { text, words: owned() },
            Installer::Conda if call.arguments == ["install"] => {
                return Err(problem("`conda install` names no package".to_owned()));
            }
            Installer::Conda => Requirement::Conda { text, words: owned() },
            Installer::Pip => {
                let (pointless, kept): (Vec<_>, Vec<_>) =
                    pip::parse(&call.arguments)?.into_iter().partition(pip::Argument::is_pointless);
                if !kept.iter().any(pip::Argument::installs) {
                    return Err(problem("`pip install` names no package".to_owned()));
                }
                let words: Vec<String> = kept.into_iter().flat_map(|argument| argument.words).collect();
                let text = if pointless.is_empty() { text } else { words.join(" ") };
                self.pointless.extend(pointless.into_iter().map(|argument| argument.words.join(" ")));
                Requirement::Pip { text, words, metadata: false, span: span.clone() }
            }
        };
        self.requirements.push(requirement);
        Ok(())
    }
}

/// Splits a command like a shell, except that `>` and `<` are literal (`numpy>=1.26`).
fn words(command: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = shlex::split(command).ok_or("a quote or backslash is not closed")?;
    if let Some(word) = words.iter().find(|word| word.len() > MAX_WORD) {
        return Err(format!("`{}` is longer than {MAX_WORD} bytes", display::beginning(word, 20)));
    }
    if let Some(word) = words.iter().find(|word| word.contains(display::is_hidden)) {
        return Err(format!("`{}` holds a character that nobody sees", display::line(word)));
    }
    match words.iter().find(|word| is_shell(word)) {
        Some(word) => Err(format!("`{}` needs a shell", display::line(word))),
        None => Ok(words),
    }
}

/// Whether a word has a meaning for a shell, and can't be a package.
fn is_shell(word: &str) -> bool {
    matches!(word, "|" | "||" | ";" | "&" | ">" | ">>" | "<")
        || word.ends_with(';')
        || word.contains("$(")
        || word.contains('`')
}
