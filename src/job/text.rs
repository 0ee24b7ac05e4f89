//! Texts of a given format, validated on the command line and in files.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Declares a text by its pattern (as JSON Schema has it too), its greatest length, and what to say of any other.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident from $raw:literal, $kinds:expr, $longest:literal, $pattern:expr, $refusal:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = $raw, into = "String")]
        pub struct $name(String);

        impl $name {
            const PATTERN: &str = concat!("^(", $pattern, ")$");

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let fits = Regex::new(Self::PATTERN).is_ok_and(|pattern| pattern.is_match(text));
                let fits = fits && text.len() <= $longest;
                if fits { Ok(Self(text.to_owned())) } else { Err(format!($refusal, text.escape_debug())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl TryFrom<Scalar> for $name {
            type Error = String;

            fn try_from(scalar: Scalar) -> Result<Self, String> {
                scalar.to_string().parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": $kinds, "pattern": Self::PATTERN, "maxLength": $longest, "minimum": 0})
            }
        }
    };
}

pub(super) use text;

/// A value written as text or number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a number")]
pub(super) enum Scalar {
    Text(String),
    Integer(i64),
    Fraction(f64),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Fraction(number) => number.fmt(f),
        }
    }
}

/// RFC 1123: what Kubernetes takes for the name of an object; the patterns below are made of it.
macro_rules! subdomain {
    () => {
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
    };
}

/// What stands behind the domain of a label or a resource.
macro_rules! qualified {
    () => {
        r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?"
    };
}

text! {
    /// The name of an object in Kubernetes, such as a secret.
    Name from "String", "string", 253, subdomain!(),
    "`{}` is not a Kubernetes name; use lower-case letters, digits, `-` and `.`, as in `my-name`"
}

text! {
    /// The name of a namespace.
    Namespace from "String", "string", 63, r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    "`{}` is not a namespace; use lower-case letters, digits and `-`, as in `my-project`"
}

text! {
    /// The name of an environment variable.
    Variable from "String", "string", 1000, "[^=]+",
    "`{}` is not the name of a variable; spell it as in the source"
}

text! {
    /// The name of a variable that Kubernetes sets in a container.
    EnvName from "String", "string", 253, "[-._a-zA-Z][-._a-zA-Z0-9]*",
    "`{}` is not the name of a variable; use letters, digits and `_`, as in `HTTPS_PROXY`"
}

text! {
    /// A config map and, behind `/`, the key in it.
    ConfigKey from "String", "string", 507, concat!(subdomain!(), "(/[-._a-zA-Z0-9]{1,253})?"),
    "`{}` does not name a config map; write `NAME` or `NAME/KEY`, as in `company-ca/ca-bundle.crt`"
}

text! {
    /// A taint that pods tolerate: its key, value and effect, as `kubectl taint` writes them.
    Toleration from "String", "string", 500,
    concat!("(", subdomain!(), "/)?", qualified!(), "(=(", qualified!(), ")?)?(:(NoSchedule|PreferNoSchedule|NoExecute))?"),
    "`{}` is not a toleration; write `KEY`, `KEY=VALUE` or `KEY=VALUE:EFFECT`, as in `nvidia.com/gpu=present:NoSchedule`"
}

text! {
    /// A secret and, behind `/`, the key in it.
    SecretKey from "String", "string", 507, concat!(subdomain!(), "(/[-._a-zA-Z0-9]{1,253})?"),
    "`{}` does not name a secret; write `SECRET` or `SECRET/KEY`, as in `cos-secret/access_key_id`"
}

text! {
    /// The name of a resource.
    Resource from "String", "string", 317,
    concat!("cpu|memory|ephemeral-storage|", subdomain!(), "/", qualified!()),
    "`{}` is not a resource; there are `cpu`, `memory`, `ephemeral-storage` and those with a domain, as `nvidia.com/gpu`"
}

text! {
    /// An amount of a resource.
    Quantity from "Scalar", ["string", "number"], 20,
    r"[0-9]+(\.[0-9]{1,3})?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?",
    "`{}` is not a quantity; write it as `500m`, `2` or `4Gi`"
}

text! {
    /// The key of a node's label.
    LabelKey from "String", "string", 317, concat!("(", subdomain!(), "/)?", qualified!()),
    "`{}` is not a label key; write it as `disk` or `example.org/disk`"
}

text! {
    /// The value of a node's label.
    LabelValue from "String", "string", 63, concat!("(", qualified!(), ")?"),
    "`{}` is not a label value; use up to 63 letters, digits, `-`, `_` and `.`"
}

text! {
    /// A claim of a persistent volume, a folder in it, where it is mounted, and whether it is for reading only.
    Volume from "String", "string", 4096, concat!(subdomain!(), r"(/[^:\x00-\x1f]+)?:[^:\x00-\x1f]+(:r[ow])?"),
    "`{}` is not a volume; write `CLAIM:PATH`, `CLAIM/FOLDER:PATH` or `CLAIM:PATH:ro`, as in `my-claim:data`"
}

/// Splits an object's name and, after `/`, a key in it.
macro_rules! keyed {
    ($($name:ident),+) => {$(
        impl $name {
            /// The name of the object.
            #[must_use]
            pub fn name(&self) -> &str {
                self.0.split('/').next().unwrap_or_default()
            }

            /// The key in it, if not the default.
            #[must_use]
            pub fn key(&self) -> Option<&str> {
                self.0.split_once('/').map(|(_, key)| key)
            }
        }
    )+};
}

keyed!(SecretKey, ConfigKey);

impl Toleration {
    fn parts(&self) -> (&str, Option<&str>) {
        self.0.split_once(':').map_or((&self.0, None), |(taint, effect)| (taint, Some(effect)))
    }

    /// The key of the taint.
    #[must_use]
    pub fn key(&self) -> &str {
        self.parts().0.split('=').next().unwrap_or_default()
    }

    /// The value of the taint, if it matters.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.parts().0.split_once('=').map(|(_, value)| value)
    }

    /// The effect of the taint, if it matters.
    #[must_use]
    pub fn effect(&self) -> Option<&str> {
        self.parts().1
    }
}

impl Resource {
    /// Whether it is a native resource, which may be shared and overcommitted.
    #[must_use]
    pub fn is_native(&self) -> bool {
        !self.0.contains('/')
    }
}

/// Factors of the suffixes of quantities.
const SCALES: &[(&str, f64)] = &[
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
];

impl Quantity {
    /// The amount: cores, bytes or pieces.
    #[must_use]
    pub fn amount(&self) -> f64 {
        let number = self.0.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let scale = SCALES.iter().find(|(suffix, _)| *suffix == &self.0[number.len()..]);
        number.parse::<f64>().unwrap_or_default() * scale.map_or(1.0, |(_, scale)| *scale)
    }
}

impl Volume {
    fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, ""))
    }

    /// The claim of the persistent volume.
    #[must_use]
    pub fn claim(&self) -> &str {
        self.parts().0.split('/').next().unwrap_or_default()
    }

    /// The folder of the volume that is mounted, if it isn't the whole.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        self.parts().0.split_once('/').map(|(_, folder)| folder.trim_matches('/')).filter(|it| !it.is_empty())
    }

    /// Where it is mounted; what doesn't begin with `/` is in the working directory.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parts().1.split(':').next().unwrap_or_default()
    }

    /// Whether nothing can be written to it.
    #[must_use]
    pub fn read_only(&self) -> bool {
        self.0.ends_with(":ro")
    }
}
