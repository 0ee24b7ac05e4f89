//! Jobs with values.

use super::*;
use crate::manifest::Manifest;

const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: {generateName: \"x-\", namespace: \"b\"}
spec:
  template:
    spec:
      containers:
      - image: i
        command: [sh, x]
        env:
        - {name: rows, value: \"3\"}
        - {name: needed, value: \"\"}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: token, valueFrom: {secretKeyRef: {name: x, key: other, optional: true}}}
";

fn interface() -> Interface {
    let mut interface = Manifest::parse(JOB).unwrap().interface;
    let odd = crate::component::Input { name: "öl".to_owned(), ..interface.inputs[0].1.clone() };
    interface.inputs.push(("ol".to_owned(), odd));
    interface
}

fn prepared(values: &[(&str, &str)], own: &[&str]) -> Prepared {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let own = own.iter().map(|word| (*word).to_owned()).collect();
    let invocation = Invocation { values, own, shown: Vec::new() };
    Job::parse(JOB).unwrap().prepared(&interface(), &invocation, "abcde")
}

fn variable(prepared: &Prepared, name: &str) -> Vec<Value> {
    let variables = prepared.job.pointer(CONTAINER).unwrap()["env"].as_array().unwrap();
    variables.iter().filter(|it| it["name"] == name).cloned().collect()
}

#[test]
fn given_values_replace_those_in_the_file() {
    let made = prepared(&[("rows", "5 $(HOME)"), ("öl", "1")], &["-v", "$x"]);
    assert_eq!(made.job["metadata"], json!({"name": "x-abcde", "namespace": "b"}));
    assert_eq!(variable(&made, "rows"), [json!({"name": "rows", "value": "5 $$(HOME)"})]);
    assert_eq!(variable(&made, "ol"), [json!({"name": "ol", "value": "1"})]);
    assert_eq!(made.job.pointer(CONTAINER).unwrap()["args"], json!(["--ol=$(ol)", "-v", "$$x"]));
    assert_eq!(made.secret, None);
}

#[test]
fn local_secrets_become_a_secret_of_the_job() {
    let made = prepared(&[("token", "hunter2$$")], &[]);
    // Without it, no pod starts.
    let source = json!({"secretKeyRef": {"name": "x-abcde", "key": "token"}});
    assert_eq!(variable(&made, "token"), [json!({"name": "token", "valueFrom": source})]);
    let secret = made.secret.unwrap();
    assert_eq!(secret["stringData"], json!({"token": "hunter2$$"}));
    assert_eq!(
        (&secret["metadata"]["name"], &secret["metadata"]["namespace"]),
        (&json!("x-abcde"), &json!("b"))
    );
    assert!(!made.job.to_string().contains("hunter2"));
}

#[test]
fn inputs_set_in_the_file_are_not_required() {
    let mut interface = interface();
    interface.inputs.iter_mut().for_each(|(_, input)| input.required = true);
    let asked = |text: &str| {
        let inputs = Job::parse(text).unwrap().satisfied(interface.clone()).inputs;
        inputs.into_iter().filter(|(_, input)| input.required).map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(asked(JOB), ["needed", "ol"]);
    let whole = JOB.replace("image: i", "image: i\n        envFrom: [{configMapRef: {name: x}}]");
    assert!(asked(&whole).is_empty());
}

#[test]
fn long_names_leave_room_for_pods() {
    let long = JOB.replace("x-", &format!("{}-", "x".repeat(60)));
    let made = Job::parse(&long).unwrap().prepared(&interface(), &Invocation::default(), "abcde");
    assert_eq!(made.name, format!("{}-abcde", "x".repeat(LONGEST)));
}

#[test]
fn other_files_are_refused() {
    for text in ["", "a: 1", "kind: Job", "kind: Pod\nspec: {containers: [{image: a}]}", "a: ["] {
        assert!(matches!(Job::parse(text), Err(SubmitError::Manifest(_))), "{text:?}");
    }
}

/// A job with these volumes and where they are mounted.
fn mounting(volumes: &Value, mounts: &Value) -> Job {
    let mut document = Job::parse(JOB).unwrap().document;
    document["spec"]["template"]["spec"]["volumes"] = volumes.clone();
    document.pointer_mut(CONTAINER).unwrap()["volumeMounts"] = mounts.clone();
    Job { document }
}

fn giving(names: &[&str]) -> Interface {
    let output = |name: &&str| json!({"name": name, "type": "String", "location": {"line": 1}});
    let outputs = names
        .iter()
        .map(|name| ((*name).to_owned(), serde_json::from_value(output(name)).expect("an output")))
        .collect();
    Interface { outputs, ..interface() }
}

#[test]
fn outputs_go_to_the_first_persistent_volume() {
    let claim = |name: &str| json!({"name": name, "persistentVolumeClaim": {"claimName": "c"}});
    let volumes = json!([{"name": "a", "emptyDir": {}}, claim("b"), claim("c")]);
    let mounts = json!([
        {"name": "a", "mountPath": "/a"},
        {"name": "b", "mountPath": "/b", "readOnly": true},
        {"name": "c", "mountPath": "/c $(x)/"},
    ]);
    let job = mounting(&volumes, &mounts).delivering(&giving(&["one", ""])).unwrap();
    let container = job.document.pointer(CONTAINER).unwrap();
    assert_eq!(container["args"], json!(["--one=/c $$(x)/c3-outputs/$(C3_POD)/one/"]));
    assert_eq!(job.document["metadata"]["annotations"][OUTPUTS], "/c $(x)/c3-outputs");
    assert_eq!(
        delivered(container["args"][0].as_str().unwrap(), "/c $(x)/c3-outputs"),
        Some("one"),
        "it is read back"
    );
}

#[test]
fn outputs_need_a_persistent_volume() {
    let read_only = json!([{"name": "a", "persistentVolumeClaim": {"claimName": "c", "readOnly": true}}]);
    for volumes in [json!(null), json!([{"name": "a", "emptyDir": {}}]), read_only] {
        let job = mounting(&volumes, &json!([{"name": "a", "mountPath": "/a"}]));
        assert!(matches!(job.delivering(&giving(&["one"])), Err(SubmitError::NoVolume)), "{volumes}");
    }
}
