//! The outputs of a job, read back from its script.

/// What stands before the name of the folder; the template writes it.
const FOLDER: &str = "c3_outputs=${C3_OUTPUTS:-$PWD/";

/// What stands behind it.
const JOB: &str = "-${c3_job:-";

/// What stands before the name of an output, and behind it.
const OUTPUT: (&str, &str) = ("c3_operator+=(\"--", "=$c3_outputs/");

/// What a job delivers to its folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Name of the folder, to which `-` and the number of the job are added.
    pub name: String,
    /// Names of the outputs, which are those of their files or folders in it.
    pub outputs: Vec<String>,
}

impl Deliveries {
    /// Reads them from a script; nothing if it delivers nothing.
    #[must_use]
    pub fn of(script: &str) -> Option<Self> {
        let name = script.lines().find_map(|line| line.strip_prefix(FOLDER)?.split_once(JOB));
        let output = |line: &str| {
            let (id, _) = line.strip_prefix(OUTPUT.0)?.split_once(OUTPUT.1)?;
            Some(id.to_owned())
        };
        name.map(|(name, _)| Self {
            name: name.to_owned(),
            outputs: script.lines().filter_map(output).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_writes_what_is_read() {
        let template = include_str!("../../../templates/job.sbatch.j2");
        let script = template.replace("{{ name }}", "some-name").replace("{{ output | safe }}", "result");
        let expected = Deliveries { name: "some-name".to_owned(), outputs: vec!["result".to_owned()] };
        assert_eq!(Deliveries::of(&script), Some(expected));
        assert_eq!(Deliveries::of("#!/bin/bash\ntrue\n"), None);
    }
}
