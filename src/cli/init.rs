//! `c3 init`: creates an example operator, its settings, and a check for CI.

use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact, Destination, Existing};
use c3::failure::{Failure, INPUT, USAGE};
use c3::reference::{image_repository, operator_name};
use c3::settings::FILE_NAME;
use clap::{Args, ValueEnum};

use super::console;
use super::options::OutputOptions;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Folder for the files
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Name of the operator and its source [default: `count_words`]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Kind of source [default: script]
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,

    /// Registry and namespace to push images to [default: none]
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE")]
    repository: Option<String>,

    /// CI service to write a check for [default: none]
    #[arg(long, value_name = "SERVICE")]
    ci: Option<Ci>,

    /// Don't ask; use the defaults
    #[arg(short, long)]
    yes: bool,

    /// Replace existing files
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    output: OutputOptions,
}

/// The kind of source.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A Python script.
    #[value(alias = "python", alias = "py")]
    Script,
    /// A Jupyter notebook with Python.
    #[value(alias = "jupyter", alias = "ipynb")]
    Notebook,
    /// An R script.
    R,
}

/// A CI service.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab.
    Gitlab,
    /// No checks.
    None,
}

/// The default name.
const NAME: &str = "count_words";

/// The line in the settings to replace by a repository.
const REPOSITORY: &str = "#repository = \"quay.io/me\"";

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let plan = Plan::decide(options)?;
    let mut artifacts = plan.artifacts();
    let settings = options.folder.join(FILE_NAME);
    if settings.exists() && !options.overwrite {
        console::info(&kept(&settings, plan.repository.as_deref()), options.output.level());
        artifacts.retain(|artifact| artifact.name != FILE_NAME);
    }
    refuse(&artifacts, options)?;
    let paths = artifacts.iter().map(|artifact| options.folder.join(&artifact.name));
    for folder in paths.filter_map(|path| path.parent().map(Path::to_path_buf)) {
        let failed = |error| {
            Failure::new(INPUT, format!("failed to create the folder `{}`: {error}", folder.display()))
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
    }
    let destination = Destination { folder: &options.folder, stem: &plan.name };
    let files = artifact::write(&artifacts, destination, &Existing::Overwrite)?;
    console::print_files(&plan.name, &files, options.output.format)?;
    let source = options.folder.join(plan.source());
    let source = console::argument(source.strip_prefix(".").unwrap_or(&source));
    let steps =
        [format!("`c3 inspect {source}` shows what c3 reads from it"), format!("`c3 run {source}` runs it")];
    console::suggest(&steps, options.output.next());
    Ok(())
}

/// The existing settings with the missing ones added.
fn kept(settings: &Path, repository: Option<&str>) -> String {
    let settings = settings.display();
    match repository {
        Some(repository) => {
            format!("kept the existing `{settings}`: add `repository = \"{repository}\"` to it")
        }
        None => format!("kept the existing `{settings}`"),
    }
}

/// Refuses to replace existing files.
fn refuse(artifacts: &[Artifact], options: &Options) -> Result<(), Failure> {
    let present =
        artifacts.iter().map(|artifact| options.folder.join(&artifact.name)).find(|path| path.exists());
    match present.filter(|_| !options.overwrite) {
        None => Ok(()),
        Some(path) => Err(Failure::new(INPUT, format!("`{}` already exists", path.display()))
            .hint("choose another `--name`, or replace it with `--overwrite`")),
    }
}

/// The files to write.
struct Plan {
    name: String,
    kind: Kind,
    repository: Option<String>,
    ci: Ci,
}

impl Plan {
    /// Options of the command line, with answers on a terminal for missing ones.
    fn decide(options: &Options) -> Result<Self, Failure> {
        let asks = console::answers() && !options.yes;
        let ask = |question: &str| if asks { console::answer(question) } else { None };
        let name = options.name.clone().or_else(|| ask(&format!("Name of the operator [{NAME}]: ")));
        let kind = options.kind.or_else(|| chosen(&ask("Script, notebook or R [script]: ")?));
        let repository = options
            .repository
            .clone()
            .or_else(|| ask("Registry and namespace for images, such as quay.io/me [none]: "));
        let ci = options.ci.or_else(|| chosen(&ask("Check in CI: github, gitlab or none [none]: ")?));
        let plan = Self {
            name: name.unwrap_or_else(|| NAME.to_owned()),
            kind: kind.unwrap_or(Kind::Script),
            repository,
            ci: ci.unwrap_or(Ci::None),
        };
        plan.check().map(|()| plan)
    }

    fn check(&self) -> Result<(), Failure> {
        let usage = |failure: Failure| Failure { code: USAGE, ..failure };
        if Path::new(&self.name).components().count() != 1 || self.name.starts_with(['.', '_']) {
            let message = format!("`{}` can't be the name of an operator", self.name);
            return Err(Failure::new(USAGE, message)
                .hint("use letters, digits and `_`; for another folder, `c3 init FOLDER`"));
        }
        operator_name(&self.name).map_err(|error| usage(error.into()))?;
        let repository = self.repository.as_deref();
        image_repository(repository, "operator").map(drop).map_err(|error| usage(error.into()))
    }

    /// The name of the source.
    fn source(&self) -> String {
        let ending = match self.kind {
            Kind::Script => "py",
            Kind::Notebook => "ipynb",
            Kind::R => "R",
        };
        format!("{}.{ending}", self.name)
    }

    fn artifacts(&self) -> Vec<Artifact> {
        let source = match self.kind {
            Kind::Script => include_str!("../../templates/init/script.py"),
            Kind::Notebook => include_str!("../../templates/init/notebook.ipynb"),
            Kind::R => include_str!("../../templates/init/script.R"),
        };
        let file = |name: &str, text: &str| Artifact::new(name.to_owned(), text.to_owned());
        let ci = match self.ci {
            Ci::Github => {
                Some(file(".github/workflows/c3.yml", include_str!("../../templates/init/github.yml")))
            }
            Ci::Gitlab => Some(file(".gitlab-ci.yml", include_str!("../../templates/init/gitlab.yml"))),
            Ci::None => None,
        };
        let artifacts = [file(&self.source(), source), file(FILE_NAME, &self.settings())];
        artifacts.into_iter().chain(ci).collect()
    }

    /// The settings, with the registry if given.
    fn settings(&self) -> String {
        let settings = include_str!("../../templates/init/c3.toml")
            .replace("operators.NAME", &format!("operators.{}", self.name));
        match &self.repository {
            Some(repository) => settings.replacen(REPOSITORY, &format!("repository = \"{repository}\""), 1),
            None => settings,
        }
    }
}

/// The value that an answer abbreviates.
fn chosen<T: ValueEnum>(answer: &str) -> Option<T> {
    let answer = answer.to_lowercase();
    let is_meant =
        |value: &&T| value.to_possible_value().is_some_and(|known| known.get_name().starts_with(&answer));
    T::value_variants().iter().find(is_meant).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_may_be_abbreviated() {
        assert_eq!(chosen("N"), Some(Kind::Notebook));
        assert_eq!(chosen("R"), Some(Kind::R));
        assert_eq!(chosen::<Kind>("x"), None);
    }

    #[test]
    fn registry_answers_become_settings() {
        let plan = |repository: Option<&str>| Plan {
            name: "a".into(),
            kind: Kind::R,
            repository: repository.map(Into::into),
            ci: Ci::None,
        };
        assert!(plan(Some("quay.io/them")).settings().contains("\nrepository = \"quay.io/them\"\n"));
        assert!(plan(None).settings().contains(REPOSITORY));
    }
}
