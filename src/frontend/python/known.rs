//! Python functions that import modules by name, run commands or construct a type.

use crate::component::Type;

/// The type that a constructor makes, by its path.
pub(crate) fn made(path: &str) -> Option<Type> {
    match path {
        "builtins.int" => Some(Type::Integer),
        "builtins.float" => Some(Type::Float),
        "builtins.bool" => Some(Type::Boolean),
        _ => None,
    }
}

/// Functions that import the module named by their argument.
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
