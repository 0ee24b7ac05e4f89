//! The packages for conda and for pip to install, as lists.

use serde::Deserialize;

use super::super::Operator;
use crate::component::Requirement;
use crate::installers::pip::{self, Kind};

/// What the component's `# conda` lines say together.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Conda {
    /// Channels that the lines name.
    channels: Vec<String>,
    /// Packages of `# conda install` lines.
    pub(super) installed: Vec<String>,
    /// These, and those of environment files.
    pub(super) packages: Vec<String>,
    /// Packages of pip's in environment files.
    pub(super) pip: Vec<String>,
}

/// A file such as `environment.yml`.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct File {
    channels: Vec<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Conda(String),
    Pip { pip: Vec<String> },
}

impl Conda {
    /// Reads the lines of an operator's source, and the environment files that they name.
    pub(super) fn of(operator: &Operator) -> Self {
        let mut conda = Self::default();
        for requirement in &operator.component.requirements {
            let Requirement::Conda { words, .. } = requirement else { continue };
            if words.first().is_some_and(|word| word == "install") {
                conda.read(&words[1..]);
            }
        }
        conda.packages.clone_from(&conda.installed);
        let files = operator.settings.requirement_files.iter();
        for file in files.filter(|file| is_environment(&file.path)) {
            conda.add(yaml_serde::from_str(&file.text).unwrap_or_default());
        }
        conda
    }

    /// The channels, and those that were chosen for the target.
    pub(super) fn all_channels(&self, operator: &Operator) -> Vec<String> {
        let chosen = operator.settings.choice("channels").split(',').map(ToOwned::to_owned);
        let chosen = chosen.filter(|channel| !self.channels.contains(channel));
        self.channels.iter().cloned().chain(chosen).collect()
    }

    /// Whether the interpreter is among the packages.
    pub(super) fn names_python(&self) -> bool {
        self.packages.iter().any(|package| package_name(package) == "python")
    }

    /// The version of Python that exact builds are made for: `alabaster=0.7.12=py37_0` is for 3.7.
    pub(super) fn python(&self) -> Option<String> {
        self.packages.iter().find_map(|package| {
            let build = package.rsplit_once('=')?.1.strip_prefix("py")?;
            let digits = build.find(|character: char| !character.is_ascii_digit())?;
            let (major, minor) = build[..digits].split_at_checked(1)?;
            (!minor.is_empty()).then(|| format!("{major}.{minor}"))
        })
    }

    fn add(&mut self, file: File) {
        self.add_channels(file.channels);
        for dependency in file.dependencies {
            match dependency {
                Dependency::Conda(package) => self.packages.push(package),
                Dependency::Pip { pip } => self.pip.extend(pip),
            }
        }
    }

    fn add_channels(&mut self, channels: impl IntoIterator<Item = String>) {
        for channel in channels {
            if !self.channels.contains(&channel) {
                self.channels.push(channel);
            }
        }
    }

    fn read(&mut self, words: &[String]) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.split_once('=').map_or((word.as_str(), None), |(option, value)| (option, Some(value)))
            {
                ("-c" | "--channel", value) => {
                    let channel = value.map(ToOwned::to_owned).or_else(|| words.next().cloned());
                    self.add_channels(channel);
                }
                (option, _) if option.starts_with('-') => {}
                _ => self.installed.push(word.clone()),
            }
        }
    }
}

/// `numpy>=2` → `numpy`.
pub(super) fn package_name(package: &str) -> &str {
    package.split(['=', '<', '>', '!', '~', '[', ' ']).next().unwrap_or_default()
}

/// The packages for pip to install, by name or path, each with its own options.
pub(super) fn pip_packages(operator: &Operator) -> Vec<Vec<String>> {
    let words = operator.component.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::Pip { words, .. } => Some(words),
        _ => None,
    });
    let arguments = words.flat_map(|words| pip::parse(words).unwrap_or_default());
    let packages = arguments.filter_map(|argument| match argument.kind {
        Kind::Package(_) | Kind::Direct(..) | Kind::Location(_) => Some(argument.words),
        _ => None,
    });
    packages.collect()
}

fn is_environment(path: &str) -> bool {
    [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn exact_conda_builds_imply_their_python_version() {
        let python = |packages: &[&str]| Conda { packages: texts(packages), ..Conda::default() }.python();
        assert_eq!(python(&["alabaster=0.7.12=py37_0"]).as_deref(), Some("3.7"));
        assert_eq!(python(&["xz=5.2=h7f8727e_1", "numpy=1.21=py310h1234567_0"]).as_deref(), Some("3.10"));
        assert_eq!(python(&["a=1=py_0", "b=1=pyhd3eb1b0_0", "pytz=2021", "py=1.9"]), None);
    }

    #[test]
    fn conda_lines_and_files_are_merged() {
        let mut conda = Conda::default();
        conda.read(&texts(&["-y", "-c", "conda-forge", "gdal", "--channel=x", "pandas=2"]));
        let file =
            "name: base\nchannels: [x, defaults]\ndependencies:\n- python=3.7\n- pip\n- pip: [six==1.16]\n";
        conda.add(yaml_serde::from_str(file).unwrap());
        assert_eq!(conda.channels, texts(&["conda-forge", "x", "defaults"]));
        assert_eq!(conda.installed, texts(&["gdal", "pandas=2"]));
        assert_eq!(conda.packages, texts(&["python=3.7", "pip"]));
        assert_eq!(conda.pip, texts(&["six==1.16"]));
    }
}
