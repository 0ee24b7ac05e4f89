//! The grid wrapper: a Python program that calls a function of the user's script once per batch. It is a
//! source again, so the arrow runs twice.

use super::bundle::python::Bundle;
use super::templates::GRID;
use super::{Operator, template};
use crate::artifact::Artifact;
use crate::component::{Input, Requirement, Type};

/// Where the workers of a grid coordinate.
#[derive(Debug)]
pub struct Store {
    /// The value of `--backend`.
    pub name: &'static str,
    /// The original's long form of the name.
    pub long_name: &'static str,
    /// Its description in the help.
    pub help: &'static str,
    /// The positional arguments of the function; the script's parameters follow by name.
    pub called_with: &'static [&'static str],
    /// The parameter with the number of workers, if each has a part of its own.
    pub parts: Option<&'static str>,
    /// Comment lines with the requirements of its program.
    requirements: &'static [&'static str],
    /// The modules of its program, which bring their imports: those with parameters in order, then the main
    /// module.
    modules: &'static [&'static str],
}

/// Modules of a store in a bucket.
const COS: &[&str] = &[
    "start",
    "batch_parameters",
    "cos_parameters",
    "worker_parameters",
    "call_parameters",
    "interface",
    "cos",
];

/// The client for object stores, which may hold lists of batches too: the first boto3 that sends
/// `If-None-Match`.
const BOTO: &[&str] = &["# pip install boto3>=1.36"];

/// The variables of the program that differ between scripts.
const PLACES: [&str; 3] = ["SCRIPT", "PROCESS", "INTERFACE"];

/// The arguments of a function that gets the id of a batch.
const BATCH: &[&str] = &["batch_id"];

/// The arguments of a function that gets the paths of a batch and of its result.
const PATHS: &[&str] = &["source", "target"];

/// Every store.
pub static STORES: &[Store] = &[
    Store {
        name: "local",
        long_name: "grid_wrapper",
        help: "Files in a shared folder",
        called_with: BATCH,
        parts: None,
        requirements: BOTO,
        modules: &[
            "start",
            "loading",
            "batch_parameters",
            "local_parameters",
            "worker_parameters",
            "call_parameters",
            "interface",
            "local",
        ],
    },
    Store {
        name: "cos",
        long_name: "cos_grid_wrapper",
        help: "Files in a bucket",
        called_with: BATCH,
        parts: None,
        requirements: BOTO,
        modules: COS,
    },
    Store {
        name: "s3kv",
        long_name: "s3kv_grid_wrapper",
        help: "Keys in a bucket",
        called_with: BATCH,
        parts: None,
        requirements: BOTO,
        modules: COS,
    },
    Store {
        name: "legacy_cos",
        long_name: "legacy_cos_grid_wrapper",
        help: "Files in a bucket, where the data of the batches is too",
        called_with: BATCH,
        parts: None,
        requirements: BOTO,
        modules: &[
            "start",
            "batch_parameters",
            "legacy_parameters",
            "worker_parameters",
            "call_parameters",
            "interface",
            "legacy_cos",
        ],
    },
    Store {
        name: "index",
        long_name: "index_grid_wrapper",
        help: "Nowhere: each worker does the part of its index in an indexed job or an array of tasks",
        called_with: BATCH,
        parts: Some("gw_parts"),
        requirements: BOTO,
        modules: &[
            "start",
            "loading",
            "batch_parameters",
            "index_parameters",
            "call_parameters",
            "interface",
            "index",
        ],
    },
    Store {
        name: "simple",
        long_name: "simple_grid_wrapper",
        help: "Each file of a folder is a batch",
        called_with: PATHS,
        parts: None,
        requirements: &[],
        modules: &[
            "start",
            "simple_parameters",
            "result_parameters",
            "worker_parameters",
            "call_parameters",
            "interface",
            "simple",
        ],
    },
    Store {
        name: "folder",
        long_name: "folder_grid_wrapper",
        help: "Each file or folder in a folder is a batch",
        called_with: PATHS,
        parts: None,
        requirements: &[],
        modules: &[
            "start",
            "folder_parameters",
            "result_parameters",
            "worker_parameters",
            "call_parameters",
            "interface",
            "folder",
        ],
    },
];

/// The store with this name, short or long.
#[must_use]
pub fn store(name: &str) -> Option<&'static Store> {
    STORES.iter().find(|store| [store.name, store.long_name].contains(&name))
}

/// The function called for each batch, for platforms with workers of their own.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its name.
    pub(super) name: String,
    /// The script that defines it.
    pub(super) script: String,
    /// Names of the script's parameters.
    pub(super) parameters: Vec<String>,
    /// Lines of Python that read them into `INTERFACE`; flags go through a function `truth`, since no entry
    /// point has run.
    pub(super) interface: Vec<String>,
}

impl Process {
    /// The function with this name in an operator's script.
    #[must_use]
    pub fn new(operator: &Operator, name: &str) -> Self {
        let inputs = &operator.component.inputs;
        Self {
            name: name.to_owned(),
            script: operator.script(),
            parameters: inputs.iter().map(|input| input.name.clone()).collect(),
            interface: inputs.iter().flat_map(|input| parameter(input, "truth")).collect(),
        }
    }
}

