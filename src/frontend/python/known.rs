//! Functions of Python's that import modules by their names or run commands.

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
