//! Small workflows, drawn from operators and from files.

use std::path::PathBuf;

use super::*;
use crate::frontend;
use crate::language::Language;
use crate::source::Source;
use crate::workflow::{Settings, emit};

const MAKE: &str = "n = int(os.getenv('n', '1'))\nos.environ['table'] = 't.csv'  # c3: output=File";
const TAKE: &str =
    "t = open(os.environ['table'])  # c3: input=File\nm = os.getenv('m', 'x')\nos.environ['end'] = m";
const ALONE: &str = "n = int(os.getenv('n', '1'))";

fn operator(stem: &str, script: &str) -> Operator {
    let text = format!("\"\"\"An operator.\"\"\"\nimport os\n{script}\n");
    let source = Source::new(PathBuf::from(format!("{stem}.py")), Language::Python, text);
    Operator::new(&frontend::read(&source).component.unwrap(), stem, true)
}

fn operators() -> Vec<Operator> {
    vec![operator("make", MAKE), operator("gw_take", TAKE), operator("alone", ALONE)]
}

#[test]
fn steps_inputs_and_outputs_are_boxes() {
    let expected = "\
flowchart TD
  n0[/\"n\"/]
  n1[/\"m\"/]
  n2[\"make\"]
  n3[[\"gw_take\"]]
  n4[\"alone\"]
  n5([\"end\"])
  n0 --> n2
  n0 --> n4
  n1 --> n3
  n2 -->|\"table\"| n3
  n3 -.-> n4
  n3 --> n5
";
    assert_eq!(mermaid(&graph(&operators(), Engine::Kubeflow).0), expected);
    let cwl = expected.replace("  n3 -.-> n4\n", "");
    assert_eq!(mermaid(&graph(&operators(), Engine::Cwl).0), cwl);
}

#[test]
fn generated_workflows_are_drawn_like_their_operators() {
    let settings = Settings { stem: "all".into(), name: "all".into(), workers: 3 };
    for engine in [Engine::Cwl, Engine::Kubeflow] {
        let artifact = emit(&operators(), engine, &settings).0;
        let text = String::from_utf8(artifact.content).unwrap();
        let read = parse(&artifact.name, &text).unwrap().unwrap();
        let drawn = graph(&operators(), engine).0;
        assert_eq!((&read.nodes[..5], &read.edges[..4]), (&drawn.nodes[..5], &drawn.edges[..4]), "{text}");
    }
}

#[test]
fn argo_workflows_are_drawn_like_their_operators() {
    let settings = Settings { stem: "all".into(), name: "all".into(), workers: 3 };
    let artifact = emit(&operators(), Engine::Argo, &settings).0;
    let text = String::from_utf8(artifact.content).unwrap();
    let read = parse(&artifact.name, &text).unwrap().unwrap();
    let mut drawn = graph(&operators(), Engine::Argo).0;
    // Names of tasks have hyphens, and what is left at the end isn't named.
    drawn.nodes[3].names = vec!["gw-take".to_owned()];
    assert_eq!((&read.nodes[..], &read.edges[..]), (&drawn.nodes[..5], &drawn.edges[..5]), "{text}");
}

#[test]
fn snakefiles_and_dags_are_drawn_like_their_operators() {
    let settings = Settings { stem: "all".into(), name: "all".into(), workers: 3 };
    for engine in [Engine::Snakemake, Engine::Airflow] {
        let artifact = emit(&operators(), engine, &settings).0;
        let text = String::from_utf8(artifact.content).unwrap();
        let read = parse(&artifact.name, &text).unwrap().unwrap();
        let drawn = graph(&operators(), engine).0;
        // What is left at the end isn't named.
        assert_eq!((&read.nodes[..], &read.edges[..]), (&drawn.nodes[..5], &drawn.edges[..5]), "{text}");
    }
}

#[test]
fn foreign_snakefiles_and_dags_are_rejected_by_line() {
    let settings = Settings { stem: "all".into(), name: "all".into(), workers: 3 };
    for (engine, added) in [
        (Engine::Snakemake, "rule other:\n    input: \"x\"\n"),
        (Engine::Snakemake, "include: \"other.smk\"\n"),
        (Engine::Airflow, "    TASKS[\"make\"] >> other()\n"),
        (Engine::Airflow, "    other = BashOperator(task_id=\"x\")\n"),
    ] {
        let artifact = emit(&operators(), engine, &settings).0;
        let text = String::from_utf8(artifact.content).unwrap() + added;
        let error = parse(&artifact.name, &text).unwrap_err().to_string();
        let line = text.lines().position(|line| added.starts_with(line) && !line.is_empty()).unwrap() + 1;
        assert!(
            error.starts_with(&format!("line {line} ")) && error.contains("c3 create-workflow"),
            "{error}"
        );
    }
    let elsewhere = "module a:\n snakefile: \n  \"a.smk\"\n config:\n  {\n  \"t\": \"results/b/t\",\n  }\n";
    assert!(parse("Snakefile", elsewhere).unwrap_err().to_string().contains("line 6"));
    assert!(parse("a.smk", "rule all:\n    input:\n        \"x\",\n").is_err());
}

#[test]
fn workflows_of_other_tools_are_drawn() {
    let maps = "class: Workflow\ninputs: {x: string}\noutputs: {y: {type: File, outputSource: b/y}}\nsteps:\n  \
                b: {run: b.cwl, in: {z: a/z, x: x}, out: [y]}\n  a: {run: a.cwl, in: {x: {source: x}}, out: [z]}\n";
    let lists = "$graph:\n- {class: CommandLineTool, id: tool}\n- class: Workflow\n  id: '#main'\n  inputs: [{id: x}]\n  \
                 outputs: [{id: y, outputSource: '#main/b/y'}]\n  steps:\n  - {id: b, in: [{id: z, source: ['#main/a/z']}, \
                 {id: x, source: '#x'}]}\n  - {id: a, in: [{id: x, source: '#x'}]}\n";
    let expected = "flowchart TD\n  n0[/\"x\"/]\n  n1[\"b\"]\n  n2[\"a\"]\n  n3([\"y\"])\n  n0 --> n1\n  n0 --> n2\n  \
                    n2 -->|\"z\"| n1\n  n1 --> n3\n";
    for text in [maps, lists] {
        assert_eq!(mermaid(&parse("w.cwl", text).unwrap().unwrap()), expected, "{text}");
    }
    let compiled = "root:\n  dag:\n    tasks:\n      b:\n        dependentTasks: [a]\n        inputs:\n          parameters:\n            \
                    x: {componentInputParameter: x}\n          artifacts:\n            \
                    z: {taskOutputArtifact: {producerTask: a, outputArtifactKey: z}}\n      a:\n        inputs:\n          \
                    parameters: {x: {componentInputParameter: x}}\n      c: {dependentTasks: [b]}\n";
    let expected = "flowchart TD\n  n0[/\"x\"/]\n  n1[\"b\"]\n  n2[\"a\"]\n  n3[\"c\"]\n  n0 --> n1\n  n0 --> n2\n  \
                    n2 -->|\"z\"| n1\n  n1 -.-> n3\n";
    assert_eq!(mermaid(&parse("p.yaml", compiled).unwrap().unwrap()), expected);
}

#[test]
fn files_without_a_workflow_are_reported() {
    assert!(parse("a.cwl", "class: CommandLineTool").unwrap().is_none());
    assert!(parse("a.yaml", "name: a\nimplementation: {}").unwrap().is_none());
    assert!(parse("a.yaml", "- [").unwrap().is_none());
    assert!(parse("a.cwl", "- [").is_err());
    assert!(parse("a.cwl", "class: Workflow\nsteps: []").is_err());
    assert!(parse("a.pipeline.py", "print(1)").is_err());
}

#[test]
fn names_are_escaped_in_pictures() {
    let name = "a\"]<script>&#`%\\\n\u{202e}".to_owned();
    let node = |kind| Node { kind, names: vec![name.clone(), "b".into()] };
    let edge = Edge { from: 0, to: 1, names: vec![name.clone()], waits: false };
    let graph = Graph { nodes: vec![node(Kind::Inputs), node(Kind::Grid)], edges: vec![edge] };
    let chart = mermaid(&graph);
    assert_eq!(chart.lines().count(), 4, "{chart}");
    assert!(
        !chart.contains("<script") && !chart.contains('\u{202e}') && chart.matches('"').count() == 6,
        "{chart}"
    );
    let picture = svg(&graph, &name);
    assert!(!picture.contains("<script") && !picture.contains('\u{202e}'), "{picture}");
    // Every tag is closed, as XML wants it.
    let (opened, closed) = (picture.matches("<text").count(), picture.matches("</text>").count());
    assert_eq!((opened, closed), (5, 5));
}

#[test]
fn boxes_are_below_their_sources_and_do_not_overlap() {
    let (graph, _) = graph(&operators(), Engine::Kubeflow);
    let (frames, width, height) = svg::layout(&graph);
    for edge in &graph.edges {
        let (from, to) = (frames[edge.from], frames[edge.to]);
        assert!(from.y + from.height < to.y, "{edge:?}");
    }
    for (at, one) in frames.iter().enumerate() {
        assert!(one.x + one.width <= width && one.y + one.height <= height);
        for other in &frames[at + 1..] {
            let apart = one.x + one.width <= other.x || other.x + other.width <= one.x;
            assert!(apart || one.y + one.height <= other.y || other.y + other.height <= one.y);
        }
    }
    let circle = Graph { edges: vec![Edge::plain(0, 0)], nodes: graph.nodes[2..3].to_vec() };
    assert!(svg(&circle, "a circle").contains("</svg>"));
}
