//! The grid wrapper: a Python program that calls a function of the user's script for each of many batches. It is a
//! source again, so the arrow runs twice.

use serde::Serialize;

use super::{Operator, template};
use crate::artifact::Artifact;
use crate::component::{Input, Requirement, Type};

/// Where the workers of a grid keep what they tell each other.
#[derive(Debug)]
pub struct Store {
    /// The value of `--backend`.
    pub name: &'static str,
    /// The original's long form of the name.
    pub long_name: &'static str,
    /// What it is, for the help.
    pub help: &'static str,
    /// What the function is called with first, before the script's parameters by their names.
    pub called_with: &'static [&'static str],
    /// Comment lines with what its program needs.
    requirements: &'static [&'static str],
}

/// What the programs of all stores in S3 need: the first boto3 that sends `If-None-Match`.
const BOTO: &[&str] = &["# pip install boto3>=1.36"];

/// A function is called with the id of a batch.
const BATCH: &[&str] = &["batch_id"];

/// A function is called with the path of a batch and that of its result.
const PATHS: &[&str] = &["source", "target"];

/// Every store.
pub static STORES: &[Store] = &[
    Store {
        name: "local",
        long_name: "grid_wrapper",
        help: "Files in a shared folder",
        called_with: BATCH,
        requirements: &[],
    },
    Store {
        name: "cos",
        long_name: "cos_grid_wrapper",
        help: "Files in a bucket",
        called_with: BATCH,
        requirements: BOTO,
    },
    Store {
        name: "s3kv",
        long_name: "s3kv_grid_wrapper",
        help: "Keys in a bucket",
        called_with: BATCH,
        requirements: BOTO,
    },
    Store {
        name: "legacy_cos",
        long_name: "legacy_cos_grid_wrapper",
        help: "Files in a bucket, where the data of the batches is too",
        called_with: BATCH,
        requirements: BOTO,
    },
    Store {
        name: "simple",
        long_name: "simple_grid_wrapper",
        help: "Each file of a folder is a batch",
        called_with: PATHS,
        requirements: &[],
    },
    Store {
        name: "folder",
        long_name: "folder_grid_wrapper",
        help: "Each file or folder in a folder is a batch",
        called_with: PATHS,
        requirements: &[],
    },
];

/// The store of a name, short or long.
#[must_use]
pub fn store(name: &str) -> Option<&'static Store> {
    STORES.iter().find(|store| [store.name, store.long_name].contains(&name))
}

/// What the template takes: lines and literals of Python.
#[derive(Serialize)]
struct Context {
    backend: &'static str,
    description: String,
    module: String,
    process: String,
    requirements: String,
    interface: String,
}

/// The function that a grid calls with each batch, for platforms that have workers of their own.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its name.
    pub(super) name: String,
    /// The script that defines it.
    pub(super) script: String,
    /// Names of the script's parameters.
    pub(super) parameters: Vec<String>,
    /// Lines of Python that read them into `INTERFACE`; flags by a function `truth`, as no prelude has been there.
    pub(super) interface: Vec<String>,
}

impl Process {
    /// The function of a name in an operator's script.
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

/// Writes the program, `gw_<stem>.py`.
#[must_use]
pub fn emit(operator: &Operator, process: &str, store: &Store) -> Artifact {
    let component = operator.component;
    let own = requirements(&component.requirements);
    let requirements = store.requirements.iter().map(ToString::to_string).chain(own);
    let interface = component.inputs.iter().flat_map(|input| parameter(input, "bool"));
    let context = Context {
        backend: store.name,
        description: template::quoted(&component.description),
        module: template::quoted(&operator.script()),
        process: template::quoted(process),
        requirements: requirements.collect::<Vec<_>>().join("\n"),
        interface: std::iter::once("INTERFACE = {}".to_owned())
            .chain(interface)
            .collect::<Vec<_>>()
            .join("\n"),
    };
    Artifact::new(format!("gw_{}.py", operator.settings.stem), template::render("grid/wrapper.py", &context))
}

/// Requirements as comment lines; the entries of a PEP 723 block, which are installed together, in one.
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

/// The lines that read a parameter of the user's script; what isn't given and has no default is left to the function.
fn parameter(input: &Input, flag: &str) -> Vec<String> {
    let name = template::quoted(&input.name);
    let description = input.description.as_deref().map(|text| format!("# {}", template::comment(text)));
    let directive = directive(input).map(|text| format!("  # c3: {text}")).unwrap_or_default();
    let cast = |read: String| match input.kind {
        Type::Integer => format!("int({read})"),
        Type::Float => format!("float({read})"),
        Type::Boolean => format!("{flag}({read})"),
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

/// What the read alone doesn't tell of an input.
fn directive(input: &Input) -> Option<String> {
    match &input.kind {
        Type::Path(kind) => Some(format!("input={kind}")),
        _ if input.secret => Some("secret".to_owned()),
        Type::String => Some("not-secret".to_owned()),
        _ => None,
    }
}
