//! The project around a source: if the source names no requirements, those of a file beside it are used.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::component::{Component, Requirement};
use crate::diagnostic::Diagnostic;
use crate::hashed::hex;
use crate::installers::pip::{self, Argument, Kind};
use crate::language::Language;
use crate::reader;
use crate::source::Source;
use crate::userinfo::has_userinfo;

mod locks;
mod poetry;
mod pyproject;
mod r;

/// Largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 16 << 20;

/// Most packages of a requirement file that are listed by name.
const INLINE: usize = 50;

/// The requirements of a project.
#[derive(Debug, Default)]
pub struct Project {
    /// The file's name in messages.
    pub file: String,
    /// A digest of its text, if packages are installed from the file itself.
    pub digest: Option<String>,
    /// The requirements.
    pub requirements: Vec<Requirement>,
    /// Its diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// The contents of a file: its requirements, and what was left out.
type Contents = (Vec<Requirement>, Vec<String>);

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The file named by the settings.
    pub named: Option<&'a Path>,
    /// Whether the base image has conda.
    pub has_conda: bool,
}

/// Whether the source or its script block names packages; those added by `c3` don't count.
#[must_use]
pub fn names_packages(component: &Component, has_block: bool) -> bool {
    has_block
        || component.requirements.iter().any(|requirement| match requirement {
            Requirement::Pip { span, .. } => !span.is_empty(),
            Requirement::Conda { .. } | Requirement::R { .. } => true,
            Requirement::System { .. } => false,
        })
}

/// The requirements of the file named by the settings, or of the first one beside the source that has any.
#[must_use]
pub fn find(source: &Source, wanted: Wanted) -> Option<Project> {
    if let Some(path) = wanted.named {
        let name = path.to_string_lossy().into_owned();
        return Some(read(path, &name, source.language()).unwrap_or_else(|| nothing_in(&name)));
    }
    let folder = source.path().parent().unwrap_or(Path::new(""));
    let candidates = candidates(source, wanted.has_conda);
    candidates.iter().find_map(|name| read(&folder.join(name), name, source.language()))
}

/// The files to try in order.
fn candidates(source: &Source, has_conda: bool) -> Vec<String> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    match source.language() {
        Language::Python => {
            let first = vec![format!("{}.lock", source.file_name())];
            let files = owned(&["requirements.txt", "pyproject.toml", "pylock.toml", "uv.lock"]);
            let conda = if has_conda { owned(&["environment.yml", "environment.yaml"]) } else { Vec::new() };
            [first, files, conda].concat()
        }
        Language::R => owned(&["renv.lock", "DESCRIPTION"]),
        #[cfg(test)]
        Language::Toy => Vec::new(),
    }
}

/// The contents of a file; nothing if it doesn't exist or has no requirements.
fn read(path: &Path, name: &str, language: Language) -> Option<Project> {
    let size = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let text = (size <= SIZE_LIMIT).then(|| reader::read_to_string(path).ok()).flatten();
    let digest = text.as_ref().map(|text| hex(&Sha256::digest(text)));
    let contents =
        text.ok_or("it can't be read".to_owned()).and_then(|text| parse(path, name, &text, language));
    match contents {
        Ok((requirements, _)) if requirements.is_empty() => None,
        Ok((requirements, left_out)) => Some(Project {
            file: name.to_owned(),
            digest: digest.filter(|_| requirements.iter().any(is_file)),
            diagnostics: std::iter::once(used(name))
                .chain(left_out.iter().map(|what| left(name, what)))
                .collect(),
            requirements,
        }),
        Err(reason) => {
            let message = format!("`{name}` beside the source is not used: {reason}");
            let warning = Diagnostic::warning("project-requirements", message)
                .hint("correct it, or name the packages in a line such as `# pip install numpy`");
            Some(Project { file: name.to_owned(), diagnostics: vec![warning], ..Project::default() })
        }
    }
}

/// Lines of a requirement file, and what was left out, or why a file is unreadable.
pub type Lines = Result<(Vec<String>, Vec<String>), String>;

/// The requirements of a file such as `pyproject.toml` or `poetry.lock` as lines of a requirement file, and
/// what was left out; nothing for any other file.
#[must_use]
pub fn lines(path: &Path, text: &str) -> Option<Lines> {
    let file = path.file_name()?.to_str()?;
    // Others whose names end in `.lock` are lists as pip-compile writes them.
    let is_project = ["pyproject.toml", "poetry.lock", "uv.lock"].contains(&file)
        || file.ends_with(".py.lock")
        || (file.starts_with("pylock") && ends(file, "toml"));
    let line = |requirement: Requirement| match requirement {
        Requirement::Pip { text, .. } => Some(text),
        _ => None,
    };
    let lines =
        |(requirements, left_out): Contents| (requirements.into_iter().filter_map(line).collect(), left_out);
    is_project.then(|| parse(path, file, text, Language::Python).map(lines))
}

