//! What targets leave to choose, as a file says it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::backend::variant::{self, Choice, Choices, check_choice};

/// A value, whose `true` and `false` may stand without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text, `true` or `false`")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Word, E> {
                Ok(Word(value.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Reads the table `set`.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Choices, D::Error> {
    let set = BTreeMap::<String, BTreeMap<String, Word>>::deserialize(deserializer)?;
    let checked = |(target, chosen): (String, BTreeMap<String, Word>)| {
        let chosen = of_target(&target, chosen).map_err(D::Error::custom)?;
        Ok((target, chosen))
    };
    set.into_iter().map(checked).collect()
}

/// The choices for one target, if they are valid.
pub(crate) fn of_target(
    target: &str,
    chosen: BTreeMap<String, Word>,
) -> Result<BTreeMap<String, String>, String> {
    let checked =
        |(name, Word(value)): (String, Word)| check_choice(target, &name, &value).map(|()| (name, value));
    chosen.into_iter().map(checked).collect()
}

/// Choices over others, merged key by key.
pub(super) fn over(own: &Choices, under: &Choices) -> Choices {
    let mut joined = under.clone();
    for (target, chosen) in own {
        joined.entry(target.clone()).or_default().extend(chosen.clone());
    }
    joined
}

/// The schema of the table `set`.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    let mut targets = Map::new();
    for (target, choice) in variant::choices() {
        let of_target = targets
            .entry(target)
            .or_insert_with(|| json!({"type": "object", "additionalProperties": false, "properties": {}}));
        of_target["properties"][choice.name] = of_choice(choice);
    }
    json_schema!({"type": "object", "additionalProperties": false, "properties": targets})
}

fn of_choice(choice: &Choice) -> Value {
    let mut schema = match choice.values {
        [] => json!({"type": "string"}),
        ["true", "false"] => json!({"enum": [true, false, "true", "false"]}),
        values => json!({"enum": values}),
    };
    schema["description"] = choice.help.into();
    schema["default"] = match choice.default {
        "true" => true.into(),
        "false" => false.into(),
        text => text.into(),
    };
    schema
}
