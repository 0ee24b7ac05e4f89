//! Bundles: an operator and its packages in one zip, the same bytes for the same files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::hashed::hex;

/// Ends of the names of programs for one kind of machine.
const NATIVE: &[&str] = &["so", "pyd", "dylib"];

/// Files by their paths.
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

    /// Adds all files below a folder under another name of it, but none of those whose names are to be skipped.
    pub fn add_folder(&mut self, folder: &Path, name: &str, skip: fn(&str) -> bool) -> io::Result<()> {
        for entry in folder.read_dir()? {
            let path = entry?.path();
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if skip(&own) {
                continue;
            }
            let place = format!("{name}/{own}");
            let metadata = fs::metadata(&path)?;
            if metadata.is_dir() {
                self.add_folder(&path, &place, skip)?;
            } else {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                self.files.insert(place, File { content: fs::read(&path)?, executable });
            }
        }
        Ok(())
    }

    /// Whether it holds programs for one kind of machine.
    #[must_use]
    pub fn is_native(&self) -> bool {
        let ends = self.files.keys().filter_map(|path| Path::new(path).extension()?.to_str());
        ends.into_iter().any(|end| NATIVE.contains(&end))
    }

    /// A name for what is in it.
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
    fn the_same_files_make_the_same_zip() {
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