fn parse(path: &Path, name: &str, text: &str, language: Language) -> Result<Contents, String> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if language == Language::R {
        return if file == "DESCRIPTION" { Ok((r::description(text), Vec::new())) } else { r::lock(text) };
    }
    match file.as_ref() {
        "pyproject.toml" => pyproject::read(text, |name| beside(path, name)),
        "poetry.lock" => {
            let project = beside(path, "pyproject.toml").ok_or("there is no `pyproject.toml` beside it")?;
            pyproject::read(&project, |name| (name == file).then(|| text.to_owned()))
        }
        file if file.starts_with("pylock") => locks::pylock(text),
        file if ends(file, "lock") => locks::uv(text),
        file if ends(file, "yml") || ends(file, "yaml") => Ok((vec![conda(name)], Vec::new())),
        _ => Ok((listed(name, text), Vec::new())),
    }
}

fn ends(file: &str, end: &str) -> bool {
    Path::new(file).extension().is_some_and(|own| own == end)
}

/// The text of another file in the same folder.
fn beside(path: &Path, name: &str) -> Option<String> {
    reader::read_to_string(&path.with_file_name(name)).ok()
}

fn used(name: &str) -> Diagnostic {
    let message = format!("the source names no packages: those of `{name}` beside it are installed");
    Diagnostic::note("project-requirements", message)
}

fn left(name: &str, what: &str) -> Diagnostic {
    Diagnostic::warning("project-requirements", format!("`{name}`: {what}"))
        .hint("name it in a line such as `# pip install numpy`, with all others")
}

fn nothing_in(name: &str) -> Project {
    let message = format!("`{name}`, which settings name, is missing or asks for nothing");
    let warning = Diagnostic::warning("project-requirements", message)
        .hint("correct `requirements` in `c3.toml`; it is relative to the folder of that file");
    Project { file: name.to_owned(), diagnostics: vec![warning], ..Project::default() }
}

/// The packages of a requirement file by name; the file itself, if there are many, or it has more than names
/// and versions.
fn listed(name: &str, text: &str) -> Vec<Requirement> {
    let lines = pip::lines(text);
    let arguments: Vec<_> = lines.iter().filter_map(|line| line.arguments.as_ref().ok()).flatten().collect();
    let is_readable = lines.iter().all(|line| line.arguments.is_ok());
    if is_readable && arguments.is_empty() {
        return Vec::new();
    }
    let is_plain = arguments.iter().all(|argument| is_plain(argument)) && !text.lines().any(has_userinfo);
    if !(is_readable && is_plain && arguments.len() <= INLINE) {
        return vec![file(name)];
    }
    packages(arguments.iter().map(|argument| argument.words.join(" "))).0
}

/// A requirement file by its name.
pub(crate) fn file(name: &str) -> Requirement {
    let words = vec!["-r".to_owned(), name.to_owned()];
    Requirement::Pip { text: words.join(" "), words, metadata: false, span: 0..0 }
}

fn is_plain(argument: &Argument) -> bool {
    matches!(argument.kind, Kind::Package(_)) && !argument.words.iter().any(|word| word.starts_with("--"))
}

/// Whether a requirement is a file that the installer reads.
fn is_file(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::Pip { words, .. } | Requirement::Conda { words, .. } => words.len() > 1,
        Requirement::System { .. } | Requirement::R { .. } => false,
    }
}

/// A conda environment.
fn conda(name: &str) -> Requirement {
    let words = ["env", "update", "-f", name].map(ToOwned::to_owned).to_vec();
    Requirement::Conda { text: words.join(" "), words }
}

/// Requirements in PEP 508 syntax, installed together; invalid ones are left out, with the reason.
fn packages(texts: impl IntoIterator<Item = String>) -> Contents {
    let (mut requirements, mut left_out) = (Vec::new(), Vec::new());
    for text in texts {
        let words = vec![text.clone()];
        match pip::parse(&words) {
            Ok(_) => requirements.push(Requirement::Pip { text, words, metadata: true, span: 0..0 }),
            Err(problem) => left_out.push(format!("`{text}` is left out: {}", problem.message)),
        }
    }
    (requirements, left_out)
}

#[cfg(test)]
mod tests;
