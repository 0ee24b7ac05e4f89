//! Platforms by their names, in files and on the command line.

use std::borrow::Cow;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::backend::{self, TARGETS, Target};

/// The names of the platforms, with what is written for each.
#[must_use]
pub fn names() -> impl TypedValueParser<Value = TargetName> {
    let name = |target: &Target| PossibleValue::new(target.name).help(target.help);
    PossibleValuesParser::new(TARGETS.iter().map(name))
        .try_map(|name| backend::target(&name).map(TargetName).ok_or("no such target"))
}

/// A platform, by the name that `--target` has for it.
#[derive(Debug, Clone, Copy)]
pub struct TargetName(pub &'static Target);

impl PartialEq for TargetName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Serialize for TargetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TargetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        backend::target(&name).map(Self).ok_or_else(|| {
            let names: Vec<_> = TARGETS.iter().map(|target| format!("`{}`", target.name)).collect();
            D::Error::custom(format!("`{name}` is not a target; there are {}", names.join(", ")))
        })
    }
}

impl JsonSchema for TargetName {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": TARGETS.iter().map(|target| target.name).collect::<Vec<_>>()})
    }
}
