//! What can't be done without an engine, told before anything begins.

use super::installer::options::beyond_wheels;
use crate::backend::Settings;
use crate::component::{Component, Requirement};
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// A requirement file: how it is called, and its text.
pub type RequirementText = (String, String);

/// Every line of an operator that asks for a real build.
#[must_use]
pub fn refusals(
    component: &Component,
    settings: &Settings,
    source: &Source,
    files: &[RequirementText],
) -> Vec<Diagnostic> {
    let template = settings.dockerfile_template.as_ref().map(|_| {
        Diagnostic::error("needs-engine", "a Dockerfile template can't be built without a container engine")
            .hint("start Docker or Podman, or leave `--dockerfile-template` out")
    });
    let lines = component.requirements.iter().filter_map(|requirement| refusal(requirement, source));
    let in_files = files.iter().flat_map(|(name, text)| refused_lines(name, text));
    template.into_iter().chain(lines).chain(in_files).collect()
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
        Requirement::Pip { text, words, .. } => {
            let (word, why) = beyond_wheels(words)?;
            (text, format!("`{word}` {why}"), WHEELS)
        }
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

/// The lines of a requirement file that ask for more than wheels.
fn refused_lines(name: &str, text: &str) -> impl Iterator<Item = Diagnostic> {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let (word, why) = beyond_wheels(&words(line))?;
        let message = format!("`{name}`, line {}: `{word}` {why}", index + 1);
        Some(Diagnostic::error("needs-engine", message).hint(WHEELS))
    })
}

/// The words of a line that say what is installed: no comment, no condition, no hash, no sign that the line goes on.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    let line = if line.starts_with('#') { "" } else { line };
    let line = line.split(" ;").next().unwrap_or_default();
    let words = line.split_whitespace().filter(|word| *word != "\\" && !word.starts_with("--hash="));
    words.map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<String> {
        refused_lines("r.txt", text).map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn lines_of_requirement_files_are_named() {
        let text = "# -e .\nsix==1.17.0 ; python_version > \"3\" \\\n  --hash=sha256:00\n-e ./here # mine\nb @ git+https://x/b\n--no-binary :all:\n";
        let found = refused(text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("`r.txt`, line 4: `-e` "));
        assert!(found[1].starts_with("`r.txt`, line 5: `git+https://x/b` is a repository"));
        assert!(found[2].starts_with("`r.txt`, line 6: `--no-binary` "));
        assert!(refused("-r other.txt\n-c limits.txt\n--index-url https://x\nx[a]>=1\n").is_empty());
    }
}
