//! The job that is created: a manifest with values, under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::backend::kubernetes::{handed_on, literal, variable_name};
use crate::backend::runtime::SKIPS_UNSET;
use crate::invocation::{Interface, Invocation};
use crate::submit::SubmitError;

/// Longest beginning of a job's name: Kubernetes adds to it for pods, within 63 characters.
const LONGEST: usize = 46;

/// Where the only container of a job's pods is.
pub(super) const CONTAINER: &str = "/spec/template/spec/containers/0";

/// The annotation of a job that tells where its pods deliver their outputs.
pub(super) const OUTPUTS: &str = "c3/outputs";

/// Folder of a volume that outputs are delivered to, each pod's in one of its own name: what a pod that failed has left isn't
/// mixed with what the next one delivers.
const FOLDER: &str = "c3-outputs";

/// The variable that tells a pod its own name.
const POD: &str = "C3_POD";

/// Kinds of volumes that outlive a pod and are seen by another.
const LASTING: &[&str] = &["persistentVolumeClaim", "nfs"];

/// A job as its manifest describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    document: Value,
}

/// A job that is ready to be created, and the secret that it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The job.
    pub job: Value,
    /// Name of the job.
    pub name: String,
    /// The secret, if values of this machine are secret.
    pub secret: Option<Value>,
}

impl Job {
    /// Reads a manifest.
    pub fn parse(text: &str) -> Result<Self, SubmitError> {
        let wrong =
            |reason: String| SubmitError::Manifest(format!("the file is not a Kubernetes job: {reason}"));
        let document: Value = yaml_serde::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if document["kind"] != "Job" || document.pointer(CONTAINER).is_none() {
            return Err(wrong("it has no `kind: Job` with a container".to_owned()));
        }
        Ok(Self { document })
    }

