//! The two files for an installer on the user's machine: all requirements, and all constraints.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::installers::pip::Flat;

/// Variables that make other commands build packages, or install more; ignored here.
pub const IGNORED: &[&str] = &[
    "PIP_CONSTRAINT",
    "PIP_NO_BINARY",
    "PIP_ONLY_BINARY",
    "PIP_REQUIREMENT",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_NO_BUILD",
];

/// Temporary files, removed when dropped.
#[derive(Debug)]
pub struct Lists {
    requirements: NamedTempFile,
    constraints: NamedTempFile,
}

impl Lists {
    /// Writes them into a folder.
    ///
    /// # Errors
    /// If the folder can't be written to.
    pub fn write(flat: &Flat, folder: &Path) -> io::Result<Self> {
        Ok(Self {
            requirements: list(&flat.requirements, folder)?,
            constraints: list(&flat.constraints, folder)?,
        })
    }

    /// The options of pip and uv that name them and allow wheels only.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let path = |file: &NamedTempFile| file.path().display().to_string();
        let named = ["-r".to_owned(), path(&self.requirements), "-c".to_owned(), path(&self.constraints)];
        ["--only-binary", ":all:"].map(ToOwned::to_owned).into_iter().chain(named).collect()
    }
}

fn list(lines: &[String], folder: &Path) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".c3-").suffix(".txt").tempfile_in(folder)?;
    lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
    Ok(file)
}

/// pip's options by uv's names.
#[must_use]
pub fn for_uv(options: &[String]) -> Vec<String> {
    let word = |word: &String| match word.as_str() {
        "--trusted-host" => "--allow-insecure-host".to_owned(),
        "--pre" => "--prerelease=allow".to_owned(),
        word => word.to_owned(),
    };
    options.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_contain_the_installed_requirements() {
        let folder = tempfile::tempdir().unwrap();
        let flat = Flat {
            options: Vec::new(),
            requirements: vec!["six".into(), "toolz".into()],
            constraints: vec!["six<2".into()],
        };
        let lists = Lists::write(&flat, folder.path()).unwrap();
        let options = lists.options();
        assert_eq!(options[..2], ["--only-binary", ":all:"]);
        let read = |at: usize| std::fs::read_to_string(&options[at]).unwrap();
        assert_eq!((read(3), read(5)), ("six\ntoolz\n".to_owned(), "six<2\n".to_owned()));
    }

    #[test]
    fn options_are_translated_for_uv() {
        let options = ["--trusted-host", "x", "--pre"].map(ToOwned::to_owned);
        assert_eq!(for_uv(&options), ["--allow-insecure-host", "x", "--prerelease=allow"]);
    }
}
