//! Finds the line of a source that asks for what failed to install.

use crate::component::{Installer, Requirement};
use crate::failure::Failure;
use crate::operator::Plan;
use crate::source::Source;

/// What installers write near the name of a package that failed, in lower case.
const COMPLAINTS: &[&str] = &[
    "error",
    "no matching",
    "no match for",
    "no solution",
    "not found",
    "unable to",
    "cannot install",
    "not available",
    "conflict",
    "requirement",
    "failed",
];

/// The failure of an installation with the line of the source to blame, if known, in place of a long command.
#[must_use]
pub fn blamed(failure: Failure, plan: &Plan, command: &str) -> Failure {
    let Some(requirement) = guilty(&plan.component.requirements, command, &failure.details) else {
        return failure;
    };
    let (command, place) = (command_of(requirement), place(requirement, &plan.source));
    let message = format!("`{command}`{place} of `{}` failed", plan.source.display());
    let hint = failure.hint.clone().unwrap_or_else(|| {
        "check the name and version, and that the package index can be reached".to_owned()
    });
    Failure { details: failure.details, ..Failure::new(failure.code, message).hint(hint) }
}

/// The one requirement of a command that the complaints are about, or the only one that there is.
fn guilty<'a>(requirements: &'a [Requirement], command: &str, said: &[String]) -> Option<&'a Requirement> {
    let command = plain(command);
    let held = |requirement: &&Requirement| names(requirement).iter().any(|name| is_in(&command, name));
    let asked: Vec<_> = requirements.iter().filter(held).collect();
    let is_complaint = |line: &String| COMPLAINTS.iter().any(|word| line.contains(word));
    let said: Vec<_> = said.iter().map(|line| plain(line)).filter(is_complaint).collect();
    // The last complaint is the verdict.
    let accused = said.iter().rev().find_map(|line| {
        let mut named = asked.iter().filter(|one| names(one).iter().any(|name| is_in(line, name)));
        named.next().filter(|_| named.next().is_none())
    });
    accused.or(asked.first().filter(|_| asked.len() == 1)).copied()
}

/// A text in which names are found whatever their case, quotes and dashes.
fn plain(text: &str) -> String {
    let is_quote = |character: char| matches!(character, '\'' | '"' | '`');
    text.replace(is_quote, " ").replace('_', "-").to_lowercase()
}

/// Whether a name stands in a text, not as a part of a longer one.
fn is_in(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '-';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// The packages of a requirement, without versions and options.
fn names(requirement: &Requirement) -> Vec<String> {
    let is_name = |word: &&str| {
        !word.starts_with('-') && !matches!(*word, "install" | "apt" | "apt-get" | "dnf" | "yum" | "y")
    };
    let end = |character: char| !(character.is_alphanumeric() || matches!(character, '-' | '.' | '/'));
    let text = plain(text(requirement));
    let words = text.split_whitespace().filter(is_name);
    let names = words.map(|word| word.split(end).next().unwrap_or_default().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// The function of R as a source calls it.
fn function(installer: Installer) -> &'static str {
    match installer {
        Installer::InstallPackages => "install.packages",
        Installer::InstallGithub => "remotes::install_github",
        Installer::BiocManager => "BiocManager::install",
        Installer::Pak => "pak::pkg_install",
    }
}

fn text(requirement: &Requirement) -> &str {
    match requirement {
        Requirement::Pip { text, .. }
        | Requirement::Conda { text, .. }
        | Requirement::System { text, .. }
        | Requirement::R { text, .. } => text,
    }
}

fn command_of(requirement: &Requirement) -> String {
    match requirement {
        Requirement::Pip { text, .. } => format!("pip install {text}"),
        Requirement::Conda { text, .. } => format!("conda {text}"),
        Requirement::System { text, .. } => text.clone(),
        Requirement::R { text, installer, .. } => format!("{}(\"{text}\")", function(*installer)),
    }
}

/// ` on line 3`, or nothing where it isn't known.
fn place(requirement: &Requirement, source: &Source) -> String {
    let start = match requirement {
        Requirement::Pip { span, .. } if !span.is_empty() => Some(span.start),
        requirement => source.text().find(text(requirement)),
    };
    let location = start.map(|start| source.locate(start));
    location.map_or_else(String::new, |location| match location.cell {
        Some(cell) => format!(" in cell {cell}, line {}", location.line),
        None => format!(" on line {}", location.line),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::frontend;
    use crate::language::Language;

    fn line(script: &str, command: &str, said: &[&str]) -> Option<String> {
        let source = Source::new(PathBuf::from("a.py"), Language::Python, script.to_owned());
        let component = frontend::read(&source).component.unwrap();
        let said: Vec<_> = said.iter().map(ToString::to_string).collect();
        let guilty = guilty(&component.requirements, command, &said)?;
        Some(format!("{}{}", command_of(guilty), place(guilty, &source)))
    }

    const SCRIPT: &str =
        "'''A.'''\n# pip install six\n# pip install No_Such-Package==9 attrs\n# dnf install -y gitt\n";
    const RUN: &str = "RUN dnf install -y gitt && pip install six && pip install 'No_Such-Package==9' attrs && chmod 775 /x";

    #[test]
    fn the_line_the_installer_rejects_is_named() {
        let pip = "ERROR: No matching distribution found for No_Such-Package==9";
        let found = line(SCRIPT, RUN, &["Collecting six", pip, "[notice] A new release of pip"]);
        assert_eq!(found.as_deref(), Some("pip install No_Such-Package==9 attrs on line 3"));
        let uv = "Because no-such-package was not found in the package registry and you require it";
        assert_eq!(
            line(SCRIPT, RUN, &[uv]).as_deref(),
            Some("pip install No_Such-Package==9 attrs on line 3")
        );
        let dnf = "Error: Unable to find a match: gitt";
        assert_eq!(line(SCRIPT, RUN, &[dnf]).as_deref(), Some("dnf install -y gitt on line 4"));
    }

    #[test]
    fn without_evidence_no_line_is_named() {
        assert_eq!(line(SCRIPT, RUN, &["Killed"]), None);
        assert_eq!(line(SCRIPT, "RUN chmod 775 /x", &["error: six"]), None);
        assert_eq!(
            line("'''A.'''\n# pip install six\n", "RUN pip install six", &["Killed"]).as_deref(),
            Some("pip install six on line 2")
        );
    }
}
