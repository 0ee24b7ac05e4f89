//! Tips for near misses: words that people try before they know a command.

use std::ffi::OsString;
use std::path::Path;

use c3::frontend;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// Common words for commands of `c3`.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["create", "make", "new", "package", "pack", "wrap", "operator", "operators"], "create-operator"),
    (&["grid", "gridwrapper", "create-grid"], "create-gridwrapper"),
    (&["containerless", "zip"], "create-containerless-operator"),
    (&["workflow", "pipeline", "create-pipeline", "join", "chain"], "create-workflow"),
    (&["catalog", "site", "page", "pages", "website", "library", "gallery"], "catalogue"),
    (&["draw", "picture", "diagram", "plot", "visualize", "mermaid", "dag"], "graph"),
    (&["emit", "generate", "gen", "files", "write"], "compile"),
    (&["show", "describe", "info", "read", "list", "ls"], "inspect"),
    (&["lint", "validate", "verify", "test", "diff"], "check"),
    (&["mend", "repair", "format", "fmt"], "fix"),
    (&["start", "exec", "execute", "launch", "try"], "run"),
    (&["status", "progress"], "grid-status"),
    (&["push", "upload", "deploy", "send", "release"], "publish"),
    (&["family", "images", "build-images"], "build-family"),
    (&["settings", "conf", "configure", "schema"], "config"),
    (&["clean", "prune", "purge", "clear"], "cache"),
    (&["env", "diagnose", "setup", "info", "health"], "doctor"),
    (&["manual", "docs", "doc"], "man"),
    (&["completion", "complete"], "completions"),
    (&["code", "error", "why"], "explain"),
    (&["template", "scaffold", "quickstart", "begin", "example"], "init"),
];

/// Common words for options of one command, or of any.
const OPTIONS: &[(Option<&str>, &[&str], &str)] = &[
    (
        Some("run"),
        &["--no-build", "--local", "--local-mode", "--no-docker", "--no-container", "--without-engine"],
        "--no-engine",
    ),
    (None, &["--force", "-f"], "--overwrite"),
    (None, &["--tag", "-t"], "--version"),
    (None, &["--registry", "--repo", "--push"], "--repository"),
    (None, &["--out", "--output", "--outdir", "--out-dir", "--dest"], "--output-dir"),
    (None, &["--json"], "--format json"),
    (None, &["--dry-run", "--files-only", "--no-docker"], "--no-build"),
    (None, &["--base", "--from", "--image"], "--base-image"),
    (None, &["--python", "--python-version"], "--image-version"),
    (None, &["--verbose", "--debug"], "--log-level DEBUG"),
    (None, &["--silent"], "--quiet"),
    (None, &["--title"], "--name"),
];

/// Minimum similarity of a guess.
const ALIKE: f64 = 0.85;

/// The error with guesses of what was meant.
pub(super) fn improved(mut error: Error, words: &[OsString], program: &Command) -> Error {
    match error.kind() {
        ErrorKind::InvalidSubcommand => of_command(&mut error, words, program),
        ErrorKind::UnknownArgument => of_option(&mut error, words, program),
        _ => {}
    }
    error
}

fn of_command(error: &mut Error, words: &[OsString], program: &Command) {
    let Some(word) = text(error, ContextKind::InvalidSubcommand) else { return };
    error.remove(ContextKind::SuggestedSubcommand);
    let path = Path::new(&word);
    let outer = words.get(1).and_then(|first| program.find_subcommand(first));
    let tips = if let Some(outer) = outer.filter(|outer| outer.has_subcommands()) {
        vec![meant_within(outer, &word)]
    } else if frontend::kind(path).is_some() {
        vec![
            format!("to see what is read of it: c3 inspect {word}"),
            format!("to make an operator of it: c3 create-operator {word}"),
        ]
    } else if let Some(meant) = command(&word, program) {
        let rest = words.iter().skip_while(|given| **given != *word).skip(1);
        let rest = rest.map(|word| word.to_string_lossy().into_owned());
        let line: Vec<_> = ["c3".to_owned(), meant].into_iter().chain(rest).collect();
        vec![format!("did you mean '{}'?", line.join(" "))]
    } else if path.is_dir() {
        vec![
            format!("to write the files of the operators in it: c3 compile {word}"),
            format!("to build their images, too: c3 build {word}"),
        ]
    } else if matches!(word.as_str(), "version" | "ver") {
        vec!["write '--version'".to_owned()]
    } else {
        vec!["'c3 --help' lists the commands".to_owned()]
    };
    tip(error, &tips);
}

