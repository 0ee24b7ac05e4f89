//! How an operator gets its values: by variables, which no list of processes shows, where possible.

use crate::backend::runtime::SKIPS_UNSET;
use crate::invocation::{Interface, Invocation};

use crate::failure::{Failure, USAGE};

/// The values passed to an operator.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Variables by name.
    pub(super) variables: Vec<(String, String)>,
    /// Arguments of its program.
    pub(super) arguments: Vec<String>,
}

/// The arguments and variables that pass the values, and the folder for outputs.
pub(super) fn passed(interface: &Interface, invocation: &Invocation, outputs: Option<&str>) -> Passed {
    let variables = invocation.values.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut passed = Passed { variables, arguments: Vec::new() };
    if let Some(folder) = outputs {
        let (name, value) = SKIPS_UNSET;
        passed.variables.push((name.to_owned(), value.to_owned()));
        for (id, output) in &interface.outputs {
            let place = format!("{folder}/{id}/");
            if interface.inputs.iter().any(|(_, input)| input.name == output.name) {
                passed.arguments.push(format!("--{id}={place}"));
            } else {
                passed.variables.push((output.name.clone(), place));
            }
        }
    }
    passed.arguments.extend(invocation.own.iter().cloned());
    passed
}

/// Variables with their values, each from `NAME=VALUE` or from this environment.
pub fn named(variables: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |variable: &String| match variable.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => std::env::var(variable).map(|value| (variable.clone(), value)).map_err(|_| {
            Failure::new(USAGE, format!("the variable `{variable}` is not set"))
                .hint(format!("write `--env {variable}=VALUE`, or set it"))
        }),
    };
    variables.iter().map(pair).collect()
}
