//! Archives of images, written by `docker save`.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::failure::Fault;

use crate::reader;

/// The file that lists the contents of an archive.
const MANIFEST: &str = "manifest.json";

/// Why an archive can't be used.
#[derive(Debug, Error)]
pub enum ImageArchiveError {
    /// The file can't be read, or isn't an archive.
    #[error("cannot read the image archive `{}`: {source}", path.display())]
    Read {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        source: std::io::Error,
    },
    /// The archive has no image.
    #[error("`{}` is not an archive of an image", .0.display())]
    NoImage(PathBuf),
    /// The archive has no name, or several.
    #[error("`{}` holds {} image names where one is needed", path.display(), count)]
    Names {
        /// The archive.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
}

impl Fault for ImageArchiveError {
    fn hint(&self) -> Option<String> {
        Some("write it with `docker save -o FILE NAME:TAG`".to_owned())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    repo_tags: Option<Vec<String>>,
}

/// The only `name:tag` in an archive.
pub fn name(path: &Path) -> Result<String, ImageArchiveError> {
    let mut names = names(path)?;
    match names.len() {
        1 => Ok(names.remove(0)),
        count => Err(ImageArchiveError::Names { path: path.into(), count }),
    }
}

fn names(path: &Path) -> Result<Vec<String>, ImageArchiveError> {
    let failed = |source| ImageArchiveError::Read { path: path.into(), source };
    let mut archive = tar::Archive::new(BufReader::new(reader::open(path).map_err(failed)?));
    for file in archive.entries_with_seek().map_err(failed)? {
        let file = file.map_err(failed)?;
        if file.path().map_err(failed)?.as_os_str() == MANIFEST {
            let entries: Vec<Entry> =
                serde_json::from_reader(file).map_err(|_| ImageArchiveError::NoImage(path.into()))?;
            return Ok(entries.into_iter().flat_map(|entry| entry.repo_tags.unwrap_or_default()).collect());
        }
    }
    Err(ImageArchiveError::NoImage(path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(manifest: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut archive = tar::Builder::new(file.reopen().unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(manifest.len() as u64);
        archive.append_data(&mut header, MANIFEST, manifest.as_bytes()).unwrap();
        archive.finish().unwrap();
        file
    }

    #[test]
    fn an_archive_names_one_image() {
        let one = archive(r#"[{"Config":"x","RepoTags":["base:1.2.8"]}]"#);
        assert_eq!(name(one.path()).unwrap(), "base:1.2.8");
        for manifest in ["[]", r#"[{"RepoTags":null}]"#, r#"[{"RepoTags":["a:1","a:2"]}]"#] {
            assert!(
                matches!(name(archive(manifest).path()), Err(ImageArchiveError::Names { .. })),
                "{manifest}"
            );
        }
        assert!(matches!(name(archive("{").path()), Err(ImageArchiveError::NoImage(_))));
    }
}
