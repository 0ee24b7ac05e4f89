//! How Slurm runs the job: the table `[slurm]`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::text::{Scalar, text};

/// How Slurm runs the job; what it asks of a node stands in `[job]`, as for Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub struct Slurm {
    /// What runs the image on the nodes [default: apptainer]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Container>,

    /// The image where it isn't pulled from its registry, such as a `.sif` on a shared file system
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Line>,

    /// Partition of the cluster
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Word>,

    /// Account that the job is charged to
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Word>,

    /// Quality of service
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<Word>,

    /// Time after which the job is ended [default: `active-deadline` of `[job]`, else the partition's]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,

    /// Features that nodes must have
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Word>,

    /// Generic resources [default: the GPUs of `[job]`]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gres: Option<Word>,

    /// Files and folders of the nodes that the operator sees, and where, if not at the same path
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Place>,

    /// Folder with the files of secrets [default: ~/.c3/secrets]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Folder>,

    /// Further options of `sbatch`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Directive>,

    /// Lines of shell that make the runtime known, such as `module load apptainer`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<Line>,
}

/// What runs an image on a node.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// Apptainer.
    #[default]
    Apptainer,
    /// Singularity, by the same options.
    Singularity,
    /// Podman.
    Podman,
    /// Charliecloud, with an image that was unpacked into a folder.
    Charliecloud,
    /// Nothing: the operator's zip runs with the node's own Python.
    None,
}

impl Slurm {
    /// These settings over others; values are replaced.
    #[must_use]
    pub fn over(&self, under: &Self) -> Self {
        Self {
            runtime: self.runtime.or(under.runtime),
            image: self.image.as_ref().or(under.image.as_ref()).cloned(),
            partition: self.partition.as_ref().or(under.partition.as_ref()).cloned(),
            account: self.account.as_ref().or(under.account.as_ref()).cloned(),
            qos: self.qos.as_ref().or(under.qos.as_ref()).cloned(),
            time: self.time.as_ref().or(under.time.as_ref()).cloned(),
            constraint: self.constraint.as_ref().or(under.constraint.as_ref()).cloned(),
            gres: self.gres.as_ref().or(under.gres.as_ref()).cloned(),
            mounts: super::list(&self.mounts, &under.mounts),
            secrets: self.secrets.as_ref().or(under.secrets.as_ref()).cloned(),
            options: super::list(&self.options, &under.options),
            setup: super::list(&self.setup, &under.setup),
        }
    }
}

text! {
    /// A word of an option of `sbatch`.
    Word from "Scalar", ["string", "number"], 1000, r#"[^\s"'`\\#\x00-\x1f\x7f]+"#,
    "`{}` is not one word; leave out blanks, quotes, `#` and backslashes"
}

text! {
    /// A time as `sbatch` reads it.
    Time from "Scalar", ["string", "number"], 20, r"[0-9]+(:[0-9]{1,2}){0,2}|[0-9]+-[0-9]{1,2}(:[0-9]{1,2}){0,2}",
    "`{}` is not a time of Slurm; write it as `30` (minutes), `1:30:00` or `2-12:00:00`"
}

text! {
    /// A path on the nodes, another in the container, and whether it is for reading only.
    Place from "String", "string", 4096, r"/[^:,\x00-\x1f\x7f]*(:/[^:,\x00-\x1f\x7f]*)?(:r[ow])?",
    "`{}` is not a mount; write `/PATH`, `/PATH:/PATH` or `/PATH:/PATH:ro`, without commas"
}

text! {
    /// A folder by its whole path; `~/` is the user's own.
    Folder from "String", "string", 4096, r"~?/[^:,\x00-\x1f\x7f]*",
    "`{}` is not the path of a folder; begin it with `/` or `~/`, without `:` and commas"
}

text! {
    /// An option of `sbatch` in one word.
    Directive from "String", "string", 1000, r#"--[a-z][-a-z]*(=[^\s"'`\\#\x00-\x1f\x7f]+)?"#,
    "`{}` is not an option of sbatch in one word; write it as `--mail-type=END`"
}

text! {
    /// Text on one line.
    Line from "String", "string", 4096, r"[^\x00-\x1f\x7f]+",
    "`{}` is not one line of text"
}

impl Place {
    /// Whether it is for reading only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.0.ends_with(":ro")
    }

    /// The paths on the node and in the container.
    #[must_use]
    pub fn paths(&self) -> (&str, &str) {
        let paths = self.0.strip_suffix(":ro").or_else(|| self.0.strip_suffix(":rw")).unwrap_or(&self.0);
        paths.split_once(':').unwrap_or((paths, paths))
    }

    /// The same with both paths, as options of `apptainer` and `podman` have it.
    #[must_use]
    pub fn whole(&self) -> String {
        let (source, target) = self.paths();
        let mode = [":ro", ":rw"].into_iter().find(|mode| self.0.ends_with(mode)).unwrap_or_default();
        format!("{source}:{target}{mode}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_parsed_as_by_sbatch() {
        for text in ["30", "90:00", "1:30:00", "2-12", "2-12:30", "2-12:30:00"] {
            assert!(text.parse::<Time>().is_ok(), "{text}");
        }
        for text in ["", "1h", "1:2:3:4", "-1", "1-", "1 2"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn mounts_have_two_paths() {
        let whole = |text: &str| text.parse::<Place>().map(|place| place.whole());
        assert_eq!(whole("/a b"), Ok("/a b:/a b".to_owned()));
        assert_eq!(whole("/a:ro"), Ok("/a:/a:ro".to_owned()));
        assert_eq!(whole("/a:/b:rw"), Ok("/a:/b:rw".to_owned()));
        assert!(whole("a").is_err() && whole("/a,b").is_err() && whole("/a:b").is_err());
    }

    #[test]
    fn line_breaks_cannot_end_a_directive() {
        for text in ["--x=a b", "--x\n--y", "x", "--x=#", "--x='a'"] {
            assert!(text.parse::<Directive>().is_err(), "{text}");
        }
        assert!("--mail-type=END,FAIL".parse::<Directive>().is_ok());
    }
}
