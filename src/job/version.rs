//! Versions of Kubernetes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A version of Kubernetes without its patch level, such as `1.27`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kubernetes(u32, u32);

impl Kubernetes {
    /// The first version whose jobs have a limit of failures per index.
    pub(crate) const LIMIT_PER_INDEX: Self = Self(1, 29);
}

impl FromStr for Kubernetes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        let parts: Option<Vec<u32>> = plain.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([major, minor] | [major, minor, _]) => Ok(Self(*major, *minor)),
            _ => Err(format!("`{text}` is not a version of Kubernetes; write it as `1.27`")),
        }
    }
}

impl TryFrom<String> for Kubernetes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Kubernetes> for String {
    fn from(version: Kubernetes) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl JsonSchema for Kubernetes {
    fn schema_name() -> Cow<'static, str> {
        "Kubernetes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$"})
    }
}
