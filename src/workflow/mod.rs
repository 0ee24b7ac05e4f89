//! Workflows: operators in sequence, with outputs joined to inputs by name and type.

use clap::ValueEnum;

use crate::artifact::Artifact;
use crate::backend::parameter::{Outcome, Parameter};
use crate::backend::{TARGETS, Target};
use crate::component::Type;
use crate::display;
use crate::stamp;

mod airflow;
mod argo;
pub mod component_file;
pub mod cwl;
pub mod graph;
mod join;
pub mod kfp_ir;
mod kubeflow;
mod names;
pub mod operator;
mod remark;
mod snakemake;

pub use join::join;
pub use operator::Operator;
pub use remark::Remark;

/// A workflow engine; the comments of its variants are its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A program that compiles a Kubeflow pipeline, `<name>.pipeline.py`.
    Kubeflow,
    /// A compiled Kubeflow pipeline, `<name>.workflow.ir.yaml`.
    KfpIr,
    /// A CWL workflow, `<name>.workflow.cwl`.
    Cwl,
    /// An OGC application package, `<name>.workflow.eoap.cwl`.
    Eoap,
    /// A workflow template of Argo, `<name>.workflow.argo.yaml`.
    Argo,
    /// A Snakefile of modules, `<name>.workflow.smk`.
    Snakemake,
    /// A DAG of Airflow, `<name>.workflow.airflow.py`.
    Airflow,
}

impl Engine {
    /// Suffix of its workflow files.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Kubeflow => ".pipeline.py",
            Self::KfpIr => ".workflow.ir.yaml",
            Self::Cwl => ".workflow.cwl",
            Self::Eoap => ".workflow.eoap.cwl",
            Self::Argo => ".workflow.argo.yaml",
            Self::Snakemake => ".workflow.smk",
            Self::Airflow => ".workflow.airflow.py",
        }
    }

    /// The target of the same name, whose files its workflows include.
    #[must_use]
    pub fn target(self) -> Option<&'static Target> {
        let engine = self.to_possible_value()?;
        TARGETS.iter().find(|target| target.name == engine.get_name())
    }

    /// Suffix of an operator's file that its workflows include.
    pub(super) fn step_suffix(self) -> &'static str {
        self.target().and_then(|target| target.suffixes.first().copied()).unwrap_or_default()
    }

    /// How an output reaches an input of another operator, if it can.
    fn route(self, output: &Type, input: &Type) -> Option<Route> {
        match (self, output, input) {
            (_, Type::String, Type::String) => Some(Route::Text),
            // Kubeflow's values have types; CWL would need an expression to make a number of a text.
            (Self::Kubeflow | Self::KfpIr, from, to) if from == to && !from.is_path() => Some(Route::Text),
            // All values of Argo's are texts, results of Snakemake's rules are files that hold some, and an operator
            // reads what Airflow holds as a text.
            (Self::Argo | Self::Snakemake | Self::Airflow, from, to) if !from.is_path() && !to.is_path() => {
                Some(Route::Text)
            }
            (Self::Cwl | Self::Eoap, from, Type::String) if !from.is_path() => Some(Route::Text),
            // A runner of CWL delivers a text as a file, too.
            (Self::Cwl | Self::Eoap, Type::String, Type::Path(kind)) if kind != "Directory" => {
                Some(Route::File)
            }
            (_, Type::Path(from), Type::Path(to)) if is_assignable(from, to) => Some(Route::File),
            _ => None,
        }
    }

    /// Whether its operators find their secrets by themselves, and its steps run in order.
    fn has_surroundings(self) -> bool {
        !matches!(self, Self::Cwl | Self::Eoap)
    }

    /// Whether files and folders may be optional.
    fn leaves_files_out(self) -> bool {
        !matches!(self, Self::Kubeflow | Self::Argo)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kubeflow | Self::KfpIr => "Kubeflow",
            Self::Cwl | Self::Eoap => "CWL",
            Self::Argo => "Argo",
            Self::Snakemake => "Snakemake",
            Self::Airflow => "Airflow",
        }
    }
}

