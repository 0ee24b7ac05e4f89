//! The command line of a script: whether it reads the one that it is called with.

use super::names::Names;
use super::shapes::Shapes;

/// Packages that read the command line for those who use them.
pub(super) const PACKAGES: &[&str] =
    &["argparse", "argparser", "docopt", "getopt", "optigrab", "optparse", "scribe"];

/// The function that gives the arguments.
const ARGUMENTS: &str = "commandArgs";

/// Whether a script reads its command line, by itself or by one of the packages that it uses.
pub(super) fn is_read(names: &Names, shapes: &Shapes, mut used: impl Iterator<Item = String>) -> bool {
    used.any(|package| PACKAGES.contains(&package.as_str()))
        || shapes
            .calls
            .iter()
            .any(|call| names.function(call.function).is_some_and(|function| function.is_base(ARGUMENTS)))
}
