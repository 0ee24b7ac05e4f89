//! What can't be done without an engine, reported before anything begins.

use crate::backend::Settings;
use crate::component::{Component, Requirement};
use crate::diagnostic::Diagnostic;
use crate::installers::pip;
use crate::source::Source;

/// A requirement file: its path in the image's working directory, and its text.
pub(super) type RequirementText = (String, String);

/// The lines of an operator that need a container to build.
#[must_use]
pub(super) fn refusals(
    component: &Component,
    settings: &Settings,
    source: &Source,
    files: &[RequirementText],
) -> Vec<Diagnostic> {
    let template = settings.dockerfile_template.as_ref().map(|_| {
        Diagnostic::error("needs-engine", "a Dockerfile template can't be built without a container engine")
            .hint("start Docker or Podman, or leave `--dockerfile-template` out")
    });
    let lines = component.requirements.iter().flat_map(|requirement| match requirement {
        Requirement::Pip { words, span, .. } => wheels_only(words, settings, files)
            .into_iter()
            .map(|refusal| if span.is_empty() { refusal } else { refusal.at(span.clone()) })
            .collect(),
        requirement => refusal(requirement, source).into_iter().collect::<Vec<_>>(),
    });
    template.into_iter().chain(lines).collect()
}

fn refusal(requirement: &Requirement, source: &Source) -> Option<Diagnostic> {
    let (text, message, hint) = match requirement {
        Requirement::System { text, .. } => (
            text,
            format!("`{text}` can't be run without a container engine"),
            "start Docker or Podman, or choose a base image that has these packages with `--base-image`",
        ),
        Requirement::Conda { text, .. } => (
            text,
            format!("`conda {text}` can't be run without a container engine"),
            "start Docker or Podman, or name the packages in `# pip install` lines",
        ),
        Requirement::R { text, .. } => (
            text,
            format!("the R package `{text}` can't be installed without a container engine"),
            "start Docker or Podman, or choose a base image that has it with `--base-image`",
        ),
        Requirement::Pip { .. } => return None,
    };
    let diagnostic = Diagnostic::error("needs-engine", message).hint(hint);
    let found = source.text().find(text.as_str()).filter(|_| !text.is_empty());
    Some(match found {
        Some(start) => diagnostic.at(start..start + text.len()),
        None => diagnostic,
    })
}

/// The remedy for a package that isn't a wheel.
const WHEELS: &str = "without a container engine packages come as wheels: name a release that has one, or start Docker or Podman";

/// What in a `pip install` and its files needs more than wheels, or something of this machine.
fn wheels_only(words: &[String], settings: &Settings, files: &[RequirementText]) -> Vec<Diagnostic> {
    let path = |named: &str| {
        let file = settings.requirement_files.iter().find(|file| file.named == named);
        file.map_or(named, |file| file.path.as_str()).to_owned()
    };
    let read = |named: &str| {
        let path = path(named);
        files.iter().find(|file| file.0 == path).map(|file| file.1.clone())
    };
    let refusals = pip::flatten(&pip::parse(words).unwrap_or_default(), &read).err().unwrap_or_default();
    let told = |refusal: pip::Refusal| Diagnostic::error("needs-engine", refusal.to_string()).hint(WHEELS);
    refusals.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_requirement_files_are_named() {
        let text = "# -e .\nsix==1.17.0 ; python_version > \"3\" \\\n  --hash=sha256:00\n-e ./here # mine\nb @ git+https://x/b\n--no-binary :all:\n";
        let words = ["-r", "r.txt"].map(ToOwned::to_owned);
        let found = wheels_only(&words, &Settings::default(), &[("r.txt".to_owned(), text.to_owned())]);
        let messages: Vec<_> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(found.len(), 3, "{messages:?}");
        assert!(messages[0].starts_with("`r.txt`, line 4: `-e ./here` links a folder"));
        assert!(messages[1].starts_with("`r.txt`, line 5: `b @ git+https://x/b` is a repository"));
        assert!(messages[2].starts_with("`r.txt`, line 6: `--no-binary :all:` asks for a build"));
    }
}
