//! Invocations: command lines, parsed and checked against an operator's interface.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::failure::{Fault, USAGE};

use crate::backend;
use crate::component::{Component, Input, Output, Type};
use crate::display;
use crate::language::Language;
use crate::value;

/// The inputs and outputs of an operator, with their identifiers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interface {
    /// The description.
    pub description: String,
    /// The language, if known.
    pub language: Option<Language>,
    /// The inputs.
    pub inputs: Vec<(String, Input)>,
    /// The outputs.
    pub outputs: Vec<(String, Output)>,
}

/// The request in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Show the help.
    Help,
    /// To run.
    Run(Invocation),
}

/// An operator's parameters and arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// Values by input name.
    pub values: BTreeMap<String, String>,
    /// The script's own arguments, after `--`.
    pub own: Vec<String>,
    /// Secrets given on the command line, visible to everybody on the machine.
    pub shown: Vec<String>,
}

/// Errors in a command line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvocationError {
    /// An unknown parameter.
    #[error("there is no parameter `{name}`")]
    Unknown {
        /// What was written.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// An output used as a parameter.
    #[error("`{0}` is an output")]
    Output(String),
    /// A word that isn't a parameter or value.
    #[error("`{0}` belongs to no parameter")]
    Stray(String),
    /// A parameter without a value at the end.
    #[error("parameter `{0}` has no value")]
    NoValue(String),
    /// A value of the wrong type.
    #[error("parameter `{name}` is {}, not {value}", article(.kind))]
    Type {
        /// The parameter.
        name: String,
        /// Its type.
        kind: Type,
        /// The value, masked if secret.
        value: String,
    },
    /// Required parameters without a value.
    #[error("{} required: {}", if names.len() == 1 { "a parameter is" } else { "parameters are" }, list(.names))]
    Missing {
        /// All of them.
        names: Vec<String>,
        /// Those of them that are secret.
        secrets: Vec<String>,
    },
}

impl Fault for InvocationError {
    fn code(&self) -> u8 {
        USAGE
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { nearest: Some(nearest), .. } => format!("did you mean `--{nearest}`?"),
            Self::Unknown { nearest: None, .. } => {
                "`--help` behind the operator lists its parameters".to_owned()
            }
            Self::Output(_) => {
                "name a folder for the outputs with `--output-dir DIR`, before the operator".to_owned()
            }
            Self::Stray(_) => {
                "write `--NAME VALUE`; what stands behind `--` is handed to the script as it is".to_owned()
            }
            Self::NoValue(name) => format!("write `--{name} VALUE`"),
            Self::Type { kind: Type::Boolean, .. } => "write `true` or `false`".to_owned(),
            Self::Type { kind: Type::List, .. } => "write JSON such as `[1, 2]`".to_owned(),
            Self::Type { kind: Type::Dict, .. } => "write JSON such as `{\"key\": 1}`".to_owned(),
            Self::Type { .. } => return None,
            Self::Missing { names, secrets } if names == secrets => {
                format!("set {} in the environment, as secrets are taken from there", list(secrets))
            }
            Self::Missing { secrets, .. } if secrets.is_empty() => {
                "write `--NAME VALUE` behind the operator".to_owned()
            }
            Self::Missing { secrets, .. } => format!(
                "write `--NAME VALUE` behind the operator; set {} in the environment, as secrets are taken from there",
                list(secrets)
            ),
        })
    }
}

impl Interface {
    /// Identifiers of its outputs; none for a name without any allowed character.
    #[must_use]
    pub fn output_ids(&self) -> Vec<String> {
        self.outputs.iter().map(|(id, _)| id.clone()).filter(|id| !id.is_empty()).collect()
    }

    /// The interface of a component.
    #[must_use]
    pub fn of(component: &Component, logging: bool) -> Self {
        Self {
            description: component.description.clone(),
            language: Some(component.language),
            inputs: backend::inputs(component, logging),
            outputs: backend::outputs(component, logging),
        }
    }

    /// Parses the words of a command line; missing values may come from elsewhere.
    pub fn read(
        &self,
        words: &[String],
        elsewhere: &dyn Fn(&Input) -> Option<String>,
    ) -> Result<Request, InvocationError> {
        let Some(mut invocation) = self.take(words)? else { return Ok(Request::Help) };
        for (_, input) in &self.inputs {
            if let Some(value) = elsewhere(input) {
                invocation.values.entry(input.name.clone()).or_insert(value);
            }
        }
        self.check(&invocation)?;
        Ok(Request::Run(invocation))
    }

