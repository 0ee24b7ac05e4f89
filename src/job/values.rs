//! Values of inputs: any text; files may also have numbers and booleans.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The value of an input, as in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Scalar", into = "String")]
pub struct Given(String);

/// A value in a file.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, a number, `true` or `false`")]
enum Scalar {
    Text(String),
    Truth(bool),
    Integer(i64),
    Fraction(f64),
}

impl Given {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('\0') {
            return Err("a value can't have a NUL in it".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<Scalar> for Given {
    type Error = String;

    fn try_from(scalar: Scalar) -> Result<Self, String> {
        match scalar {
            Scalar::Text(text) => text.parse(),
            Scalar::Truth(truth) => truth.to_string().parse(),
            Scalar::Integer(number) => number.to_string().parse(),
            Scalar::Fraction(number) => format!("{number:?}").parse(),
        }
    }
}

impl From<Given> for String {
    fn from(given: Given) -> Self {
        given.0
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Given {
    fn schema_name() -> Cow<'static, str> {
        "Given".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number", "boolean"]})
    }
}
