//! How Kubernetes runs a job: what the guide has people edit by hand, each an option and a key of the settings at once.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::diagnostic::Diagnostic;

mod integer;
mod pair;
pub mod slurm;
mod text;
mod values;
mod version;

pub use integer::Integer;
pub use pair::Pair;
pub use text::{
    ConfigKey, EnvName, LabelKey, LabelValue, Name, Namespace, Quantity, Resource, SecretKey, Toleration,
    Variable, Volume,
};
pub use values::Given;
pub use version::Kubernetes;

/// What the options stand under in the help.
const HEADING: &str = "Kubernetes job";

/// How Kubernetes runs the job.
#[derive(Args, Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[group(skip)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub struct Job {
    /// Let Kubernetes choose a new name at each start of the job (`kubectl create -f`)
    #[arg(help_heading = HEADING, long, num_args = 0, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_name: Option<bool>,

    /// Namespace of the job [default: that of the login]
    #[arg(help_heading = HEADING, long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,

    /// Pods of the job that run at once
    #[arg(help_heading = HEADING, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<Integer<1>>,

    /// Number of parts of an indexed job: each pod finds its own in `JOB_COMPLETION_INDEX`
    #[arg(help_heading = HEADING, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexed: Option<Integer<1>>,

    /// Parts of an indexed job that may fail before the job fails
    #[arg(help_heading = HEADING, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_failed_indexes: Option<Integer<0>>,

    /// Kueue queue in which the job waits; implies `--generate-name`
    #[arg(help_heading = HEADING, long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Name>,

    /// Seconds after which the job is ended
    #[arg(help_heading = HEADING, long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_deadline: Option<Integer<1>>,

    /// Seconds to keep a finished job [default: 86400, a day]
    #[arg(help_heading = HEADING, long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Integer<0>>,

    /// Priority class of the pods
    #[arg(help_heading = HEADING, long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class: Option<Name>,

    /// Size of `/dev/shm`, memory that processes share [default: 64 MiB]
    #[arg(help_heading = HEADING, long, value_name = "QUANTITY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shm: Option<Quantity>,

    /// Version of the cluster: jobs for one before 1.29 have no limit of failures for each index and no rules for them
    #[arg(help_heading = HEADING, long, value_name = "VERSION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,

    /// How often the job, or each index of it, is retried after a failure [default: 5, for a grid 30]
    #[arg(help_heading = HEADING, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_limit: Option<Integer<0>>,

    /// Whether a new pod replaces a failed one, whose log is kept (`Never`, the default), or the container is restarted in
    /// its pod (`OnFailure`)
    #[arg(help_heading = HEADING, long, value_name = "POLICY", ignore_case = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,

    /// Secrets with logins for the registry of the image
    #[arg(help_heading = HEADING, long = "pull-secret", alias = "image-pull-secret", value_name = "NAME", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pull_secrets: Vec<Name>,

    /// Service account that the pods run as
    #[arg(help_heading = HEADING, long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<Name>,

    /// Persistent volume claims and where they are mounted; a relative path is in the working directory
    #[arg(help_heading = HEADING, long = "volume", value_name = "CLAIM[/FOLDER]:PATH[:ro]", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,

    /// Groups that own the files on the volumes; ask the cluster's administrator
    #[arg(help_heading = HEADING, long = "supplemental-group", value_name = "ID", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supplemental_groups: Vec<Integer<0>>,

    /// Group that Kubernetes gives the files on the volumes to
    #[arg(help_heading = HEADING, long, value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<Integer<0>>,

    /// Resources that a pod requests: `cpu`, `memory`, `ephemeral-storage`
    #[arg(help_heading = HEADING, long, value_name = "RESOURCE=QUANTITY", value_delimiter = ',')]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<Resource, Quantity>")]
    pub requests: Vec<Pair<Resource, Quantity>>,

    /// Resource limits of a pod: `cpu`, `memory`, `ephemeral-storage`, or others such as `amd.com/gpu`
    #[arg(help_heading = HEADING, long, value_name = "RESOURCE=QUANTITY", value_delimiter = ',')]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<Resource, Quantity>")]
    pub limits: Vec<Pair<Resource, Quantity>>,

    /// GPUs of a pod: short for the limit `nvidia.com/gpu`
    #[arg(help_heading = HEADING, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Integer<1>>,

    /// Labels of the nodes that the pods may run on
    #[arg(help_heading = HEADING, long, value_name = "LABEL=VALUE", value_delimiter = ',')]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<LabelKey, LabelValue>")]
    pub node_selector: Vec<Pair<LabelKey, LabelValue>>,

    /// Taints of nodes that the pods tolerate
    #[arg(help_heading = HEADING, long = "toleration", value_name = "KEY[=VALUE][:EFFECT]", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,

    /// Variables of the pods that are not inputs, such as `HTTPS_PROXY`
    #[arg(help_heading = HEADING, long = "pod-env", value_name = "NAME=VALUE")]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<EnvName, Given>")]
    pub environment: Vec<Pair<EnvName, Given>>,

    /// Config map with the certificates that the pods trust, those of public authorities among them; the key is
    /// `ca-bundle.crt` by default
    #[arg(help_heading = HEADING, long, value_name = "NAME[/KEY]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<ConfigKey>,

    /// Variables that are read from secrets of the cluster; the key is the variable's name by default
    #[arg(help_heading = HEADING, long = "secret", value_name = "VARIABLE=SECRET[/KEY]", value_delimiter = ',')]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<Variable, SecretKey>")]
    pub secrets: Vec<Pair<Variable, SecretKey>>,

    /// Values of inputs in the Kubernetes job and the Submarine experiment; pipelines and workflows pass values themselves
    #[arg(help_heading = HEADING, long = "value", value_name = "NAME=VALUE")]
    #[serde(with = "pair", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "BTreeMap<Variable, Given>")]
    pub values: Vec<Pair<Variable, Given>>,
}

