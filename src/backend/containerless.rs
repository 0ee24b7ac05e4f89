//! Containerless: an operator as one zip that Python runs as it is, and the CWL step that calls it.

use serde::Serialize;

use super::{Operator, cwl, prelude, template};
use crate::artifact::Artifact;

/// Folder of the operator's files in the zip.
pub const OPERATOR: &str = "operator";

/// Folder of its packages in the zip.
pub const PACKAGES: &str = "packages";

/// The names of the program that starts it: Python's for a zip, and the original's for a folder.
pub const PROGRAMS: [&str; 2] = ["__main__.py", "runnable.py"];

#[derive(Serialize)]
struct Context<'a> {
    name: &'a str,
    zip: &'a str,
    entry: String,
    digest: &'a str,
    native: Option<&'a str>,
}

/// The name of the zip, which is also the folder in which the original's `claimed` looks for its contents.
#[must_use]
pub fn zip_name(operator: &Operator) -> String {
    format!("claimed-{}.{}.zip", operator.component.name, operator.settings.image.version)
}

/// Writes the program that starts the operator; `native` is the machine that its packages are built for, if
/// they aren't portable.
#[must_use]
pub fn program(operator: &Operator, digest: &str, native: Option<&str>) -> String {
    let zip = zip_name(operator);
    let entry = format!("{OPERATOR}/{}{}", operator.settings.folder, prelude::file_name(operator));
    let name = operator.component.name.as_str();
    template::render("containerless.py", &Context { name, zip: &zip, entry, digest, native })
}

/// Writes `<stem>.containerless.cwl`, which holds the record of the zip, too.
#[must_use]
pub fn step(operator: &Operator, zip: &Artifact) -> Artifact {
    cwl::containerless(operator, zip)
}