/// What a grid wrapper's name begins with; the rest is that of the source that it wraps.
pub const PREFIX: &str = "gw_";

/// The stem of the wrapper of a source with this stem.
#[must_use]
pub fn wrapper(stem: &str) -> String {
    format!("{PREFIX}{stem}")
}

/// Writes the program, `gw_<stem>.py`.
#[must_use]
pub fn emit(operator: &Operator, process: &str, store: &Store) -> Artifact {
    let component = operator.component;
    let own = requirements(&component.requirements);
    let requirements = store.requirements.iter().map(ToString::to_string).chain(own);
    let reads = component.inputs.iter().flat_map(|input| parameter(input, "bool"));
    let values = [
        template::quoted(&operator.script()),
        template::quoted(process),
        lines(std::iter::once("{}".to_owned()).chain(reads)),
    ];
    let values: Vec<_> = PLACES.into_iter().zip(values).collect();
    let program = Bundle::new(GRID, store.modules, &PLACES, &[]).with(&values);
    let description = template::quoted(&component.description);
    let text = format!("{description}\n\n{}\n{program}", lines(requirements));
    Artifact::new(format!("{}.py", wrapper(&operator.settings.stem)), text)
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Requirements as comment lines; the entries of a PEP 723 block, which are installed together, share one.
fn requirements(requirements: &[Requirement]) -> Vec<String> {
    let is_metadata =
        |requirement: &Requirement| matches!(requirement, Requirement::Pip { metadata: true, .. });
    let groups = requirements.chunk_by(|one, next| is_metadata(one) && is_metadata(next));
    let line = |group: &[Requirement]| {
        let [first, rest @ ..] = group else { return String::new() };
        let rest = rest.iter().filter_map(|requirement| match requirement {
            Requirement::Pip { words, .. } => Some(format!(" {}", shell(words))),
            _ => None,
        });
        std::iter::once(requirement(first)).chain(rest).collect()
    };
    groups.map(line).collect()
}

/// A requirement as a comment line.
fn requirement(requirement: &Requirement) -> String {
    match requirement {
        Requirement::Pip { words, .. } => format!("# pip install {}", shell(words)),
        Requirement::Conda { words, .. } => format!("# conda {}", shell(words)),
        Requirement::System { words, .. } => format!("# {}", shell(words)),
        Requirement::R { .. } => String::new(),
    }
}

fn shell(words: &[String]) -> String {
    template::words(words).join(" ")
}

/// The lines that read a parameter of the user's script; one without a value or default is left to the
/// function.
fn parameter(input: &Input, flag: &str) -> Vec<String> {
    let name = template::quoted(&input.name);
    let description = input.description.as_deref().map(|text| format!("# {}", template::comment(text)));
    let directive = directive(input).map(|text| format!("  # c3: {text}")).unwrap_or_default();
    let cast = |read: String| match input.kind {
        Type::Integer => format!("int({read})"),
        Type::Float => format!("float({read})"),
        Type::Boolean => format!("{flag}({read})"),
        Type::List | Type::Dict => format!("__import__('json').loads({read})"),
        _ => read,
    };
    let read = match &input.default {
        Some(default) => format!("os.getenv({name}, {})", template::quoted(default)),
        None => format!("os.environ[{name}]"),
    };
    let set = format!("INTERFACE[{name}] = {}{directive}", cast(read));
    let lines = if input.required || input.default.is_some() {
        vec![set]
    } else {
        vec![format!("if {name} in os.environ:"), format!("    {set}")]
    };
    description.into_iter().chain(lines).collect()
}

/// The directive for what the read alone doesn't say about an input.
fn directive(input: &Input) -> Option<String> {
    match &input.kind {
        Type::Path(kind) => Some(format!("input={kind}")),
        _ if input.secret => Some("secret".to_owned()),
        Type::String => Some("not-secret".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ruff_python_ast::Stmt;
    use ruff_python_parser::parse_module;

    use super::*;

    /// The name that a top-level statement defines.
    fn name(statement: &Stmt) -> Option<String> {
        match statement {
            Stmt::FunctionDef(function) => Some(function.name.to_string()),
            Stmt::ClassDef(class) => Some(class.name.to_string()),
            Stmt::Assign(assignment) => Some(assignment.targets[0].as_name_expr()?.id.to_string()),
            _ => None,
        }
    }

    #[test]
    fn modules_of_a_store_share_one_namespace() {
        for store in STORES {
            let values = PLACES.map(|place| (place, "None".to_owned()));
            let program = Bundle::new(GRID, store.modules, &PLACES, &[]).with(&values);
            let mut names = BTreeSet::new();
            for name in parse_module(&program).unwrap().syntax().body.iter().filter_map(name) {
                assert!(names.insert(name.clone()), "{name} of {}", store.name);
            }
            assert!(PLACES.iter().all(|place| names.contains(*place)), "{}", store.name);
        }
    }
}
