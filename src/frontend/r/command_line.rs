//! The command line of a script: whether the script reads its own.

use super::names::Names;
use super::shapes::Shapes;

/// Packages that read the command line for their users.
pub(super) const PACKAGES: &[&str] =
    &["argparse", "argparser", "docopt", "getopt", "optigrab", "optparse", "scribe"];

/// The function that gives the arguments.
const ARGUMENTS: &str = "commandArgs";

/// Whether a script reads its command line, itself or through a package.
pub(super) fn is_read(names: &Names, shapes: &Shapes, mut used: impl Iterator<Item = String>) -> bool {
    used.any(|package| PACKAGES.contains(&package.as_str()))
        || shapes
            .calls
            .iter()
            .any(|call| names.function(call.function).is_some_and(|function| function.is_base(ARGUMENTS)))
}