/// Whether a type accepts files or folders of another: `Artifact` accepts all, and a Kubeflow artifact may be
/// a file or folder.
fn is_assignable(from: &str, to: &str) -> bool {
    let is_plain = |kind: &str| matches!(kind, "File" | "Directory");
    from == to || from == "Artifact" || to == "Artifact" || is_plain(from) != is_plain(to)
}

/// How an output reaches a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// As text.
    Text,
    /// As a file or folder.
    File,
}

/// Operators joined for one engine.
#[derive(Debug, Clone)]
pub struct Workflow<'a> {
    /// The parameters of the workflow.
    inputs: Vec<Parameter>,
    /// The operators, in order.
    steps: Vec<Step<'a>>,
    /// Outputs that no later step takes.
    outputs: Vec<WorkflowOutput<'a>>,
}

impl<'a> Workflow<'a> {
    /// The steps, each with its predecessor.
    fn in_order(&self) -> impl Iterator<Item = (&Step<'a>, Option<&Step<'a>>)> {
        let before = std::iter::once(None).chain(self.steps.iter().map(Some));
        self.steps.iter().zip(before)
    }
}

/// An operator as a step of a workflow.
#[derive(Debug, Clone)]
struct Step<'a> {
    id: String,
    operator: &'a Operator,
    /// The origins of its parameters.
    sources: Vec<(&'a Parameter, Origin<'a>)>,
}

impl Step<'_> {
    /// Whether it takes anything from earlier steps.
    fn is_joined(&self) -> bool {
        self.sources.iter().any(|(_, origin)| matches!(origin, Origin::Output { .. }))
    }
}

/// The origin of a step's parameter.
#[derive(Debug, Clone)]
enum Origin<'a> {
    /// A parameter of the workflow.
    Input(String),
    /// The output of an earlier step.
    Output { step: String, outcome: &'a Outcome, route: Route },
    /// None: the operator does without, or the environment sets it.
    Unset,
}

/// An output of the workflow.
#[derive(Debug, Clone)]
struct WorkflowOutput<'a> {
    id: String,
    step: String,
    outcome: &'a Outcome,
}

/// Names of the files, and number of workers per grid wrapper.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The files' names without suffixes.
    pub stem: String,
    /// RFC 1123 label of the workflow.
    pub name: String,
    /// Workers of each grid wrapper in a pipeline.
    pub workers: u32,
}

impl Settings {
    /// Whether several workers of a step run in parallel.
    fn is_many(&self, step: &Step) -> bool {
        step.operator.is_grid() && self.workers > 1
    }

    /// The previous step, if this one has to wait for it without taking data.
    fn awaited<'b, 'a>(&self, step: &Step, before: Option<&'b Step<'a>>) -> Option<&'b Step<'a>> {
        before.filter(|before| !step.is_joined() || self.is_many(before))
    }
}

/// Writes the workflow of operators for an engine, with remarks on what could not be joined.
#[must_use]
pub fn emit(operators: &[Operator], engine: Engine, settings: &Settings) -> (Artifact, Vec<Remark>) {
    let (workflow, remarks) = join(operators, engine);
    let text = match engine {
        Engine::Kubeflow => kubeflow::emit(&workflow, settings),
        Engine::KfpIr => kfp_ir::emit(&workflow, settings),
        Engine::Cwl => cwl::emit(&workflow, settings),
        Engine::Eoap => cwl::eoap::emit(&workflow, settings),
        Engine::Argo => argo::emit(&workflow, settings),
        Engine::Snakemake => snakemake::emit(&workflow, settings),
        Engine::Airflow => airflow::emit(&workflow, settings),
    };
    (Artifact::new(format!("{}{}", settings.stem, engine.suffix()), stamp::sealed(&text)), remarks)
}

/// The operators' files on one line, for a header.
fn listed(workflow: &Workflow) -> String {
    display::listed(&workflow.steps.iter().map(|step| step.operator.stem.clone()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
