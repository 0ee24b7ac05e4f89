//! The configuration of an image: that of its base, with the changes of the Dockerfile's last lines.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::layer::Layer;
use crate::recipe::{Named, Recipe};

/// Fields left by the engine that built the base, which nobody reads.
const STALE: [&str; 4] = ["container", "container_config", "docker_version", "id"];

/// The configuration of an image made of a base and some layers.
pub(super) fn config(base: &Value, recipe: &Recipe, layers: &[Layer], created: u64) -> Value {
    let mut image = base.as_object().cloned().unwrap_or_default();
    image.retain(|name, _| !STALE.contains(&name.as_str()));
    let created = timestamp(created);
    let settings = image.remove("config").and_then(|settings| settings.as_object().cloned());
    image.insert("config".into(), set(settings.unwrap_or_default(), recipe).into());
    image.insert("rootfs".into(), rootfs(base, layers));
    image.insert("history".into(), history(base, layers, &created));
    image.insert("created".into(), created.into());
    image.into()
}

/// The value of a variable of a configuration.
pub(super) fn variable<'a>(config: &'a Value, name: &str) -> Option<&'a str> {
    let variables = config["config"]["Env"].as_array()?;
    let mut pairs = variables.iter().filter_map(|pair| pair.as_str()?.split_once('='));
    pairs.rfind(|(key, _)| *key == name).map(|(_, value)| value)
}

/// `ENV`, `USER`, `WORKDIR`, `ENTRYPOINT`, `CMD []` and `LABEL`.
fn set(mut settings: Map<String, Value>, recipe: &Recipe) -> Map<String, Value> {
    let variables = environment(settings.get("Env"), &recipe.environment);
    let mut labels = settings.get("Labels").and_then(Value::as_object).cloned().unwrap_or_default();
    labels.extend(recipe.labels.iter().map(|label| (label.name.to_owned(), label.value.clone().into())));
    let changes = [
        ("Env", variables),
        ("User", recipe.user.clone().into()),
        ("WorkingDir", recipe.working_dir.into()),
        ("Entrypoint", json!(recipe.command)),
        ("Cmd", json!([])),
        ("Labels", labels.into()),
    ];
    settings.remove("Image");
    settings.extend(changes.map(|(name, value)| (name.to_owned(), value)));
    settings
}

/// A variable that exists keeps its position.
fn environment(base: Option<&Value>, changes: &[Named]) -> Value {
    let base = base.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut pairs: Vec<String> = base.iter().filter_map(|pair| Some(pair.as_str()?.to_owned())).collect();
    for Named { name, value } in changes {
        let pair = format!("{name}={value}");
        let is_own = |pair: &&mut String| pair.split('=').next() == Some(*name);
        match pairs.iter_mut().find(is_own) {
            Some(place) => *place = pair,
            None => pairs.push(pair),
        }
    }
    json!(pairs)
}

fn rootfs(base: &Value, layers: &[Layer]) -> Value {
    let below = base["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
    let own = layers.iter().map(|layer| Value::from(layer.packed.diff_id.clone()));
    json!({"type": "layers", "diff_ids": below.into_iter().chain(own).collect::<Vec<_>>()})
}

fn history(base: &Value, layers: &[Layer], created: &str) -> Value {
    let below = base["history"].as_array().cloned().unwrap_or_default();
    let by = concat!("c3 ", env!("CARGO_PKG_VERSION"));
    let own = layers.iter().map(|layer| json!({"created": created, "created_by": layer.what, "comment": by}));
    let end = json!({"created": created, "created_by": "ENV, USER, WORKDIR, ENTRYPOINT, CMD, LABEL", "comment": by, "empty_layer": true});
    below.into_iter().chain(own).chain([end]).collect()
}

/// Seconds since 1970 in the format of configurations.
fn timestamp(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok());
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use tokio_util::bytes::Bytes;

    use super::super::compression::Compression;
    use super::super::layer::{Blob, Packed};
    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            working_dir: "/app",
            user: "1001:0".into(),
            environment: vec![Named { name: "HOME", value: "/app".into() }],
            command: vec!["python".into(), "x.py".into()],
            labels: vec![Named { name: "a", value: "new".into() }],
            installs: Vec::new(),
        }
    }

    #[test]
    fn image_configs_inherit_what_a_dockerfile_would() {
        let base = json!({
            "architecture": "arm64", "container": "x",
            "config": {
                "Env": ["PATH=/bin", "HOME=/root", "A=1"], "Labels": {"a": "old", "b": "kept"},
                "Healthcheck": {"Test": ["NONE"]}, "Cmd": ["sh"], "Image": "sha256:0",
            },
            "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]}, "history": [{"created_by": "base"}],
        });
        let packed = Packed {
            digest: "sha256:3".into(),
            size: 1,
            diff_id: "sha256:2".into(),
            compression: Compression::Gzip,
        };
        let layer = Layer { packed, blob: Blob::Bytes(Bytes::new()), what: "COPY".into() };
        let image = config(&base, &recipe(), &[layer], 315_619_200);
        assert_eq!(image["config"]["Env"], json!(["PATH=/bin", "HOME=/app", "A=1"]));
        assert_eq!(image["config"]["Labels"], json!({"a": "new", "b": "kept"}));
        assert_eq!(image["config"]["Healthcheck"], json!({"Test": ["NONE"]}));
        assert_eq!(image["config"]["Cmd"], json!([]));
        assert_eq!(image["rootfs"]["diff_ids"], json!(["sha256:1", "sha256:2"]));
        assert_eq!(image["history"].as_array().unwrap().len(), 3);
        assert_eq!(image["created"], "1980-01-02T00:00:00Z");
        assert_eq!((&image["architecture"], image.get("container")), (&json!("arm64"), None));
        assert!(image["config"].get("Image").is_none());
    }

    #[test]
    fn the_last_value_of_a_variable_wins() {
        let image = json!({"config": {"Env": ["A=1", "B=2=3", "A=4"]}});
        assert_eq!((variable(&image, "A"), variable(&image, "B")), (Some("4"), Some("2=3")));
        assert_eq!(variable(&json!({}), "A"), None);
    }
}
