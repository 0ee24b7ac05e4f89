//! The component: what a front end reads from a source and every back end emits from. Plain data, no behaviour.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Finding;
use crate::language::Language;
use crate::location::Location;

/// Version of the JSON form of [`Component`] that `c3 inspect` prints and images carry as a label.
pub const SCHEMA_VERSION: u32 = 1;

/// The intermediate representation of the compiler: one processing step with its interface.
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Version of this JSON form, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// RFC 1123 label derived from the file name, such as `my-operator-name`.
    pub name: String,
    /// One paragraph of plain text.
    pub description: String,
    /// The language of the source.
    pub language: Language,
    /// File name of the source, without folders.
    pub source: String,
    /// Parameters, in the order of their first read.
    pub inputs: Vec<Input>,
    /// Results, in the order of their first write.
    pub outputs: Vec<Output>,
    /// What has to be installed, in the order of appearance.
    pub requirements: Vec<Requirement>,
    /// PEP 440 specifiers of `requires-python` in the PEP 723 block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// Whether the code is run in an IPython shell, as a notebook's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipython: bool,
    /// Whether the executed notebook is among the outputs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
    /// Whether the source itself reads the command line that it is called with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_arguments: bool,
    /// Syntax that not every version of the language knows, in the order of appearance.
    #[serde(skip)]
    pub newer_syntax: Vec<NewerSyntax>,
    /// Whether the source may log, so that a log level has a bearing on it.
    #[serde(skip)]
    pub logs: bool,
    /// Diagnostics of the front end.
    pub diagnostics: Vec<Finding>,
}

/// Syntax that older versions of a language don't know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerSyntax {
    /// What older versions say: `cannot use named assignment expression`.
    pub complaint: String,
    /// The first version that knows it, such as `3.12`.
    pub since: String,
    /// Bytes of the source where it stands.
    pub span: Range<usize>,
}

/// One parameter of a component: an environment variable which the source reads.
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Name of the environment variable, spelled as in the source.
    pub name: String,
    /// How the source takes it.
    #[serde(default)]
    pub via: Via,
    /// Its option or position on the source's own command line, if it is taken from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<Argument>,
    /// Whether false has to be a word instead of the empty text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub word: bool,
    /// What the values are.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The default, as the environment would hold it.
    pub default: Option<String>,
    /// Whether the source fails without a value.
    pub required: bool,
    /// Whether a read without a default is sure to run: at the top level, under no condition, before any
    /// early exit. A read in a function never is, even if the function is called at once.
    #[serde(skip)]
    pub unconditional: bool,
    /// Whether the value must not be shown or logged.
    pub secret: bool,
    /// The comment above the read.
    pub description: Option<String>,
    /// Where it is read first.
    pub location: Location,
    /// Every place where it is read.
    #[serde(default)]
    pub reads: Vec<Location>,
    /// Bytes of the source where it is read first.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// How a parameter gets to the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// As an environment variable.
    #[default]
    Environment,
    /// As an assignment of a notebook's `parameters` cell.
    Cell,
    /// As an option of the source's own command line.
    Argument,
}

/// How a source's own command line takes an input; without any option it is a positional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// The option before its value, or the one that makes a flag true.
    pub option: Option<String>,
    /// The option that makes a flag false.
    pub negative: Option<String>,
    /// Whether the options have no values.
    pub flag: bool,
    /// How its value is written.
    #[serde(default)]
    pub takes: Takes,
}

/// How the value of an input is written on a command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takes {
    /// One value; false is the empty text, as for `bool`.
    #[default]
    Value,
    /// `true` or `false`.
    Word,
    /// Several values side by side: `--x a b`.
    Row,
    /// Several values, each after the option: `--x a --x b`.
    Each,
    /// A number, written as that many options: `-v -v`.
    Count,
}

