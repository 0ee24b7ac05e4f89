//! Tests of both compilers' manifests.

use super::*;

fn names(manifest: &Manifest) -> Vec<String> {
    let told = |input: &Input| {
        let need = if input.required { "!" } else { "" };
        format!("{}{need} {} {:?}", input.name, input.kind.name(), input.default)
    };
    manifest.interface.inputs.iter().map(|(_, input)| told(input)).collect()
}

#[test]
fn components_of_the_original_are_read() {
    let manifest = Manifest::parse(
        r#"
name: echoes
description: "Echoes. – CLAIMED V0.1"

inputs:
- {name: text, type: String, description: "Any text.", default: "a"}
- {name: count, type: Integer, description: "", default: "3"}
- {name: none, type: String, description: "", default: "None"}
- {name: needed, type: String, description: ""}


outputs:


implementation:
    container:
        image: quay.io/me/claimed-echoes:0.1
        command:
        - sh
        - -ec
        - |
          python ./claimed_echoes.py text="${0}" count="${1}"
        - {inputValue: text}
"#,
    )
    .unwrap();
    assert_eq!(manifest.image, "quay.io/me/claimed-echoes:0.1");
    let expected =
        ["text String Some(\"a\")", "count Integer Some(\"3\")", "none String None", "needed! String None"];
    assert_eq!(names(&manifest), expected);
}

#[test]
fn application_packages_are_parsed() {
    let manifest = Manifest::parse(
        r#"
cwlVersion: v1.2
$graph:
- {class: Workflow, id: x, inputs: {rows: {type: int}}}
- class: CommandLineTool
  id: x-tool
  requirements:
    DockerRequirement: {dockerPull: "claimed-x:0.1"}
  inputs:
    rows: {type: int, default: 3}
    item: {type: Directory}
"#,
    )
    .unwrap();
    assert_eq!(manifest.image, "claimed-x:0.1");
    assert_eq!(names(&manifest), ["rows Integer Some(\"3\")", "item! Directory None"]);
    assert!(Manifest::parse("$graph:\n- {class: Workflow}").is_err());
}

#[test]
fn jobs_are_read() {
    let manifest = Manifest::parse(
        r#"
kind: Job
spec:
  template:
    spec:
      containers:
      - image: claimed-x:0.1
        env:
        - name: count
          value: "3"
        - name: price
          value: "5 $$"
        - name: log_level
          value: value_of_log_level
        - name: needed
          value: ""
        - name: token
          valueFrom: {secretKeyRef: {name: x, key: token}}
        - name: other_token
          valueFrom: {secretKeyRef: {name: x, key: other_token, optional: true}}
"#,
    )
    .unwrap();
    let expected = [
        "count String Some(\"3\")",
        "price String Some(\"5 $\")",
        "log_level String None",
        "needed String None",
        "token! String None",
        "other_token String None",
    ];
    assert_eq!(names(&manifest), expected);
}

#[test]
fn steps_are_read() {
    let own = "class: CommandLineTool\nrequirements: {DockerRequirement: {dockerPull: a:1}}\nbaseCommand: [python]\n\
               inputs:\n  n: {type: int, default: 3}\n  f: {type: ['null', File]}\n  t: {type: string}\n";
    let own = Manifest::parse(own).unwrap();
    assert_eq!(own.image, "a:1");
    assert_eq!(names(&own), ["n Integer Some(\"3\")", "f File None", "t! String None"]);
    let original = "class: CommandLineTool\nbaseCommand: \"claimed\"\ninputs:\n  component:\n    type: string\n    \
                    default: a:2\n  x:\n    type: bool\n    default: True\n";
    let original = Manifest::parse(original).unwrap();
    assert_eq!(original.image, "a:2");
    assert_eq!(names(&original), ["x Boolean Some(\"true\")"]);
}

#[test]
fn other_files_are_refused() {
    for text in ["", "a: 1", "- x", "kind: Job", "class: Workflow\nsteps: []", "a: [", "inputs: 3"] {
        assert!(Manifest::parse(text).is_err(), "{text:?}");
    }
}
