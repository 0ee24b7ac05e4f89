//! Bundles: an operator and its packages in a zip, reproducibly.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::hashed::hex;

/// Extensions of native libraries.
const NATIVE: &[&str] = &["so", "pyd", "dylib"];

/// Files by path.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    files: BTreeMap<String, File>,
}

#[derive(Debug, Clone)]
struct File {
    content: Vec<u8>,
    executable: bool,
}

impl Bundle {
    /// Adds a file.
    pub fn add(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.to_owned(), File { content, executable: false });
    }

    /// Adds all files below a folder under another name, except those to skip.
    pub fn add_folder(&mut self, folder: &Path, name: &str, skip: fn(&str) -> bool) -> io::Result<()> {
        let is_meant = |entry: &DirEntry| entry.depth() == 0 || !skip(&entry.file_name().to_string_lossy());
        // Links are followed, but for those that lead back.
        let leads_back = |entry: &walkdir::Result<DirEntry>| {
            entry.as_ref().err().is_some_and(|error| error.loop_ancestor().is_some())
        };
        let walk = WalkDir::new(folder).follow_links(true).into_iter().filter_entry(is_meant);
        for entry in walk.filter(|entry| !leads_back(entry)) {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if !metadata.is_dir() {
                let own = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy();
                let executable = metadata.permissions().mode() & 0o100 != 0;
                let content = fs::read(entry.path())?;
                self.files.insert(format!("{name}/{own}"), File { content, executable });
            }
        }
        Ok(())
    }

    /// Whether it contains native libraries.
    #[must_use]
    pub fn is_native(&self) -> bool {
        let ends = self.files.keys().filter_map(|path| Path::new(path).extension()?.to_str());
        ends.into_iter().any(|end| NATIVE.contains(&end))
    }

    /// The digest of its contents.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, file) in &self.files {
            for bytes in [path.as_bytes(), &file.content, &[u8::from(file.executable)]] {
                hash.update(bytes.len().to_le_bytes());
                hash.update(bytes);
            }
        }
        hex(&hash.finalize()[..16])
    }

    /// The zip.
    pub fn zip(&self) -> io::Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, file) in &self.files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            let options = SimpleFileOptions::default().unix_permissions(mode);
            zip.start_file(path.as_str(), options)?;
            zip.write_all(&file.content)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_files_are_reproducible() {
        let mut bundle = Bundle::default();
        bundle.add("a/b.py", b"print(1)".to_vec());
        assert!(!bundle.is_native());
        let (zip, digest) = (bundle.zip().unwrap(), bundle.digest());
        assert_eq!((bundle.clone().zip().unwrap(), bundle.digest()), (zip, digest.clone()));
        bundle.add("a/c.cpython-312-x86_64-linux-gnu.so", Vec::new());
        assert!(bundle.is_native());
        assert_ne!(bundle.digest(), digest);
    }
}
