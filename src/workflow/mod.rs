//! Workflows: operators one after the other, outputs of earlier ones joined to inputs of later ones by name and type.

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

/// A system that runs workflows; what is said of each is its help.
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
    /// How the name of its file ends.
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

    /// The target that writes what its workflows take of an operator; both have one name.
    #[must_use]
    pub fn target(self) -> Option<&'static Target> {
        let engine = self.to_possible_value()?;
        TARGETS.iter().find(|target| target.name == engine.get_name())
    }

    /// How the name of an operator's file ends that its workflow takes.
    pub(super) fn step_suffix(self) -> &'static str {
        self.target().and_then(|target| target.suffixes.first().copied()).unwrap_or_default()
    }

    /// Whether the result of one operator can be the parameter of another, and how it gets there.
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

    /// Whether secrets are where its operators run, and steps come in their order.
    fn has_surroundings(self) -> bool {
        !matches!(self, Self::Cwl | Self::Eoap)
    }

    /// Whether a file or folder may be missing.
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

/// Whether a file or folder of one type may be taken for another: an `Artifact` is anything, and a Kubeflow artifact
/// may be a file or a folder.
fn is_assignable(from: &str, to: &str) -> bool {
    let is_plain = |kind: &str| matches!(kind, "File" | "Directory");
    from == to || from == "Artifact" || to == "Artifact" || is_plain(from) != is_plain(to)
}

/// How a result reaches a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// As its text.
    Text,
    /// As a file or folder.
    File,
}

/// Operators joined for one engine.
#[derive(Debug, Clone)]
pub struct Workflow<'a> {
    /// The parameters of the workflow.
    inputs: Vec<Parameter>,
    /// The operators, in the order in which they were named.
    steps: Vec<Step<'a>>,
    /// What no later step takes.
    outputs: Vec<WorkflowOutput<'a>>,
}

impl<'a> Workflow<'a> {
    /// The steps, each with the one before it.
    fn in_order(&self) -> impl Iterator<Item = (&Step<'a>, Option<&Step<'a>>)> {
        let before = std::iter::once(None).chain(self.steps.iter().map(Some));
        self.steps.iter().zip(before)
    }
}

/// An operator in its place in a workflow.
#[derive(Debug, Clone)]
struct Step<'a> {
    id: String,
    operator: &'a Operator,
    /// Where each of its parameters comes from.
    sources: Vec<(&'a Parameter, Origin<'a>)>,
}

impl Step<'_> {
    /// Whether it takes anything of an earlier step.
    fn is_joined(&self) -> bool {
        self.sources.iter().any(|(_, origin)| matches!(origin, Origin::Output { .. }))
    }
}

/// Where the value of a step's parameter comes from.
#[derive(Debug, Clone)]
enum Origin<'a> {
    /// A parameter of the workflow.
    Input(String),
    /// The result of an earlier step.
    Output { step: String, outcome: &'a Outcome, route: Route },
    /// Nowhere: the operator does without, or the environment has it.
    Unset,
}

/// A result of the whole workflow.
#[derive(Debug, Clone)]
struct WorkflowOutput<'a> {
    id: String,
    step: String,
    outcome: &'a Outcome,
}

/// What the files are to be called, and how many workers a grid wrapper gets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The files' names without their ends.
    pub stem: String,
    /// RFC 1123 label of the workflow.
    pub name: String,
    /// Workers of each grid wrapper in a pipeline.
    pub workers: u32,
}

impl Settings {
    /// Whether many workers of a step run side by side.
    fn is_many(&self, step: &Step) -> bool {
        step.operator.is_grid() && self.workers > 1
    }

    /// The step before, where another has to wait for it though it may take nothing of it.
    fn awaited<'b, 'a>(&self, step: &Step, before: Option<&'b Step<'a>>) -> Option<&'b Step<'a>> {
        before.filter(|before| !step.is_joined() || self.is_many(before))
    }
}

/// Writes the workflow of operators for an engine, and says what could not be joined.
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

/// The files of the operators on one line, for the head of a file.
fn listed(workflow: &Workflow) -> String {
    display::listed(&workflow.steps.iter().map(|step| step.operator.stem.clone()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
