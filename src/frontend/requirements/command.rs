//! One command in comments: what of pip's, conda's and the distributions' package managers installs something.

use crate::component::Requirement;

/// Ways to call pip.
const PIP: &[&str] = &["pip", "pip3", "python -m pip", "python3 -m pip", "uv pip"];

/// Ways to call conda.
const CONDA: &[&str] = &["conda", "mamba", "micromamba"];

/// What of conda's commands installs something; environments are files, found like those of `pip install -r`.
const CONDA_SUBCOMMANDS: &[&str] = &["install", "env update"];

/// Package managers of the distributions.
const SYSTEM: &[&str] = &["dnf", "microdnf", "yum", "apt", "apt-get"];

/// Subcommands that tell a command from prose which begins with the same word.
const SUBCOMMANDS: &[&str] = &[
    "install",
    "update",
    "upgrade",
    "remove",
    "makecache",
    "clean",
    "module",
    "group",
    "groupinstall",
    "copr",
    "config-manager",
    "builddep",
    "build-dep",
    "reinstall",
    "swap",
    "autoremove",
];

/// Longest argument of a command, in bytes.
pub(super) const MAX_WORD: usize = 30_000;

/// Whether a comment's text is a command that installs something.
#[must_use]
pub fn is_command(text: &str) -> bool {
    pip_arguments(text).is_some() || conda_arguments(text).is_some() || is_system(text)
}

/// What follows `conda` where that installs something.
fn conda_arguments(text: &str) -> Option<&str> {
    let arguments = CONDA.iter().find_map(|conda| after_word(text, conda))?;
    let installs = |subcommand: &&str| {
        let words = subcommand.split(' ');
        words.clone().try_fold(arguments, |rest, word| after_word(rest, word)).is_some()
    };
    CONDA_SUBCOMMANDS.iter().any(installs).then_some(arguments)
}

/// What follows `pip install`.
fn pip_arguments(text: &str) -> Option<&str> {
    PIP.iter().find_map(|pip| {
        let rest = pip.split(' ').try_fold(text, |rest, word| after_word(rest, word))?;
        after_word(rest, "install")
    })
}

fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

pub(super) fn is_system(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|manager| SYSTEM.contains(&manager))
        && words.find(|word| !word.starts_with('-')).is_some_and(|word| SUBCOMMANDS.contains(&word))
}

/// Reads a command line, or several joined by `&&`.
pub(super) fn parse_command(command: &str) -> Result<Vec<Requirement>, String> {
    let words = words(command)?;
    let commands: Vec<&[String]> = words.split(|word| word == "&&").collect();
    commands.iter().map(|words| requirement(words)).collect()
}

fn requirement(words: &[String]) -> Result<Requirement, String> {
    let line = words.join(" ");
    if is_system(&line) {
        return Ok(Requirement::System { text: line, words: words.to_vec() });
    }
    if let Some(arguments) = conda_arguments(&line) {
        return match words {
            [_, install] if install == "install" => Err("`conda install` names no package".to_owned()),
            _ => Ok(Requirement::Conda { text: arguments.to_owned(), words: words[1..].to_vec() }),
        };
    }
    let arguments =
        pip_arguments(&line).ok_or_else(|| format!("`{line}` is no command that installs packages"))?;
    let install = words.iter().position(|word| word == "install").map_or(words.len(), |at| at + 1);
    if arguments.is_empty() {
        return Err("`pip install` names no package".to_owned());
    }
    Ok(Requirement::Pip { text: arguments.to_owned(), words: words[install..].to_vec(), metadata: false })
}

/// Splits a command as a shell does, except that `>` and `<` stand for themselves (`numpy>=1.26`).
fn words(command: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = shlex::split(command).ok_or("a quote or backslash is not closed")?;
    if let Some(word) = words.iter().find(|word| word.len() > MAX_WORD) {
        return Err(format!(
            "`{}…` is longer than {MAX_WORD} bytes",
            word.chars().take(20).collect::<String>()
        ));
    }
    let unsafe_word = words.iter().find(|word| is_shell(word) || word.contains(char::is_control));
    match unsafe_word {
        Some(word) => Err(format!("`{}` needs a shell", word.escape_debug())),
        None => Ok(words),
    }
}

/// Whether a word has a meaning for a shell which no package has.
fn is_shell(word: &str) -> bool {
    matches!(word, "|" | "||" | ";" | "&" | ">" | ">>" | "<")
        || word.ends_with(';')
        || word.contains("$(")
        || word.contains('`')
}
