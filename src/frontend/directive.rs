//! Directives: `# c3: …` at the end of a line overrides the rules for the variable on that line.

use std::ops::Range;

use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::notebook::recording;

/// What a user says about a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Directive {
    /// It isn't part of the interface.
    Ignore,
    /// It is a secret.
    Secret,
    /// It is no secret, whatever its name.
    NotSecret,
    /// It is an output of this type.
    Output(Type),
    /// It is an input, whatever the rules say.
    AsInput,
    /// It is an input that holds a path of this type.
    Input(Type),
}

/// Types that a directive can name: paths for CWL, artifacts of Kubeflow.
pub const PATH_TYPES: &[&str] = &[
    "File",
    "Directory",
    "Artifact",
    "Dataset",
    "Model",
    "Metrics",
    "ClassificationMetrics",
    "SlicedClassificationMetrics",
    "HTML",
    "Markdown",
];

/// Further types of outputs.
const VALUE_TYPES: &[Type] = &[Type::String, Type::Integer, Type::Float, Type::Boolean];

impl Directive {
    /// The type of the output that the directive asks for.
    #[must_use]
    pub fn output(&self) -> Option<&Type> {
        match self {
            Self::Output(kind) => Some(kind),
            _ => None,
        }
    }

    fn parse(word: &str) -> Result<Self, String> {
        match word.split_once('=').map_or((word, None), |(key, value)| (key.trim(), Some(value.trim()))) {
            ("ignore", None) => Ok(Self::Ignore),
            ("secret", None) => Ok(Self::Secret),
            ("not-secret", None) => Ok(Self::NotSecret),
            ("output", None) => Ok(Self::Output(Type::String)),
            ("output", Some(kind)) => value_type(kind).map_or_else(|| path_type(kind), Ok).map(Self::Output),
            ("input", None) => Ok(Self::AsInput),
            ("input", Some(kind)) => path_type(kind).map(Self::Input),
            _ => Err(format!("`{word}` is not a directive")),
        }
    }
}

/// The type of an output whose text is the value.
fn value_type(name: &str) -> Option<Type> {
    let known = VALUE_TYPES.iter().find(|known| known.name().eq_ignore_ascii_case(name));
    known.cloned()
}

fn path_type(name: &str) -> Result<Type, String> {
    let known = PATH_TYPES.iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map(|known| Type::Path((*known).to_owned())).ok_or_else(|| format!("`{name}` is not a file type"))
}

/// Reads the directives of a comment, `# c3: secret` or `# the key, c3: secret, input=File`.
pub fn parse(comment: &str, span: &Range<usize>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Directive> {
    let Some((before, text)) = comment.split_once("c3:") else { return Vec::new() };
    if !before.ends_with(['#', ' ', '\t']) {
        return Vec::new();
    }
    let words = words(text).filter(|word| *word != recording::NAME);
    let (directives, problems): (Vec<_>, Vec<_>) = words.map(Directive::parse).partition(Result::is_ok);
    let problem = problems.into_iter().find_map(Result::err);
    diagnostics.extend(problem.map(|problem| unknown(problem, span)));
    directives.into_iter().filter_map(Result::ok).collect()
}

/// The words after `c3:`.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', ';']).filter(|word| !word.is_empty())
}

fn unknown(problem: String, span: &Range<usize>) -> Diagnostic {
    let types = PATH_TYPES.join("`, `");
    let values = VALUE_TYPES.iter().map(Type::name).collect::<Vec<_>>().join("`, `");
    Diagnostic::warning("unknown-directive", problem).at(span.clone()).hint(format!(
        "write `ignore`, `secret`, `not-secret`, `output`, `output=TYPE`, `input` or `input=TYPE`; types are `{types}`, of outputs also `{values}`"
    ))
}