    /// The values in the words; nothing if they ask for help.
    fn take(&self, words: &[String]) -> Result<Option<Invocation>, InvocationError> {
        let mut invocation = Invocation::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                invocation.own = words.cloned().collect();
                break;
            }
            let (key, value) = parted(word);
            if matches!(word.as_str(), "--help" | "-h") && self.input(key).is_none() {
                return Ok(None);
            }
            if !word.starts_with("--") && value.is_none() {
                return Err(stray(word, self.input(word.trim_start_matches('-'))));
            }
            if let Some(input) = self.denied(word) {
                invocation.values.insert(input.name.clone(), "false".to_owned());
                continue;
            }
            let input = self.named(key)?;
            let value = match value {
                Some(value) => value.to_owned(),
                None if is_flag(input, words.peek().copied()) => "true".to_owned(),
                None => words.next().cloned().ok_or_else(|| InvocationError::NoValue(key.to_owned()))?,
            };
            invocation.values.insert(input.name.clone(), value);
            invocation.shown.extend(input.secret.then(|| input.name.clone()));
        }
        Ok(Some(invocation))
    }

    /// The flag that a word negates, as the script's own option: `--no-cache`.
    fn denied(&self, word: &str) -> Option<&Input> {
        let negative = |input: &Input| input.argument.as_ref()?.negative.clone();
        let found = self.inputs.iter().find(|(_, input)| negative(input).as_deref() == Some(word));
        found.map(|(_, input)| input)
    }

    /// The input with a name or identifier.
    fn input(&self, key: &str) -> Option<&Input> {
        let by_id = self.inputs.iter().find(|(id, _)| id == key);
        let by_name = by_id.or_else(|| self.inputs.iter().find(|(_, input)| input.name == key));
        by_name
            .or_else(|| self.inputs.iter().find(|(_, input)| is_option(input, key)))
            .map(|(_, input)| input)
    }

    fn named(&self, key: &str) -> Result<&Input, InvocationError> {
        self.input(key).ok_or_else(|| {
            if self.outputs.iter().any(|(id, output)| id == key || output.name == key) {
                return InvocationError::Output(key.to_owned());
            }
            let names = self.inputs.iter().map(|(id, _)| id);
            InvocationError::Unknown { name: key.to_owned(), nearest: nearest(key, names) }
        })
    }

    /// Rejects values of the wrong type, and missing required ones.
    fn check(&self, invocation: &Invocation) -> Result<(), InvocationError> {
        let Invocation { values, own, .. } = invocation;
        let mut missing: Vec<(&String, &Input)> = Vec::new();
        for (id, input) in &self.inputs {
            match values.get(&input.name).filter(|value| is_given(&input.kind, value)) {
                None if input.argument.is_some() && !own.is_empty() => {} // may be among them
                None if input.required => missing.push((id, input)),
                None => {}
                Some(value) if fits(&input.kind, value) => {}
                Some(value) => {
                    let value = if input.secret { "what is given".to_owned() } else { quoted(value) };
                    return Err(InvocationError::Type { name: id.clone(), kind: input.kind.clone(), value });
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let secrets = missing.iter().filter(|(_, input)| input.secret).map(|(_, input)| input.name.clone());
        let secrets = secrets.collect();
        Err(InvocationError::Missing {
            names: missing.iter().map(|(id, _)| (*id).clone()).collect(),
            secrets,
        })
    }
}

/// The values for an operator with an unknown interface: `--name value`, `--name=value`, `name=value`.
pub fn parse_untyped(words: &[String]) -> Result<Invocation, InvocationError> {
    let mut invocation = Invocation::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (key, value) = parted(word);
        if word == "--" {
            invocation.own = words.cloned().collect();
            break;
        }
        if key.is_empty() || (!word.starts_with("--") && value.is_none()) {
            return Err(InvocationError::Stray(word.clone()));
        }
        let value = value.map(ToOwned::to_owned).or_else(|| words.next().cloned());
        let value = value.ok_or_else(|| InvocationError::NoValue(key.to_owned()))?;
        invocation.values.insert(key.to_owned(), value);
    }
    Ok(invocation)
}

/// The error for a word such as `-n` or `3`.
fn stray(word: &str, named: Option<&Input>) -> InvocationError {
    match named {
        Some(input) => InvocationError::Unknown { name: word.to_owned(), nearest: Some(input.name.clone()) },
        None => InvocationError::Stray(word.to_owned()),
    }
}

/// `--name=value` → `name` and `value`.
fn parted(word: &str) -> (&str, Option<&str>) {
    let word = word.strip_prefix("--").unwrap_or(word);
    word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)))
}

/// Whether a Boolean is given as a flag, as no boolean follows.
fn is_flag(input: &Input, next: Option<&String>) -> bool {
    let is_value = |next: &String| !is_given(&input.kind, next) || value::boolean(next).is_some();
    input.kind == Type::Boolean && !next.is_some_and(is_value)
}

/// Whether a key is the script's own option for an input.
fn is_option(input: &Input, key: &str) -> bool {
    let option = input.argument.as_ref().and_then(|argument| argument.option.as_deref());
    option.and_then(|option| option.strip_prefix("--")) == Some(key)
}

/// Whether the entry point treats a value as given.
fn is_given(kind: &Type, value: &str) -> bool {
    let needs_text = !matches!(kind, Type::String | Type::Path(_));
    value != "null" && !(needs_text && value.is_empty())
}

/// Whether a value fits its type, as the entry point and the language read it.
fn fits(kind: &Type, value: &str) -> bool {
    let whole = || value.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
    match kind {
        Type::Integer => value::integer_text(whole().map_or(value, |(whole, _)| whole)).is_some(),
        Type::Float => value::float_from_text(value).is_some(),
        Type::Boolean => value::boolean(value).is_some(),
        Type::List | Type::Dict => value::is_collection(value, kind),
        Type::String | Type::Path(_) => true,
    }
}

/// The most similar name, if any is near.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let near = names.map(|other| (strsim::damerau_levenshtein(&plain(name), &plain(other)), other));
    let limit = (name.chars().count() / 3).max(1);
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, other)| other.clone())
}

fn article(kind: &Type) -> String {
    let name = kind.name();
    format!("{} {name}", if name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" })
}

/// The start of a value on one line.
fn quoted(value: &str) -> String {
    format!("`{}`", display::beginning(value, 40))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
