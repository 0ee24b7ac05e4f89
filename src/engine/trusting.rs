//! The Dockerfile for `BuildKit` with a company's certificates: commands see them, and the image keeps
//! nothing.

use super::build::Build;
use super::docker::{Engine, Kind};
use super::error::EngineError;
use super::http::{VARIABLES, beyond_system};
use super::instructions::{instructions, is};
use crate::context::{Context, ContextError};
use crate::progress::Progress;

/// The certificates in the build context.
const FILE: &str = "c3-certificates.pem";

/// Where commands find them: in a folder mounted for each, so that no empty file stays in the image.
const PLACE: &str = "/dev/c3-certificates.pem";

impl Engine {
    /// The build context whose commands trust the extra certificates; nothing if there are none.
    pub(super) fn trusting(
        &self,
        build: &Build,
        progress: &Progress,
    ) -> Result<Option<Context>, EngineError> {
        let Some(certificates) = beyond_system()? else { return Ok(None) };
        let why = match self.kind {
            Kind::Podman => "Podman builds without BuildKit",
            Kind::Docker if !self.buildkit => "the classic builder knows no mounts",
            Kind::Docker => {
                let context = trusting(build.context, build.dockerfile, certificates)?;
                if context.is_some() {
                    return Ok(context);
                }
                "its Dockerfile has commands that can't be altered"
            }
        };
        progress.info(format!("the build doesn't see the certificates that `c3` is told to trust: {why}"));
        Ok(None)
    }
}

/// The context with the certificates, and a Dockerfile whose commands see them.
fn trusting(context: &Context, dockerfile: &str, pem: Vec<u8>) -> Result<Option<Context>, ContextError> {
    let text = context.read_text(dockerfile).and_then(|text| with_certificates(&text));
    let (Some(text), Ok(pem)) = (text, String::from_utf8(pem)) else { return Ok(None) };
    context.clone().with_text(dockerfile, text)?.with_text(FILE, pem).map(Some)
}

/// A Dockerfile whose commands see the certificates; nothing if one of them is no line of a shell.
fn with_certificates(dockerfile: &str) -> Option<String> {
    let [mount, export] = added();
    let mut text = String::new();
    for instruction in instructions(dockerfile) {
        if !is(instruction, "RUN") {
            text.push_str(instruction);
            continue;
        }
        let (flags, command) = split_flags(instruction.trim_start()[3..].trim_start());
        let first = command.lines().next().unwrap_or_default();
        if first.starts_with('[') || first.contains("<<") {
            return None;
        }
        text.extend(["RUN ", &mount, flags, &export, command]);
    }
    Some(text)
}

/// What is put before the options of a `RUN`, and before its command.
fn added() -> [String; 2] {
    let named = VARIABLES.map(|name| format!("{name}={PLACE}")).join(" ");
    [format!("--mount=type=bind,source={FILE},target={PLACE} "), format!("export {named}; ")]
}

/// A step as the user's Dockerfile has it.
pub(super) fn unaltered(step: &str) -> String {
    added().iter().fold(step.to_owned(), |step, added| step.replacen(added, "", 1))
}

/// The options of a `RUN` before its command, and that.
fn split_flags(words: &str) -> (&str, &str) {
    let mut command = words;
    while command.starts_with("--") {
        command = command.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    words.split_at(words.len() - command.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn altered(dockerfile: &str) -> Option<String> {
        let [mount, export] = added();
        Some(with_certificates(dockerfile)?.replace(&mount, "MOUNT ").replace(&export, "export …; "))
    }

    #[test]
    fn build_steps_are_shown_as_written_by_the_user() {
        let step = "RUN --network=none pip install x && y";
        let altered = with_certificates(&format!("FROM a\n{step}\n")).unwrap();
        assert!(altered.contains(PLACE));
        assert_eq!(unaltered(altered.lines().nth(1).unwrap()), step);
        assert_eq!(unaltered(step), step);
    }

    #[test]
    fn every_run_command_gets_the_certificates() {
        let dockerfile =
            "FROM a\nRUN pip install x \\\n # why\n\n  && run y\nCOPY run x\nrun  --network=none make\n";
        let expected = "FROM a\nRUN MOUNT export …; pip install x \\\n # why\n\n  && run y\nCOPY run x\nRUN MOUNT --network=none export …; make\n";
        assert_eq!(altered(dockerfile).as_deref(), Some(expected));
        assert_eq!(altered("FROM a\n").as_deref(), Some("FROM a\n"));
    }

    #[test]
    fn non_shell_commands_are_unchanged() {
        for command in ["[\"make\"]", "<<END\nmake\nEND", "--network=none [\"make\"]"] {
            assert_eq!(altered(&format!("FROM a\nRUN {command}\n")), None, "{command}");
        }
    }
}