/// What happens to a container that fails.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[value(rename_all = "PascalCase")]
pub enum RestartPolicy {
    /// The container is restarted in its pod.
    OnFailure,
    /// The pod stays as it is, and a new one replaces it.
    Never,
}

/// The default resource for GPUs.
pub(crate) const GPU: &str = "nvidia.com/gpu";

impl Job {
    /// These settings over others: tables are merged key by key, other values replaced.
    #[must_use]
    pub fn over(&self, under: &Self) -> Self {
        Self {
            generate_name: self.generate_name.or(under.generate_name),
            namespace: self.namespace.as_ref().or(under.namespace.as_ref()).cloned(),
            parallelism: self.parallelism.or(under.parallelism),
            indexed: self.indexed.or(under.indexed),
            max_failed_indexes: self.max_failed_indexes.or(under.max_failed_indexes),
            queue: self.queue.as_ref().or(under.queue.as_ref()).cloned(),
            active_deadline: self.active_deadline.or(under.active_deadline),
            ttl: self.ttl.or(under.ttl),
            priority_class: self.priority_class.as_ref().or(under.priority_class.as_ref()).cloned(),
            shm: self.shm.as_ref().or(under.shm.as_ref()).cloned(),
            kubernetes: self.kubernetes.or(under.kubernetes),
            backoff_limit: self.backoff_limit.or(under.backoff_limit),
            restart_policy: self.restart_policy.or(under.restart_policy),
            pull_secrets: list(&self.pull_secrets, &under.pull_secrets),
            service_account: self.service_account.as_ref().or(under.service_account.as_ref()).cloned(),
            volumes: list(&self.volumes, &under.volumes),
            supplemental_groups: list(&self.supplemental_groups, &under.supplemental_groups),
            fs_group: self.fs_group.or(under.fs_group),
            requests: pair::joined(&self.requests, &under.requests),
            limits: pair::joined(&self.limits, &under.limits),
            gpu: self.gpu.or(under.gpu),
            node_selector: pair::joined(&self.node_selector, &under.node_selector),
            tolerations: list(&self.tolerations, &under.tolerations),
            environment: pair::joined(&self.environment, &under.environment),
            ca_bundle: self.ca_bundle.as_ref().or(under.ca_bundle.as_ref()).cloned(),
            secrets: pair::joined(&self.secrets, &under.secrets),
            values: pair::joined(&self.values, &under.values),
        }
    }

