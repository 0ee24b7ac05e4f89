//! Unpacked containerless operators, for the original's program `claimed`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use c3::engine::http::Bundle;
use c3::invocation::parse_untyped;
use c3::local::process;

use super::Options;
use c3::failure::{Failure, INPUT, USAGE};

/// The original's variable for the folder of unpacked operators.
const OPERATORS: &str = "CLAIMED_CONTAINERLESS_OPERATOR_PATH";

/// The part of a name that tells a containerless operator from an image.
const MARK: &str = "containerless";

/// Whether a component is a containerless operator.
pub(super) fn is_meant(component: &str) -> bool {
    component.contains(MARK)
}

/// Runs an unpacked operator, with its values in the environment.
pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let operators = env::var_os(OPERATORS).filter(|path| !path.is_empty()).ok_or_else(|| {
        Failure::new(USAGE, format!("`{}` runs without a container, but from where?", options.subject()))
            .hint(format!("unpack its zip, and name the folder above in the variable `{OPERATORS}`"))
    })?;
    let folder = PathBuf::from(operators).join(folder_name(options.subject()));
    let program = folder.join("runnable.py");
    if !program.is_file() {
        let message = format!("there is no operator at `{}`", program.display());
        return Err(Failure::new(INPUT, message).hint("unpack its zip there, or check the name"));
    }
    let invocation = parse_untyped(options.arguments())?;
    let mut command = Command::new(python(&folder));
    let certificates = Bundle::for_programs()?;
    command.envs(certificates.variables());
    command.arg(&program).args(&invocation.own).envs(&invocation.values);
    let code = process::run(command)
        .map_err(|error| Failure::new(INPUT, format!("cannot run `{}`: {error}", program.display())))?;
    if code == 0 { Ok(()) } else { Err(Failure::of_program(code)) }
}

/// The folder of a component as the original names it: `containerless/claimed-x:0.1` → `claimed-x.0.1`.
fn folder_name(component: &str) -> String {
    let last = component.rsplit('/').next().unwrap_or(component);
    let tag = if last.contains(':') { "" } else { ":latest" };
    let name = format!("{component}{tag}").replace(MARK, "").replace(':', ".");
    name.trim_matches('/').to_owned()
}

/// The interpreter of the environment beside the program, or this machine's.
fn python(folder: &Path) -> PathBuf {
    let own = folder.join("claimedenv/bin/python");
    if own.exists() { own } else { "python3".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_folders() {
        assert_eq!(folder_name("containerless/claimed-x:0.1"), "claimed-x.0.1");
        assert_eq!(folder_name("containerless/claimed-x"), "claimed-x.latest");
    }
}
