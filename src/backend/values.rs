//! Values of inputs besides their defaults, in the manifests that hold values.

use super::parameter::{Parameter, parameters};
use super::{TARGETS, Target};
use crate::component::{Component, Type};
use crate::diagnostic::Diagnostic;
use crate::job::Job;
use crate::value;

/// The value of an input in a manifest: the given one, or else its default.
pub(super) fn of<'a>(parameter: &'a Parameter, job: &'a Job) -> Option<&'a str> {
    job.value(&parameter.input.name).or_else(|| parameter.default())
}

/// Rejects values of secrets, and those that don't fit their input's type.
pub(super) fn check(parameters: &[Parameter], job: &Job) -> Result<(), Vec<Diagnostic>> {
    let refused: Vec<_> = parameters.iter().filter_map(|parameter| refusal(parameter, job)).collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

fn refusal(parameter: &Parameter, job: &Job) -> Option<Diagnostic> {
    let (name, kind) = (&parameter.input.name, &parameter.input.kind);
    let value = job.value(name)?;
    if parameter.input.secret {
        let message = format!("the input `{name}` is a secret and takes no plain value");
        return Some(Diagnostic::error("job", message).hint(format!(
            "name a secret of the cluster with `--secret {name}=SECRET/KEY`, or write `# c3: not-secret` in the source"
        )));
    }
    let message = || format!("the value `{value}` of the input `{name}` is not a valid {}", kind.name());
    (!fits(kind, value)).then(|| Diagnostic::error("job", message()).hint(example(kind)))
}

/// Whether a text is a value of a type.
fn fits(kind: &Type, text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match kind {
        Type::Integer => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        Type::Float => value::float_from_text(text).is_some(),
        Type::Boolean => value::boolean(text).is_some(),
        Type::List | Type::Dict => value::is_collection(text, kind),
        Type::String | Type::Path(_) => true,
    }
}

fn example(kind: &Type) -> &'static str {
    match kind {
        Type::Integer => "give a whole number such as `5`",
        Type::Float => "give a number such as `0.5`",
        Type::List => "give JSON such as `[1, 2]`",
        Type::Dict => "give JSON such as `{\"key\": 1}`",
        _ => "give `true` or `false`",
    }
}

/// Warns of values that no file holds.
#[must_use]
pub fn unheld(job: &Job, targets: &[&Target]) -> Option<Diagnostic> {
    let first = job.values.first().filter(|_| !targets.iter().any(|target| target.holds_values))?;
    let holding: Vec<_> = TARGETS.iter().filter(|target| target.holds_values).collect();
    let names: Vec<_> = holding.iter().map(|target| format!("`{}`", target.name)).collect();
    let message = format!("the value of `{}` stands in no file of these targets", first.name);
    let hint =
        format!("give it when you start the operator, or choose {} with `--target`", names.join(" or "));
    Some(Diagnostic::warning("job", message).hint(hint))
}

/// Rejects values of inputs that a component doesn't have.
#[must_use]
pub fn unknown(job: &Job, component: &Component, logging: bool) -> Vec<Diagnostic> {
    let parameters = parameters(component, logging);
    let is_known = |name: &str| parameters.iter().any(|parameter| parameter.input.name == name);
    let unknown = job.values.iter().map(|pair| pair.name.as_str()).filter(|name| !is_known(name));
    unknown
        .map(|name| Diagnostic::error("job", format!("no input is called `{name}`")).hint(names(&parameters)))
        .collect()
}

/// The names of the inputs that take a value, for messages.
fn names(parameters: &[Parameter]) -> String {
    let open = parameters.iter().filter(|parameter| !parameter.input.secret);
    let names: Vec<_> = open.map(|parameter| format!("`{}`", parameter.input.name)).collect();
    match names.len() {
        0 => "no input takes a value here".to_owned(),
        _ => format!("there are {}", names.join(", ")),
    }
}
