//! OGC application packages: the CWL workflow and the tools of its steps in one file.

use serde_json::{Map, Value, json};

use super::{Context, Link, Port, Stage, context};
use crate::backend::cwl::eoap::{process, text_or};
use crate::backend::manifest_text;
use crate::backend::pod::set;
use crate::workflow::{Settings, Workflow, listed};

/// The content of a single operator's application package.
#[derive(Debug, Clone)]
pub struct Package {
    tool: Value,
    /// The version of the operator.
    version: String,
}

/// Reads the application package of one operator, `<stem>.eoap.cwl`; nothing for any other file.
#[must_use]
pub fn parse(text: &str) -> Option<Package> {
    let file: Value = yaml_serde::from_str(text).ok()?;
    let mut tools = file["$graph"].as_array()?.iter().filter(|it| it["class"] == "CommandLineTool");
    let tool = tools.next()?.clone();
    let version = file["s:softwareVersion"].as_str()?.to_owned();
    tools.next().is_none().then_some(Package { tool, version })
}

/// Writes `<name>.workflow.eoap.cwl`; its version is that of the last operator.
pub(in crate::workflow) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let context = context(workflow, settings);
    let packages = workflow.steps.iter().filter_map(|step| step.operator.package.as_ref());
    let mut graph = vec![main(&context, packages.clone())];
    graph.extend(context.steps.iter().zip(packages.clone()).map(|(stage, package)| {
        let mut tool = package.tool.clone();
        tool["id"] = json!(tool_id(stage));
        tool
    }));
    let mut namespaces = json!({"s": "https://schema.org/"});
    if !context.secrets.is_empty() {
        namespaces["cwltool"] = json!("http://commonwl.org/cwltool#");
    }
    let document = json!({
        "cwlVersion": "v1.2",
        "$namespaces": namespaces,
        "s:softwareVersion": packages.clone().next_back().map(|package| package.version.clone()),
        "$graph": graph,
    });
    manifest_text("OGC application package", &listed(workflow), env!("CARGO_PKG_VERSION"), &[document])
}

/// The id of a step's tool; ids of inputs and outputs have no `-`.
fn tool_id(stage: &Stage) -> String {
    format!("{}-tool", stage.id)
}

fn main<'a>(context: &Context, packages: impl Iterator<Item = &'a Package>) -> Value {
    let named = |ports: &[Port], more: fn(&Port, &mut Value)| {
        let entry = |port: &Port| {
            let mut entry = described(port);
            more(port, &mut entry);
            (port.id.clone(), entry)
        };
        ports.iter().map(entry).collect::<Map<_, _>>()
    };
    let steps =
        context.steps.iter().zip(packages).map(|(stage, package)| (stage.id.clone(), step(stage, package)));
    let mut workflow = json!({
        "class": "Workflow",
        "id": process(&context.name),
        "label": context.name,
        "doc": format!("Workflow of {}", context.operators),
        "inputs": named(&context.inputs, |port, entry| set(entry, "default", json!(port.default))),
        "outputs": named(&context.outputs, |port, entry| entry["outputSource"] = json!(port.source)),
        "steps": steps.collect::<Map<_, _>>(),
    });
    if context.evaluates {
        workflow["requirements"] = json!({"StepInputExpressionRequirement": {}});
    }
    if !context.secrets.is_empty() {
        workflow["hints"] = json!({"cwltool:Secrets": {"secrets": context.secrets}});
    }
    workflow
}

/// A port with the required title and description; folders are staged out, and have to exist.
fn described(port: &Port) -> Value {
    let words: Vec<_> = port.id.split('_').filter(|word| !word.is_empty()).collect();
    let label = text_or(Some(words.join(" ")), &port.id);
    let is_staged = !port.source.is_empty() && port.kind == json!(["null", "Directory"]);
    let kind = if is_staged { json!("Directory") } else { port.kind.clone() };
    json!({"type": kind, "label": label, "doc": text_or(port.description.clone(), &label)})
}

fn step(stage: &Stage, package: &Package) -> Value {
    json!({
        "label": package.tool["label"],
        "doc": package.tool["doc"],
        "run": format!("#{}", tool_id(stage)),
        "in": stage.inputs.iter().map(link).collect::<Vec<_>>(),
        "out": stage.outputs,
    })
}

fn link(link: &Link) -> Value {
    let mut entry = json!({"id": link.id});
    set(&mut entry, "source", json!(link.source));
    set(&mut entry, "loadContents", json!(link.loads.then_some(true)));
    set(&mut entry, "valueFrom", json!(link.value));
    entry
}
