//! Annotations of GitHub Actions: one workflow command for each diagnostic.

use super::Entry;
use crate::diagnostic::Severity;

/// Writes the commands, a line for each diagnostic.
#[must_use]
pub fn commands(entries: &[Entry]) -> String {
    entries.iter().map(command).collect()
}

fn command(entry: &Entry) -> String {
    let level = match entry.finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place =
        entry.position().map(|(line, column)| format!(",line={line},col={column}")).unwrap_or_default();
    let (file, title) = (property(&entry.file), property(&entry.finding.code));
    format!("::{level} file={file}{place},title={title}::{}\n", data(&entry.text()))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Finding;
    use crate::location::Location;

    #[test]
    fn workflow_commands_are_escaped() {
        let finding = Finding {
            severity: Severity::Note,
            code: "a-code".into(),
            message: "100%\r\n::error::x".into(),
            hint: Some("do".into()),
            location: Some(Location { cell: None, line: 3, column: 7 }),
        };
        let entry = Entry { file: "a,b:c%.py".into(), finding };
        assert_eq!(
            commands(&[entry]),
            "::notice file=a%2Cb%3Ac%25.py,line=3,col=7,title=a-code::100%25%0D%0A::error::x%0Ahint: do\n"
        );
    }
}
