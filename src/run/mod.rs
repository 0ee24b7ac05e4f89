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

/// What the words behind an operator ask for, once its interface is known; nothing if that was help.
pub type Asked<'a> = &'a dyn Fn(Option<&Interface>) -> Result<Option<Invocation>, Failure>;

/// How an operator is run, and what it shares with this machine.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// What its parameters are.
    pub asked: Asked<'a>,
    /// Folder that its outputs are put into; without it they are dropped.
    pub output_dir: Option<&'a Path>,
    /// What it sees of this machine, each as `SOURCE[:TARGET][:ro]`.
    pub mounts: &'a [String],
    /// Variables that it sees, each as `NAME[=VALUE]`.
    pub env: &'a [String],
    /// Graphics processors that it gets: -1 stands for all.
    pub gpus: Option<i64>,
    /// Who shows the steps.
    pub progress: &'a Progress,
    /// Where messages about outputs go.
    pub teller: &'a Progress,
}
