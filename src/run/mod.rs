//! Running an operator on this machine: in its image, or as a process with an environment of its own.

use std::path::Path;

use crate::failure::Failure;
use crate::invocation::{Interface, Invocation};
use crate::progress::Progress;

mod data;
pub mod in_image;
pub mod on_machine;
mod passing;
mod results;

pub use passing::named;
pub use results::Results;

/// Parses the words after an operator once its interface is known; nothing after showing help.
pub type ParseArguments<'a> = &'a dyn Fn(Option<&Interface>) -> Result<Option<Invocation>, Failure>;

/// How to run an operator, and what it shares with this machine.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Parses its parameters.
    pub parse_arguments: ParseArguments<'a>,
    /// Folder for its outputs; without it they are dropped.
    pub output_dir: Option<&'a Path>,
    /// Mounts, each as `SOURCE[:TARGET][:ro]`.
    pub mounts: &'a [String],
    /// Variables, each as `NAME[=VALUE]`.
    pub env: &'a [String],
    /// Number of GPUs; -1 for all.
    pub gpus: Option<i64>,
    /// Shows the steps.
    pub progress: &'a Progress,
    /// Where messages about outputs go.
    pub reporter: &'a Progress,
}