/// Guesses the subcommand behind a misspelt word.
fn meant_within(outer: &Command, word: &str) -> String {
    let name = outer.get_name();
    let inner: Vec<&str> =
        outer.get_subcommands().map(Command::get_name).filter(|name| *name != "help").collect();
    match nearest(word, inner.iter().copied()) {
        Some(meant) => format!("did you mean 'c3 {name} {meant}'?"),
        None => format!("'c3 {name}' takes {}", inner.join(", ")),
    }
}

/// Guesses the command behind a misspelt word.
fn command(word: &str, program: &Command) -> Option<String> {
    let word = word.to_lowercase().replace('_', "-");
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).chain(["help"]).collect();
    let called = COMMANDS.iter().find(|(words, name)| words.contains(&word.as_str()) && names.contains(name));
    if let Some((_, name)) = called {
        return Some((*name).to_owned());
    }
    let beginning = word.split('-').next().unwrap_or_default();
    nearest(&word, names.iter().copied())
        .or_else(|| names.into_iter().find(|name| *name == beginning))
        .map(ToOwned::to_owned)
}

fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Transposed and left out letters count more than a common beginning, which many commands have.
    let likeness = |name: &&str| strsim::normalized_damerau_levenshtein(word, name);
    let names = names.filter(|name| likeness(name) > ALIKE - 0.2);
    names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
}

fn of_option(error: &mut Error, words: &[OsString], program: &Command) {
    let Some(given) = text(error, ContextKind::InvalidArg) else { return };
    let option = given.split('=').next().unwrap_or_default();
    let called = words.iter().skip(1).find_map(|word| program.find_subcommand(word));
    let name = called.map(Command::get_name);
    let known = |option: &str| called.is_some_and(|command| has(command, option));
    let is_of = |of: Option<&str>| of.is_none_or(|of| Some(of) == name);
    let meant = OPTIONS.iter().find(|(of, names, meant)| {
        is_of(*of) && names.contains(&option) && known(meant.split(' ').next().unwrap_or_default())
    });
    if let Some((_, _, meant)) = meant {
        error.remove(ContextKind::SuggestedArg);
        tip(error, &[format!("did you mean '{meant}'?")]);
        return;
    }
    let others: Vec<&str> =
        program.get_subcommands().filter(|other| has(other, option)).map(Command::get_name).collect();
    if !others.is_empty() && error.get(ContextKind::SuggestedArg).is_none() {
        let shown: Vec<String> = others.iter().take(3).map(|name| format!("'c3 {name}'")).collect();
        tip(error, &[format!("'{option}' is an option of {}", shown.join(", "))]);
    }
}

/// Whether a command has an option of this spelling.
pub(super) fn has(command: &Command, option: &str) -> bool {
    command.get_arguments().filter(|argument| !argument.is_hide_set()).any(|argument| {
        let long = argument.get_long_and_visible_aliases().unwrap_or_default();
        let short = argument.get_short();
        option.strip_prefix("--").is_some_and(|option| long.contains(&option))
            || short.is_some_and(|short| option == format!("-{short}"))
    })
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn tip(error: &mut Error, tips: &[String]) {
    let tips = tips.iter().map(|tip| StyledStr::from(tip.clone())).collect();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(word: &str) -> Option<String> {
        command(word, &crate::cli::command())
    }

    #[test]
    fn common_command_guesses_get_a_tip() {
        for (word, name) in [
            ("make", "create-operator"),
            ("create", "create-operator"),
            ("create-operater", "create-operator"),
            ("create_operator", "create-operator"),
            ("creat-operator", "create-operator"),
            ("lint", "check"),
            ("chekc", "check"),
            ("inspct", "inspect"),
            ("run-it", "run"),
            ("doktor", "doctor"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(name), "{word}");
        }
        assert_eq!(meant("xyzzy"), None);
    }

    #[test]
    fn every_tip_names_an_existing_command_or_option() {
        let program = crate::cli::command();
        for (_, name) in COMMANDS {
            assert!(program.find_subcommand(name).is_some(), "{name}");
        }
        for (of, _, option) in OPTIONS {
            let option = option.split(' ').next().unwrap();
            let mut commands =
                program.get_subcommands().filter(|one| of.is_none_or(|of| one.get_name() == of));
            assert!(commands.any(|command| has(command, option)), "{option}");
        }
    }
}
