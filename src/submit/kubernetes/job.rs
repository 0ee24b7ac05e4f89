//! The job to create: a manifest with values, under its own name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::backend::kubernetes::{literal, variable_argument, variable_name};
use crate::backend::runtime::SKIPS_UNSET;
use crate::invocation::{Interface, Invocation};
use crate::submit::SubmitError;

/// Longest prefix of a job's name: Kubernetes extends it for pods, within 63 characters.
const LONGEST: usize = 46;

/// Path of the only container of a job's pods.
pub(super) const CONTAINER: &str = "/spec/template/spec/containers/0";

/// The annotation with the place where a job's pods deliver their outputs.
pub(super) const OUTPUTS: &str = "c3/outputs";

/// Folder of a volume for outputs, with a subfolder per pod: leftovers of a failed pod aren't mixed with the
/// next one's outputs.
const FOLDER: &str = "c3-outputs";

/// The variable with a pod's own name.
const POD: &str = "C3_POD";

/// Volume types that outlive a pod and are visible to another.
const LASTING: &[&str] = &["persistentVolumeClaim", "nfs"];

/// A job in a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    document: Value,
}

/// A job to create, and its secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The job.
    pub job: Value,
    /// Name of the job.
    pub name: String,
    /// The secret, if there are secret values.
    pub secret: Option<Value>,
}

impl Job {
    /// Parses a manifest.
    pub fn parse(text: &str) -> Result<Self, SubmitError> {
        let wrong =
            |reason: String| SubmitError::Manifest(format!("the file is not a Kubernetes job: {reason}"));
        let document: Value = yaml_serde::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if document["kind"] != "Job" || document.pointer(CONTAINER).is_none() {
            return Err(wrong("it has no `kind: Job` with a container".to_owned()));
        }
        Ok(Self { document })
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.document["metadata"]["namespace"].as_str()
    }

    /// The image of its pods.
    #[must_use]
    pub fn image(&self) -> &str {
        self.document.pointer(CONTAINER).and_then(|container| container["image"].as_str()).unwrap_or_default()
    }

    /// The interface without requirements that the manifest satisfies.
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

    /// The job with outputs delivered to its first persistent volume.
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

    /// Writable mounts of persistent volumes in a pod's only container.
    pub(super) fn kept_mounts(pod: &Value) -> Vec<Value> {
        let volumes = pod["volumes"].as_array().map_or(&[][..], Vec::as_slice);
        let lasts = |mount: &&Value| {
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]);
            let source = volume.and_then(|volume| LASTING.iter().find_map(|kind| volume.get(kind)));
            mount["readOnly"] != true && source.is_some_and(|source| source["readOnly"] != true)
        };
        pod["containers"][0]["volumeMounts"].as_array().into_iter().flatten().filter(lasts).cloned().collect()
    }

    /// The job with values, named after its operator and `suffix`.
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
                self.argue(&variable_argument(id));
            }
        }
        if !invocation.own.is_empty() {
            self.add_arguments(invocation.own.iter().map(|word| literal(word)));
        }
        let secret = (!secrets.is_empty()).then(|| self.secret(&name, &secrets));
        Prepared { job: self.document, name, secret }
    }

    /// Gives it a fresh name, and returns it.
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

    /// Sets or replaces a variable.
    fn set(&mut self, name: &str, variable: Value) {
        let Some(container) = self.container() else { return };
        let variables = container.entry("env").or_insert_with(|| json!([]));
        if let Some(variables) = list(variables) {
            variables.retain(|it| it["name"] != name);
            variables.push(variable);
        }
    }

    /// Adds an argument, unless it is there.
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

    /// The secret with these values, without an owner yet.
    fn secret(&self, name: &str, values: &BTreeMap<String, String>) -> Value {
        let mut metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": "c3"}});
        if let Some(namespace) = self.namespace() {
            metadata["namespace"] = json!(namespace);
        }
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values})
    }
}

/// The argument that delivers an output to a folder of its pod below a place.
fn delivery(id: &str, place: &str) -> String {
    format!("--{id}={}/$({POD})/{id}/", literal(place))
}

/// The output that an argument delivers below a place, if any.
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
