//! Integers in the range of Kubernetes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A whole number from `MIN` up to what 31 bits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u32")]
pub struct Integer<const MIN: u32>(u32);

/// The maximum.
const MAX: u32 = i32::MAX.unsigned_abs();

impl<const MIN: u32> Default for Integer<MIN> {
    fn default() -> Self {
        Self(MIN)
    }
}

impl<const MIN: u32> TryFrom<i64> for Integer<MIN> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let integer = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        integer
            .map(Self)
            .ok_or_else(|| format!("`{number}` is out of range; write a number from {MIN} to {MAX}"))
    }
}

impl<const MIN: u32> FromStr for Integer<MIN> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse::<i64>();
        number
            .map_err(|_| format!("`{text}` is not a whole number; write a number from {MIN} to {MAX}"))?
            .try_into()
    }
}

impl<const MIN: u32> From<Integer<MIN>> for u32 {
    fn from(number: Integer<MIN>) -> Self {
        number.0
    }
}

impl<const MIN: u32> fmt::Display for Integer<MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u32> JsonSchema for Integer<MIN> {
    fn schema_name() -> Cow<'static, str> {
        format!("IntegerFrom{MIN}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_ranges_are_enforced() {
        for text in ["1", "2147483647"] {
            assert_eq!(text.parse::<Integer<1>>().map(|number| number.to_string()), Ok(text.to_owned()));
        }
        for text in ["0", "-1", "2147483648", "1.5", "x", ""] {
            assert!(text.parse::<Integer<1>>().is_err(), "{text}");
        }
        assert!("0".parse::<Integer<0>>().is_ok());
    }
}