    /// Namespace that it names.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.document["metadata"]["namespace"].as_str()
    }

    /// The image of its pods.
    #[must_use]
    pub fn image(&self) -> &str {
        self.document.pointer(CONTAINER).and_then(|container| container["image"].as_str()).unwrap_or_default()
    }

    /// Inputs that need no value any more: their variables are set here.
    #[must_use]
    pub fn satisfied(&self, mut interface: Interface) -> Interface {
        let container = self.document.pointer(CONTAINER).unwrap_or(&Value::Null);
        let is_empty = |variable: &Value| variable["value"] == "" && variable.get("valueFrom").is_none();
        let variables = container["env"].as_array().into_iter().flatten();
        let set: BTreeSet<_> =
            variables.filter(|it| !is_empty(it)).filter_map(|variable| variable["name"].as_str()).collect();
        for (id, input) in &mut interface.inputs {
            // Nobody knows what a whole config map or secret sets.
            input.required &=
                container.get("envFrom").is_none() && !set.contains(variable_name(id, &input.name));
        }
        interface
    }

    /// The job with outputs that are delivered to the first of its volumes that outlives its pods.
    pub fn delivering(mut self, interface: &Interface) -> Result<Self, SubmitError> {
        let mounts = Self::kept_mounts(&self.document["spec"]["template"]["spec"]);
        let path =
            mounts.first().and_then(|mount| mount["mountPath"].as_str()).ok_or(SubmitError::NoVolume)?;
        let place = format!("{}/{FOLDER}", path.trim_end_matches('/'));
        let arguments = interface.output_ids();
        self.set(POD, json!({"name": POD, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}));
        let (name, value) = SKIPS_UNSET;
        self.set(name, json!({"name": name, "value": value}));
        self.add_arguments(arguments.iter().map(|id| delivery(id, &place)));
        self.document["metadata"]["annotations"][OUTPUTS] = json!(place);
        Ok(self)
    }

    /// Where the only container of a pod mounts volumes that outlive it, and may write.
    pub(super) fn kept_mounts(pod: &Value) -> Vec<Value> {
        let volumes = pod["volumes"].as_array().map_or(&[][..], Vec::as_slice);
        let lasts = |mount: &&Value| {
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]);
            let source = volume.and_then(|volume| LASTING.iter().find_map(|kind| volume.get(kind)));
            mount["readOnly"] != true && source.is_some_and(|source| source["readOnly"] != true)
        };
        pod["containers"][0]["volumeMounts"].as_array().into_iter().flatten().filter(lasts).cloned().collect()
    }

    /// The job with values, called after its operator and `suffix`.
    #[must_use]
    pub fn prepared(mut self, interface: &Interface, invocation: &Invocation, suffix: &str) -> Prepared {
        let name = self.rename(suffix);
        let mut secrets = BTreeMap::new();
        for (id, input) in &interface.inputs {
            let Some(value) = invocation.values.get(&input.name) else { continue };
            let variable = variable_name(id, &input.name);
            if input.secret {
                let source = json!({"secretKeyRef": {"name": name, "key": variable}});
                self.set(variable, json!({"name": variable, "valueFrom": source}));
                secrets.insert(variable.to_owned(), value.clone());
            } else {
                self.set(variable, json!({"name": variable, "value": literal(value)}));
            }
            if variable != input.name {
                self.argue(&handed_on(id));
            }
        }
        if !invocation.own.is_empty() {
            self.add_arguments(invocation.own.iter().map(|word| literal(word)));
        }
        let secret = (!secrets.is_empty()).then(|| self.secret(&name, &secrets));
        Prepared { job: self.document, name, secret }
    }

    /// Gives it a fresh name, and tells it.
    fn rename(&mut self, suffix: &str) -> String {
        let metadata = &mut self.document["metadata"];
        let given = [&metadata["name"], &metadata["generateName"]].into_iter().find_map(Value::as_str);
        let beginning: String = given.unwrap_or("job").chars().take(LONGEST).collect();
        let name = format!("{}-{suffix}", beginning.trim_end_matches(['-', '.']));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.remove("generateName");
            metadata.insert("name".to_owned(), json!(name));
        }
        name
    }

    fn container(&mut self) -> Option<&mut serde_json::Map<String, Value>> {
        self.document.pointer_mut(CONTAINER)?.as_object_mut()
    }

    /// Puts a variable in the place of the one that is there.
    fn set(&mut self, name: &str, variable: Value) {
        let Some(container) = self.container() else { return };
        let variables = container.entry("env").or_insert_with(|| json!([]));
        if let Some(variables) = list(variables) {
            variables.retain(|it| it["name"] != name);
            variables.push(variable);
        }
    }

    /// Adds an argument that is not there yet.
    fn argue(&mut self, argument: &str) {
        let arguments = self.container().and_then(|it| it.get("args")).and_then(Value::as_array);
        if !arguments.is_some_and(|arguments| arguments.iter().any(|it| it == argument)) {
            self.add_arguments([argument.to_owned()].into_iter());
        }
    }

    fn add_arguments(&mut self, added: impl Iterator<Item = String>) {
        let Some(container) = self.container() else { return };
        let arguments = container.entry("args").or_insert_with(|| json!([]));
        if let Some(arguments) = list(arguments) {
            arguments.extend(added.map(Value::String));
        }
    }

    /// The secret with these values; it belongs to nobody yet.
    fn secret(&self, name: &str, values: &BTreeMap<String, String>) -> Value {
        let mut metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": "c3"}});
        if let Some(namespace) = self.namespace() {
            metadata["namespace"] = json!(namespace);
        }
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values})
    }
}

/// A list, also where `null` stands for an empty one.
/// The argument that lets an operator deliver an output below a place, in a folder of its pod.
fn delivery(id: &str, place: &str) -> String {
    format!("--{id}={}/$({POD})/{id}/", literal(place))
}

/// The output that an argument delivers below a place, if it does.
pub(super) fn delivered<'a>(argument: &'a str, place: &str) -> Option<&'a str> {
    let (id, _) = argument.strip_prefix("--")?.split_once('=')?;
    (argument == delivery(id, place)).then_some(id)
}

fn list(value: &mut Value) -> Option<&mut Vec<Value>> {
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut()
}

#[cfg(test)]
mod tests;