impl Argument {
    /// Whether it is positional.
    #[must_use]
    pub fn is_positional(&self) -> bool {
        self.option.is_none() && self.negative.is_none()
    }

    /// How it is spelled in messages: by an option, or by its name.
    #[must_use]
    pub fn spelling<'a>(&'a self, name: &'a str) -> &'a str {
        self.option.as_deref().or(self.negative.as_deref()).unwrap_or(name)
    }
}

/// One result of a component: an environment variable which the source sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Name of the environment variable, spelled as in the source.
    pub name: String,
    /// `String`, `Integer`, `Float` or `Boolean` (the text is the value), or what kind of file the variable names.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The comment above the write.
    pub description: Option<String>,
    /// Where it is written first.
    pub location: Location,
    /// Whether the source reads the variable to learn where to write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read: bool,
    /// Bytes of the source where it is written first.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// The type of a parameter or a result, by the names that Kubeflow uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Type {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A floating point number.
    Float,
    /// `True` or `False`.
    Boolean,
    /// An array of JSON, for a list or a tuple in a cell of parameters.
    List,
    /// An object of JSON.
    Dict,
    /// A path to a `File`, a `Directory` or a Kubeflow artifact such as `Dataset` or `Model`.
    Path(String),
}

impl From<String> for Type {
    fn from(name: String) -> Self {
        match name.as_str() {
            "String" => Self::String,
            "Integer" => Self::Integer,
            "Float" => Self::Float,
            "Boolean" => Self::Boolean,
            "List" => Self::List,
            "Dict" => Self::Dict,
            _ => Self::Path(name),
        }
    }
}

impl From<Type> for String {
    fn from(kind: Type) -> Self {
        kind.name().to_owned()
    }
}

impl Type {
    /// Whether the variable holds a path.
    #[must_use]
    pub fn is_path(&self) -> bool {
        matches!(self, Self::Path(_))
    }

    /// The name of the type as Kubeflow and the `# c3:` directives spell it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::String => "String",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::Boolean => "Boolean",
            Self::List => "List",
            Self::Dict => "Dict",
            Self::Path(name) => name,
        }
    }
}

/// Something to install in the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Requirement {
    /// Python packages: what follows `pip install`.
    Pip {
        /// The arguments as written.
        text: String,
        /// The arguments as [`installers::pip::parse`](crate::installers::pip::parse) has read them, one by one.
        #[serde(skip)]
        words: Vec<String>,
        /// Whether it is an entry of the PEP 723 block, whose entries are installed together.
        #[serde(skip)]
        metadata: bool,
        /// Bytes of the source where it stands; empty where `c3` has added it.
        #[serde(skip)]
        span: Range<usize>,
    },
    /// Packages of conda's: what follows `conda`, such as `install numpy` or `env update -f environment.yml`.
    Conda {
        /// The arguments as written.
        text: String,
        /// The arguments, one by one.
        #[serde(skip)]
        words: Vec<String>,
    },
    /// System packages: a whole command of the distribution's package manager.
    System {
        /// The command as written, such as `dnf install -y git`.
        text: String,
        /// The command, word by word.
        #[serde(skip)]
        words: Vec<String>,
    },
    /// An R package.
    R {
        /// Name of the package, or another form that the installer takes, such as `owner/repository`.
        text: String,
        /// What installs it.
        installer: Installer,
        /// The repositories that the source names; if empty, those of the image.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        repos: Vec<String>,
    },
}

/// A function of R that installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Installer {
    /// `install.packages`, from CRAN and repositories like it.
    #[serde(rename = "install.packages")]
    InstallPackages,
    /// `remotes::install_github`, also by way of devtools.
    #[serde(rename = "remotes::install_github")]
    InstallGithub,
    /// `BiocManager::install`, from Bioconductor.
    #[serde(rename = "BiocManager::install")]
    BiocManager,
    /// `pak::pkg_install`.
    #[serde(rename = "pak::pkg_install")]
    Pak,
}
