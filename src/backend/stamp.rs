//! Stamps: what the header of a generated file says of its making, so that it can be told whether it is up to date.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::component::Component;
use crate::hashed::hex;
use crate::location::Location;

/// Bytes of the digest that a header shows.
const LENGTH: usize = 6;

/// What stands before the digest of what was fetched.
const FETCHED: &str = "; fetched sha256:";

/// Lines of a file among which its header is looked for.
const HEADER: usize = 20;

/// The version of `c3` that made a file, and what it was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The version of `c3`.
    pub version: String,
    /// A digest of the component without positions and diagnostics.
    pub component: String,
    /// SHA-256 of the requirement files that were fetched, in hexadecimal digits; it is no reason to write anew.
    pub fetched: Option<String>,
}

impl Stamp {
    /// The stamp of what is made of a component now.
    #[must_use]
    pub fn of(component: &Component) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), component: digest(component), fetched: None }
    }

    /// Whether a file of this stamp would say something else now.
    #[must_use]
    pub fn is_older(&self, now: &Self) -> bool {
        (&self.version, &self.component) != (&now.version, &now.component)
    }

    /// The stamp in the header of a file that was made of a source of this name.
    #[must_use]
    pub fn read(text: &str, source: &str) -> Option<Self> {
        text.lines().take(HEADER).find_map(|line| {
            let (_, made) = line.strip_prefix("# ")?.split_once(&format!(" of {source}, made by c3 "))?;
            let (version, component) = made.split_once(" (component ")?;
            let (component, _) = component.split_once(')')?;
            let (component, fetched) = component
                .split_once(FETCHED)
                .map_or((component, None), |(component, fetched)| (component, Some(fetched.to_owned())));
            Some(Self { version: version.to_owned(), component: component.to_owned(), fetched })
        })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fetched = self.fetched.iter().flat_map(|digest| [FETCHED, digest]).collect::<String>();
        write!(f, "{} (component {}{fetched})", self.version, self.component)
    }
}

/// A component without positions and diagnostics: what an edit changes only if it changes the interface or the
/// requirements.
#[must_use]
pub fn essence(component: &Component) -> Component {
    let mut component = Component { diagnostics: Vec::new(), ..component.clone() };
    let nowhere = Location { cell: None, line: 0, column: 0 };
    for input in &mut component.inputs {
        input.location = nowhere;
        input.span = 0..0;
        input.reads.clear();
    }
    for output in &mut component.outputs {
        output.location = nowhere;
        output.span = 0..0;
    }
    component
}

fn digest(component: &Component) -> String {
    let json = serde_json::to_vec(&essence(component)).unwrap_or_default();
    hex(&Sha256::digest(&json)[..LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    fn stamp(text: &str) -> Stamp {
        let source = Source::new("x.py", Language::Python, text.to_owned());
        Stamp::of(&frontend::read(&source).component.unwrap())
    }

    #[test]
    fn only_what_the_files_say_counts() {
        let first = stamp("'''D.'''\nimport os\n# One.\na = os.getenv('a', '1')\n");
        let same = [
            "'''D.'''\nimport os\nimport re\n\n# One.\na = os.getenv('a', '1')\nprint(a)\n",
            "'''D.'''\nfrom os import getenv\n# One.\nprint(getenv('a', '1'), getenv('a', '1'))\n",
        ];
        let other = [
            "'''E.'''\nimport os\n# One.\na = os.getenv('a', '1')\n",
            "'''D.'''\nimport os\n# Two.\na = os.getenv('a', '1')\n",
            "'''D.'''\nimport os\n# One.\na = os.getenv('a', '2')\n",
            "'''D.'''\n# pip install numpy\nimport os\n# One.\na = os.getenv('a', '1')\n",
        ];
        assert!(same.iter().all(|text| stamp(text) == first));
        assert!(other.iter().all(|text| stamp(text) != first));
    }

    #[test]
    fn headers_are_read() {
        let stamp = stamp("'''D.'''\n");
        let header = format!("# CWL step of x.py, made by c3 {stamp}; more\nx: 1\n");
        assert_eq!(Stamp::read(&header, "x.py"), Some(stamp.clone()));
        assert_eq!(Stamp::read(&format!("# Ours.\n\n{header}"), "x.py"), Some(stamp.clone()));
        assert_eq!(Stamp::read(&header, "y.py"), None);
        let stamp = Stamp { fetched: Some("0a1b".into()), ..stamp };
        let header = format!("# Image of x.py, made by c3 {stamp}; more\n");
        assert_eq!(Stamp::read(&header, "x.py"), Some(stamp));
        assert_eq!(Stamp::read("# CWL step of x.py, made by c3 0.1.0\n", "x.py"), None);
    }
}
