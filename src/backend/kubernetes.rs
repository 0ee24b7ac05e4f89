//! Kubernetes: a job that can be applied as it is.

use serde::Serialize;

use super::parameter::{Parameter, parameters};
use super::{Operator, template};
use crate::artifact::Artifact;
use crate::diagnostic::Diagnostic;

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    source: String,
    name: String,
    generate_name: Option<String>,
    parallelism: Option<u32>,
    image: String,
    working_dir: &'static str,
    command: Vec<String>,
    args: Vec<String>,
    has_env: bool,
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Variable {
    /// Name in the container's environment.
    env: String,
    description: Option<String>,
    required: bool,
    secret_name: Option<String>,
    value: Option<String>,
}

/// Writes `<stem>.job.yaml`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let variables: Vec<Variable> =
        parameters.iter().map(|parameter| variable(parameter, &component.name)).collect();
    let context = Context {
        c3: env!("CARGO_PKG_VERSION"),
        source: component.source.clone(),
        name: component.name.clone(),
        generate_name: settings.generate_name.then(|| format!("{}-", component.name)),
        parallelism: settings.parallelism,
        image: settings.image.clone(),
        working_dir: operator.runtime().working_dir,
        command: operator.command(),
        args: parameters
            .iter()
            .filter(|parameter| is_set(parameter) && needs_argument(parameter, operator))
            .map(|parameter| format!("--{0}=$({0})", parameter.id))
            .collect(),
        has_env: variables
            .iter()
            .any(|variable| variable.required || variable.secret_name.is_some() || variable.value.is_some()),
        variables,
    };
    Ok(vec![operator.artifact(".job.yaml", template::render("job.yaml", &context))])
}

fn variable(parameter: &Parameter, operator: &str) -> Variable {
    Variable {
        env: env_name(parameter),
        description: parameter.description(),
        required: parameter.input.required,
        secret_name: parameter.input.secret.then(|| operator.to_owned()),
        value: parameter.default().map(literal),
    }
}

/// Kubernetes takes letters, digits and `-._` in the name of a variable; any other gets its identifier, which an
/// argument hands on.
fn env_name(parameter: &Parameter) -> String {
    if is_env_name(&parameter.input.name) { parameter.input.name.clone() } else { parameter.id.clone() }
}

fn is_env_name(name: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    name.bytes().all(valid)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("..")
}

/// Whether the job gives the parameter a value.
fn is_set(parameter: &Parameter) -> bool {
    parameter.input.required || parameter.input.secret || parameter.default().is_some()
}

/// Whether a variable doesn't reach the script by itself: Kubernetes can't spell its name, or the interpreter overwrites
/// it.
fn needs_argument(parameter: &Parameter, operator: &Operator) -> bool {
    let name = parameter.input.name.as_str();
    !is_env_name(name) || operator.runtime().overwritten.contains(&name)
}

/// A text that Kubernetes takes as it is: `$(NAME)` would be replaced and `$$` halved.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