    /// The secret of a variable.
    #[must_use]
    pub fn secret(&self, variable: &str) -> Option<&SecretKey> {
        self.secrets.iter().find(|pair| pair.name.as_str() == variable).map(|pair| &pair.value)
    }

    /// The value given to an input.
    #[must_use]
    pub fn value(&self, input: &str) -> Option<&str> {
        self.values.iter().rfind(|pair| pair.name.as_str() == input).map(|pair| pair.value.as_str())
    }

    /// Marks variables that come from secrets as secret.
    pub fn mark_secrets(&self, component: &mut Component) {
        let inputs = component.inputs.iter_mut();
        inputs.filter(|input| self.secret(&input.name).is_some()).for_each(|input| input.secret = true);
    }

    /// Warns of secrets for variables that a component doesn't have.
    #[must_use]
    pub fn unknown_secrets(&self, component: &Component) -> Vec<Diagnostic> {
        let is_known = |name: &str| component.inputs.iter().any(|input| input.name == name);
        let unknown = self.secrets.iter().filter(|pair| !is_known(pair.name.as_str()));
        unknown
            .map(|Pair { name, value }| {
                let message = format!("no input is called `{name}`, so the secret `{value}` is not used");
                Diagnostic::warning("job", message).hint("spell the variable as in the source")
            })
            .collect()
    }

    /// Everything asked of a node that an engine may not provide: resources by name, and the rest.
    pub(crate) fn asked_of_nodes(&self) -> Vec<String> {
        let resources = self.all_amounts().into_keys().map(|name| format!("`{name}`"));
        let others = [
            (!self.node_selector.is_empty(), "labels"),
            (!self.tolerations.is_empty(), "tolerations"),
            (!self.environment.is_empty(), "variables"),
            (self.ca_bundle.is_some(), "certificates"),
        ];
        let others = others.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, what)| what.to_owned());
        resources.chain(others).collect()
    }

    /// The labels that nodes must have, by key.
    pub(crate) fn node_labels(&self) -> BTreeMap<String, String> {
        self.node_selector.iter().map(|label| (label.name.to_string(), label.value.to_string())).collect()
    }

    /// The amount of each resource by name: the limit, or else what is requested.
    pub(crate) fn all_amounts(&self) -> BTreeMap<String, String> {
        amounts(&self.requests).into_iter().chain(self.all_limits()).collect()
    }

    /// The limits by name, GPUs among them.
    pub(crate) fn all_limits(&self) -> BTreeMap<String, String> {
        let gpu = self.gpu.map(|number| (GPU.to_owned(), number.to_string()));
        amounts(&self.limits).into_iter().chain(gpu).collect()
    }
}

/// A list, or else another.
fn list<T: Clone>(over: &[T], under: &[T]) -> Vec<T> {
    if over.is_empty() { under.to_vec() } else { over.to_vec() }
}

/// The amount of a resource in a list: cores, bytes or pieces.
pub(crate) fn amount(pairs: &[Pair<Resource, Quantity>], resource: &str) -> Option<f64> {
    pairs.iter().find(|pair| pair.name.as_str() == resource).map(|pair| pair.value.amount())
}

/// Amounts of resources by name.
pub(crate) fn amounts(pairs: &[Pair<Resource, Quantity>]) -> BTreeMap<String, String> {
    pairs.iter().map(|pair| (pair.name.to_string(), pair.value.to_string())).collect()
}
