//! The programs of the original: called by the name of one of them, `c3` acts as that program.

use std::ffi::OsString;
use std::path::Path;

use c3::failure::{Failure, USAGE};

/// How the original's program `claimed` is called.
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

/// Whether the original's program `claimed` is asked for help.
pub(crate) fn asks_help(words: &[OsString]) -> bool {
    let program = words.first().and_then(|path| Path::new(path).file_stem());
    let asked = words.get(1).and_then(|word| word.to_str());
    program.is_some_and(|program| program == "claimed") && matches!(asked, Some("--help" | "-h" | "help"))
}

/// The words of a command line as `c3` itself takes them.
pub(crate) fn words(mut words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let program = words.first().and_then(|path| Path::new(path).file_stem()).map(OsString::from);
    let program = program.unwrap_or_default();
    let command = match program.to_str() {
        Some("c3_create_operator") => "create-operator",
        Some("c3_create_gridwrapper") => "create-gridwrapper",
        Some("c3_create_containerless_operator") => "create-containerless-operator",
        Some("claimed") => return claimed(words),
        _ => return Ok(words),
    };
    words.insert(1, command.into());
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
    fn claimed_does_nothing_else() {
        for line in
            ["claimed", "claimed a:1 x=1", "claimed create", "claimed create image", "claimed --component"]
        {
            assert_eq!(taken(line), None, "{line}");
        }
    }
}
