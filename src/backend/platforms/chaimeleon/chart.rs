//! The Helm chart by which people deploy an interactive image, after the platform's guide for charts.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::super::parameter::{Parameter, parameters};
use super::super::super::{BuildFile, Operator, template};
use super::{RESULTS, has_gpu, place};
use crate::job;

/// Folder of the build context with the chart; no step of the build copies it.
pub(super) const CHART: &str = "chart";

/// A file that is the same in every chart, by its path in it.
macro_rules! fixed {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../templates/platforms/chaimeleon/chart/", $name)))
    };
}

/// The templates of objects, which take all that they say from the chart and its values.
const FIXED: &[(&str, &str)] = &[
    fixed!("templates/_chaimeleonCommonHelpers.tpl"),
    fixed!("templates/_helpers.tpl"),
    fixed!("templates/deployment.yaml"),
    fixed!("templates/secret.yaml"),
    fixed!("templates/service.yaml"),
];

#[derive(Serialize)]
struct Chart<'a> {
    source: &'a str,
    name: &'a str,
    description: String,
    version: String,
    tag: String,
    cpu: String,
    memory: String,
    gpu: bool,
    parameters: BTreeMap<String, String>,
    described: Vec<Described>,
}

/// A variable of the application, for the form and for the README.
#[derive(Serialize)]
struct Described {
    name: String,
    description: Option<String>,
    required: bool,
}

/// The files of the chart.
pub(super) fn files(operator: &Operator) -> Vec<BuildFile> {
    let chart = chart(operator);
    let schema = serde_json::to_string_pretty(&schema(&chart)).unwrap_or_default();
    let made = [
        ("Chart.yaml", template::render("platforms/chaimeleon/chart/Chart.yaml", &chart)),
        ("README.md", template::render("platforms/chaimeleon/chart/README.md", &chart)),
        ("values.schema.json", format!("{schema}\n")),
        ("values.yaml", template::render("platforms/chaimeleon/chart/values.yaml", &chart)),
    ];
    let fixed = FIXED.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let file = |(name, text): (&str, String)| BuildFile {
        path: format!("{CHART}/{name}"),
        content: text.into_bytes(),
    };
    made.into_iter().chain(fixed).map(file).collect()
}

fn chart<'a>(operator: &Operator<'a>) -> Chart<'a> {
    let Operator { component, settings } = *operator;
    let open =
        parameters(component, settings.logging).into_iter().filter(|parameter| !parameter.input.secret);
    let open: Vec<_> = open.collect();
    let asked: BTreeMap<_, _> = job::amounts(&settings.job.requests).into_iter().collect();
    let asked_for = |name: &str, otherwise: &str| asked.get(name).cloned().unwrap_or(otherwise.to_owned());
    Chart {
        source: &component.source,
        name: &component.name,
        description: template::comment(&component.description),
        version: version(&settings.image.version),
        tag: settings.image.tag(),
        cpu: asked_for("cpu", "1"),
        memory: asked_for("memory", "2Gi"),
        gpu: has_gpu(settings),
        parameters: open.iter().map(|parameter| (parameter.input.name.clone(), value(parameter))).collect(),
        described: open.iter().map(described).collect(),
    }
}

/// The value of a variable: its default, or the place of results; else people have to give one.
fn value(parameter: &Parameter) -> String {
    let results = place(&parameter.input).filter(|place| *place == RESULTS);
    let results = || results.map(|place| place.replace('~', super::VARIANT.working_dir));
    parameter.default().map(ToOwned::to_owned).or_else(results).unwrap_or_default()
}

fn described(parameter: &Parameter) -> Described {
    Described {
        name: parameter.input.name.clone(),
        description: parameter.description(),
        required: parameter.input.required && value(parameter).is_empty(),
    }
}

/// The operator's version as semantic versions are written: `0.2` is `0.2.0`; what is no number gives `0.1.0`.
fn version(version: &str) -> String {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([major]) => format!("{major}.0.0"),
        Some([major, minor]) => format!("{major}.{minor}.0"),
        Some([major, minor, patch, ..]) => format!("{major}.{minor}.{patch}"),
        _ => "0.1.0".to_owned(),
    }
}

/// The form that the platform shows for the values.
fn schema(chart: &Chart) -> Value {
    let text = |title: &str, description: &str| json!({"type": "string", "title": title, "description": description, "form": true});
    let parameter = |described: &Described| {
        let text = text(&described.name, described.description.as_deref().unwrap_or_default());
        (described.name.clone(), text)
    };
    let parameters: serde_json::Map<_, _> = chart.described.iter().map(parameter).collect();
    json!({
        "$schema": "http://json-schema.org/schema#",
        "type": "object",
        "properties": {
            "datasets_list": text("Datasets", "Ids of the datasets that are mounted, separated by commas; may be empty"),
            "requests": {"type": "object", "form": true, "title": "Requests", "properties": {
                "cpu": text("CPUs", ""),
                "memory": text("Memory", "Such as 2Gi"),
                "gpu": {"type": "boolean", "title": "GPU", "form": true},
            }},
            "parameters": {"type": "object", "form": true, "title": "Parameters", "properties": parameters},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic() {
        for (own, semantic) in
            [("0.2", "0.2.0"), ("7", "7.0.0"), ("1.2.3", "1.2.3"), ("1.2.3.4", "1.2.3"), ("latest", "0.1.0")]
        {
            assert_eq!(version(own), semantic);
        }
    }

    #[test]
    fn templates_are_balanced() {
        for (name, text) in FIXED {
            assert_eq!(text.matches("{{").count(), text.matches("}}").count(), "{name}");
            let opened =
                ["if ", "range ", "define "].map(|word| text.matches(&format!("{{{{- {word}")).count());
            assert_eq!(opened.iter().sum::<usize>(), text.matches("{{- end }}").count(), "{name}");
        }
    }
}
