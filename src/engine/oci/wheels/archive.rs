//! Wheels as archives, every path vetted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::Failure;
use super::choice::file_name;
use crate::engine::oci::error::OciError;
use crate::engine::oci::members::Member;

/// A file in a wheel.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) member: Member,
    pub(super) executable: bool,
}

/// The mask of the file type in Unix permissions.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const EXECUTABLE: u32 = 0o111;

/// The files of a wheel by path. Paths that lead elsewhere, and duplicates, are rejected.
pub(super) fn read(wheel: &Path) -> Result<BTreeMap<String, Packed>, Failure> {
    let file = File::open(wheel).map_err(OciError::io("read", wheel.display()))?;
    let unfit = |reason: String| Failure::Unfit(format!("`{}`: {reason}", file_name(wheel)));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| unfit(error.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(refused(wheel, "it holds a file twice".to_owned()));
    }
    let (wheel, mut files) = (Arc::new(wheel.to_owned()), BTreeMap::new());
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|error| unfit(error.to_string()))?;
        let name = entry.name().map_err(|error| unfit(error.to_string()))?.into_owned();
        if !is_inside(name.trim_end_matches('/')) {
            return Err(refused(&wheel, format!("`{name}` in it is no place for a file")));
        }
        if entry.is_dir() {
            continue;
        }
        let is_stored = match entry.compression() {
            CompressionMethod::Stored => true,
            CompressionMethod::Deflated => false,
            other => return Err(unfit(format!("`{name}` is compressed by {other}"))),
        };
        let start = entry.data_start().filter(|_| !entry.encrypted());
        let start = start.ok_or_else(|| unfit(format!("`{name}` can't be read")))?;
        let mode = entry.unix_mode().unwrap_or_default();
        let executable = mode & KIND == REGULAR && mode & EXECUTABLE != 0;
        let (compressed, size, crc) = (entry.compressed_size(), entry.size(), entry.crc32());
        let member = Member { wheel: Arc::clone(&wheel), start, compressed, size, crc, is_stored };
        files.insert(name, Packed { member, executable });
    }
    Ok(files)
}

/// Whether a path stays inside its folder.
fn is_inside(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', '\0', '\n', '\r']) && path.split('/').all(is_name)
}

pub(super) fn refused(wheel: &Path, reason: String) -> Failure {
    Failure::Failed(OciError::Wheel { wheel: file_name(wheel), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_archive_are_accepted() {
        for path in ["a", "a/b.py", "a b/ç", "..a/b..", "a-1.data/scripts/x"] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["", "/a", "../a", "a/../b", "a/..", "./a", "a//b", "a\\..\\b", "a\0", "a\nb"] {
            assert!(!is_inside(path), "{path:?}");
        }
    }
}
