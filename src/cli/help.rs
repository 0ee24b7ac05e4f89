//! The help: commands in groups; `-h` shows the everyday ones, `--help` all.

use std::ffi::OsString;

use clap::Command;

/// Commands by purpose.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Make operators",
        &[
            "create-operator",
            "create-gridwrapper",
            "create-containerless-operator",
            "create-workflow",
            "build",
            "compile",
            "build-family",
        ],
    ),
    ("Inspect and check sources", &["inspect", "graph", "check", "explain", "fix", "config"]),
    (
        "Run and publish",
        &[
            "run",
            "submit",
            "logs",
            "wait",
            "cancel",
            "grid-status",
            "grid-clean",
            "catalogue",
            "snippet",
            "publish",
        ],
    ),
    ("Set up", &["init", "doctor", "cache", "completions", "man", "help"]),
];

/// Commands hidden from `-h`.
const RARE: &[&str] = &[
    "logs",
    "wait",
    "cancel",
    "create-containerless-operator",
    "build-family",
    "grid-status",
    "grid-clean",
    "catalogue",
    "snippet",
    "publish",
    "cache",
    "completions",
    "man",
];

/// Options in the `-h` of commands with many, by long name.
const EVERYDAY: &[(&str, &[&str])] = &[
    (
        "create-operator",
        &["repository", "version", "no-build", "local-mode", "target", "output-dir", "overwrite", "quiet"],
    ),
    (
        "create-gridwrapper",
        &["repository", "version", "no-build", "output-dir", "process", "backend", "quiet"],
    ),
    (
        "build",
        &[
            "repository",
            "version",
            "local-mode",
            "upgrade",
            "target",
            "output-dir",
            "overwrite",
            "jobs",
            "quiet",
        ],
    ),
    ("compile", &["repository", "version", "target", "output-dir", "overwrite", "stale", "quiet"]),
    ("init", &["name", "kind", "repository", "ci", "yes"]),
    ("snippet", &["kfp", "volume", "secret", "limits", "gpu", "format"]),
    ("build-family", &["file", "repository", "cuda", "local-mode", "dry-run", "yes", "quiet"]),
    ("run", &["output-dir", "mount", "env", "gpus", "no-engine", "additional-files"]),
    ("create-workflow", &["name", "output-dir", "target", "parallel", "overwrite", "quiet"]),
    ("create-containerless-operator", &["version", "output-dir", "allow-build", "overwrite", "quiet"]),
    ("check", &["format", "stale", "ignore", "exit-zero", "target", "base-image"]),
];

/// Footer of the short help of commands with hidden options.
const MORE: &str = "`--help` lists all options";

/// Template of the first page.
const PAGE: &str = "{about-with-newline}\n{usage-heading} {usage}\n\nCommands:\n{commands}\n\nOptions:\n{options}{after-help}";

/// Whether a command line asks for the long help.
pub(super) fn is_long(words: &[OsString]) -> bool {
    words.iter().skip(1).any(|word| word == "--help" || word == "help")
}

/// The command line with its help rearranged.
pub(super) fn arranged(command: Command, is_long: bool) -> Command {
    let page = PAGE.replace("{commands}", &commands(&command, is_long));
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    names
        .into_iter()
        .fold(command.help_template(page), |command, name| command.mut_subcommand(name, shortened))
}

/// The commands in groups, one per line; the rare ones in the long help only.
fn commands(command: &Command, is_long: bool) -> String {
    let about = |name: &str| match command.find_subcommand(name) {
        Some(command) => command.get_about().map(ToString::to_string).unwrap_or_default(),
        None => "Print help for a command".to_owned(),
    };
    let is_shown = |name: &&&str| is_long || !RARE.contains(name);
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter()).filter(is_shown);
    let width = names.map(|name| name.len()).max().unwrap_or(0);
    let line = |name: &&str| format!("  {name:<width$}  {}", about(name));
    let group = |(title, names): &(&str, &[&str])| {
        let lines: Vec<_> = names.iter().filter(is_shown).map(line).collect();
        format!("{title}:\n{}", lines.join("\n"))
    };
    let groups = GROUPS.iter().map(group).collect::<Vec<_>>().join("\n");
    if is_long { groups } else { format!("{groups}\n(`c3 --help` lists all commands)") }
}

/// A command whose short help has only everyday options.
fn shortened(command: Command) -> Command {
    let Some((_, everyday)) = EVERYDAY.iter().find(|(name, _)| *name == command.get_name()) else {
        return command;
    };
    let has_more = command.get_after_help().is_none();
    let command = if has_more { command.after_help(MORE).after_long_help("") } else { command };
    command.mut_args(|argument| {
        let is_everyday = argument.get_long().is_none_or(|long| everyday.contains(&long) || long == "help");
        if is_everyday { argument } else { argument.hide_short_help(true) }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_is_in_exactly_one_help_group() {
        let program = crate::cli::command();
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let known: BTreeSet<_> = program.get_subcommands().map(Command::get_name).chain(["help"]).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(grouped.len(), known.len());
    }

    #[test]
    fn everyday_options_exist() {
        let program = crate::cli::command();
        for (name, options) in EVERYDAY {
            let command = program.find_subcommand(name).unwrap();
            let longs: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
            for option in *options {
                assert!(longs.contains(option), "{name} --{option}");
            }
        }
    }

    #[test]
    fn the_short_help_is_short() {
        let mut program = arranged(crate::cli::command(), false);
        program.build();
        assert!(program.render_help().to_string().lines().count() <= 36);
        for command in program.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let lines = command.render_help().to_string().lines().count();
            assert!(lines <= 36, "{}: {lines}", command.get_name());
        }
    }

    #[test]
    fn the_command_list_fits_a_terminal() {
        let list = commands(&crate::cli::command(), true);
        assert!(list.lines().all(|line| line.len() <= 80), "{list}");
    }
}
