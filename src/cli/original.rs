//! Programs of the original: `c3` acts as the one whose name it is called by.

use std::ffi::OsString;
use std::path::Path;

use c3::component::Input;
use c3::failure::{Failure, USAGE};

/// Usage of the original's program `claimed`.
const CLAIMED: &str = "write `claimed --component IMAGE [--NAME VALUE]...`, `claimed create operator FILE ...` or `claimed create gridwrapper FILE ...`";

/// The help of the original's program `claimed`.
pub(crate) const HELP: &str = "\
Runs and makes operators as the original's program `claimed` does.

Usage: claimed --component IMAGE [--NAME VALUE]...
       claimed create operator FILE [OPTIONS]
       claimed create gridwrapper FILE [OPTIONS]
       claimed create containerless-operator FILE [OPTIONS]

  --component IMAGE  Runs an operator in its image; `NAME` alone is
                     docker.io/claimed/NAME:latest, and a name with
                     `containerless` is an unpacked operator below
                     the folder in CLAIMED_CONTAINERLESS_OPERATOR_PATH
  --component IMAGE --help
                     Lists the operator's parameters
  --version          Prints the version

`c3 --help` lists what the program can do by its own name.
";

/// The original's programs besides `claimed`, with their commands.
const PROGRAMS: &[(&str, &str)] = &[
    ("c3_create_operator", "create-operator"),
    ("c3_create_gridwrapper", "create-gridwrapper"),
    ("c3_create_containerless_operator", "create-containerless-operator"),
];

/// The name that the program is called by.
fn program(words: &[OsString]) -> Option<String> {
    let stem = Path::new(words.first()?).file_stem()?;
    stem.to_str().map(ToOwned::to_owned)
}

/// Whether the original's program `claimed` is asked for help.
pub(crate) fn asks_help(words: &[OsString]) -> bool {
    let asked = words.get(1).and_then(|word| word.to_str());
    program(words).is_some_and(|program| program == "claimed")
        && matches!(asked, Some("--help" | "-h" | "help"))
}

/// The `claimed` command that runs an operator, which the original prints at the end; nothing if `c3` is
/// called by its own name.
pub(crate) fn claimed_command(image: &str, inputs: &[(String, Input)]) -> Option<String> {
    let called = program(&std::env::args_os().take(1).collect::<Vec<_>>())?;
    let is_originals = called == "claimed" || PROGRAMS.iter().any(|(program, _)| *program == called);
    is_originals.then(|| command(image, inputs))
}

/// The command with defaults, and names in capitals for required values; without secrets.
fn command(image: &str, inputs: &[(String, Input)]) -> String {
    let open = inputs.iter().filter(|(_, input)| !input.secret);
    let options = open.filter_map(|(id, input)| {
        let needed = input.required.then(|| id.to_uppercase());
        let value = input.default.clone().or(needed)?;
        shlex::try_join([format!("--{id}").as_str(), value.as_str()]).ok()
    });
    let start = ["claimed --component".to_owned(), image.to_owned()];
    start.into_iter().chain(options).collect::<Vec<_>>().join(" ")
}

/// The words of a command line, translated for `c3`.
pub(crate) fn words(mut words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let called = program(&words).unwrap_or_default();
    if called == "claimed" {
        return claimed(words);
    }
    if let Some((_, command)) = PROGRAMS.iter().find(|(program, _)| *program == called) {
        words.insert(1, command.into());
    }
    Ok(words)
}

/// `claimed --component IMAGE …` → `c3 run --component IMAGE …`, `claimed create operator …` → `c3 create-operator …`.
fn claimed(mut words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let word = |at: usize| words.get(at).and_then(|word| word.to_str());
    match (word(1), word(2)) {
        (Some("--component"), Some(_)) => words.insert(1, "run".into()),
        (Some("create"), Some(kind @ ("operator" | "gridwrapper" | "containerless-operator"))) => {
            let command = OsString::from(format!("create-{kind}"));
            words.splice(1..3, [command]);
        }
        (Some("create"), _) => {
            let message =
                "`claimed create` makes an `operator`, a `gridwrapper` or a `containerless-operator`";
            return Err(Failure::new(USAGE, message).hint(CLAIMED));
        }
        (Some("--version" | "-V"), _) => {}
        _ => return Err(Failure::new(USAGE, "no component is named").hint(CLAIMED)),
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(line: &str) -> Option<String> {
        let words = super::words(line.split(' ').map(OsString::from).collect()).ok()?;
        Some(words.join(" ".as_ref()).into_string().unwrap())
    }

    #[test]
    fn programs_of_the_original_are_commands() {
        let same = |one: &str, other: &str| assert_eq!(taken(one).as_deref(), Some(other));
        same("/usr/bin/c3_create_operator x.py", "/usr/bin/c3_create_operator create-operator x.py");
        same("claimed --component a:1 --x --y", "claimed run --component a:1 --x --y");
        same("claimed create operator x.py -v 1", "claimed create-operator x.py -v 1");
        same("claimed create gridwrapper x.py", "claimed create-gridwrapper x.py");
        same("c3 run x.py", "c3 run x.py");
    }

    #[test]
    fn other_claimed_commands_are_not_handled() {
        for line in
            ["claimed", "claimed a:1 x=1", "claimed create", "claimed create image", "claimed --component"]
        {
            assert_eq!(taken(line), None, "{line}");
        }
    }
}
