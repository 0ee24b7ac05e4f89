//! Functions of Python's that import modules by their names, run commands or make values of a type.

use crate::component::Type;

/// The type of what a function makes, by its path.
pub(crate) fn made(path: &str) -> Option<Type> {
    match path {
        "builtins.int" => Some(Type::Integer),
        "builtins.float" => Some(Type::Float),
        "builtins.bool" => Some(Type::Boolean),
        _ => None,
    }
}

/// Functions that import what their argument names.
pub(crate) const IMPORTERS: &[&str] =
    &["builtins.__import__", "importlib.import_module", "importlib.__import__"];

/// Functions that run a command, given as a text or as a list of words.
pub(crate) const RUNNERS: &[&str] = &[
    "os.popen",
    "os.system",
    "subprocess.Popen",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "subprocess.run",
];
