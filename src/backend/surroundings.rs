//! What pods get besides their inputs: tolerations, variables, and trusted certificates.

use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::http::{PIP, VARIABLES};
use crate::job::{ConfigKey, Job, Toleration};

/// The environment of a pod's programs.
#[derive(Serialize)]
pub(in crate::backend) struct Surroundings {
    tolerations: Vec<Tolerated>,
    environment: Vec<(String, String)>,
    bundle: Option<Bundle>,
}

/// A toleration, as a pod lists it.
#[derive(Serialize)]
struct Tolerated {
    key: String,
    operator: &'static str,
    value: Option<String>,
    effect: Option<String>,
}

/// A config map with certificates, and where it is mounted.
#[derive(Serialize)]
struct Bundle {
    name: String,
    folder: &'static str,
}

/// Where the certificates are mounted.
const CERTIFICATES: &str = "/etc/c3/certificates";

/// The key of the bundle that `OpenShift` injects into a config map.
const KEY: &str = "ca-bundle.crt";

impl Surroundings {
    /// The settings of a job.
    pub(in crate::backend) fn of(job: &Job) -> Self {
        let own = job.environment.iter().map(|pair| (pair.name.to_string(), pair.value.to_string()));
        let own: Vec<(String, String)> = own.collect();
        let file =
            job.ca_bundle.as_ref().map(|bundle| format!("{CERTIFICATES}/{}", bundle.key().unwrap_or(KEY)));
        // pip has done its work when the image is built.
        let names = VARIABLES.into_iter().filter(|name| *name != PIP);
        let trusted = names.filter_map(|name| Some((name.to_owned(), file.clone()?)));
        let trusted = trusted.filter(|(name, _)| own.iter().all(|(other, _)| other != name)).collect();
        Self {
            tolerations: job.tolerations.iter().map(tolerated).collect(),
            environment: [own.clone(), trusted].concat(),
            bundle: job.ca_bundle.as_ref().map(bundle),
        }
    }

    /// The variables.
    pub(in crate::backend) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The config map with certificates, and where it is mounted.
    pub(in crate::backend) fn certificates(&self) -> Option<(&str, &'static str)> {
        self.bundle.as_ref().map(|bundle| (bundle.name.as_str(), bundle.folder))
    }

    /// The tolerations, as pods list them.
    pub(in crate::backend) fn taints(&self) -> Vec<Value> {
        let taint = |it: &Tolerated| {
            let entries = [
                ("key", Some(it.key.as_str())),
                ("operator", Some(it.operator)),
                ("value", it.value.as_deref()),
                ("effect", it.effect.as_deref()),
            ];
            entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
        };
        self.tolerations.iter().map(taint).collect()
    }

    /// The same with the values of variables escaped for an engine.
    pub(in crate::backend) fn written(self, literal: fn(&str) -> String) -> Self {
        let environment = self.environment.into_iter().map(|(name, value)| (name, literal(&value)));
        Self { environment: environment.collect(), ..self }
    }
}

fn bundle(named: &ConfigKey) -> Bundle {
    Bundle { name: named.name().to_owned(), folder: CERTIFICATES }
}

fn tolerated(toleration: &Toleration) -> Tolerated {
    Tolerated {
        key: toleration.key().to_owned(),
        operator: if toleration.value().is_some() { "Equal" } else { "Exists" },
        value: toleration.value().map(ToOwned::to_owned),
        effect: toleration.effect().map(ToOwned::to_owned),
    }
}
