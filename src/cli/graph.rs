//! `c3 graph`: draws a workflow.

use std::path::{Path, PathBuf};

use c3::failure::{Failure, INPUT};
use c3::reader;
use c3::source::Source;
use c3::workflow::graph::{self, Graph, mermaid, svg};
use c3::workflow::{Engine, Operator};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::console;
use super::create_workflow::{operator, show};
use super::options::LogLevel;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Operators in the order in which they run, or one workflow: CWL, Argo, what `c3 create-workflow` writes for Kubeflow,
    /// Snakemake or Airflow, or what kfp 2 compiles
    #[arg(value_name = "OPERATOR|WORKFLOW", required = true)]
    paths: Vec<PathBuf>,

    /// Form of the picture
    #[arg(long, default_value = "mermaid")]
    format: Format,

    /// Platform whose rules join the operators
    #[arg(long, default_value = "kubeflow")]
    target: Engine,
}

/// A format of the picture.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A flow chart for Markdown, as GitHub and GitLab show it.
    Mermaid,
    /// An image for browsers.
    Svg,
    /// Boxes and arrows as data.
    Json,
}

/// Suffixes of files that may be workflows, beside those of Snakefiles.
const WORKFLOWS: &[&str] = &[".cwl", ".yaml", ".yml", ".json", ".pipeline.py", ".workflow.airflow.py"];

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let graph = match options.paths.as_slice() {
        [path] => workflow(path)?.map_or_else(|| joined(options), Ok)?,
        _ => joined(options)?,
    };
    match options.format {
        Format::Mermaid => console::print_for_programs(&mermaid(&graph)),
        Format::Svg => console::print_for_programs(&svg(&graph, &title(&options.paths))),
        Format::Json => {
            console::print_json(&json!({"schema_version": 1, "nodes": graph.nodes, "edges": graph.edges}))
        }
    }
}

/// The workflow in a file, if it is one.
fn workflow(path: &Path) -> Result<Option<Graph>, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !graph::is_snakefile(&name) && !WORKFLOWS.iter().any(|end| name.ends_with(end)) {
        return Ok(None);
    }
    let shown = path.display();
    let text = reader::read_to_string(path)
        .map_err(|error| Failure::new(INPUT, format!("cannot read `{shown}`: {error}")))?;
    graph::parse(&name, &text)
        .map_err(|error| Failure::new(INPUT, format!("`{shown}` is not a workflow: {error}")))
}

/// The operators, joined by the rules of an engine.
fn joined(options: &Options) -> Result<Graph, Failure> {
    let read = options.paths.iter().map(|path| step(path));
    let (sources, operators): (Vec<Source>, Vec<Operator>) =
        read.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let (graph, remarks) = graph::graph(&operators, options.target);
    show(&remarks, &sources, LogLevel::Info);
    Ok(graph)
}

/// An operator among others.
fn step(path: &Path) -> Result<(Source, Operator), Failure> {
    let name = path.to_string_lossy();
    if Engine::value_variants().iter().any(|engine| name.ends_with(engine.suffix())) {
        return Err(Failure::new(INPUT, format!("`{name}` is a workflow, not an operator"))
            .hint("draw it alone: `c3 graph WORKFLOW`"));
    }
    if name.ends_with(".cwl") {
        return Err(Failure::new(
            INPUT,
            format!("`{name}` is a CWL step, not a source or Kubeflow component"),
        )
        .hint("give the source of the operator, or the component that `c3 compile` wrote"));
    }
    let (source, operator) = operator(path, true)?;
    if graph::is_dag(source.text()) {
        return Err(Failure::new(INPUT, format!("`{name}` is a DAG of Airflow, not an operator")).hint(
            "of DAGs, only those that `c3 create-workflow` writes are drawn: `NAME.workflow.airflow.py`",
        ));
    }
    Ok((source, operator))
}

/// The picture's title for screen readers.
fn title(paths: &[PathBuf]) -> String {
    let names = paths.iter().map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    format!("Workflow of {}", c3::display::listed(&names.collect::<Vec<_>>()))
}
