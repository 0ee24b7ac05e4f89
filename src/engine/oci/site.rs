//! Installed packages: an installer's output moved to the site folder of the base image's Python.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::error::OciError;
use super::files::ROOT;
use super::layer::{Body, Entry};
use super::python::{Python, SYSTEM};
use super::scripts;
use walkdir::{DirEntry, WalkDir};

use crate::context::Content;

/// An installed file.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// Its path below the installer's folder.
    pub(super) path: String,
    pub(super) content: Content,
    pub(super) executable: bool,
}

/// The content of the `INSTALLER` file (PEP 376).
pub(super) const INSTALLER: &[u8] = b"c3\n";

/// Folders in the output that belong to Python's prefix.
const BESIDE: [&str; 4] = ["bin", "etc", "include", "share"];

/// Files that installers keep for themselves, and files with paths of this machine.
const LEFT: [&str; 3] = [".lock", "uv_cache.json", "uv_build.json"];

/// Reads a folder; small files to be changed are read whole.
pub(super) fn read(folder: &Path) -> Result<Vec<Installed>, OciError> {
    let is_meant = |entry: &DirEntry| entry.file_name() != "__pycache__";
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).into_iter().filter_entry(is_meant) {
        let entry = entry.map_err(|error| OciError::io("read", folder.display())(error.into()))?;
        let is_left = LEFT.iter().any(|name| entry.file_name() == *name);
        if !entry.file_type().is_dir() && !is_left {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            files.push(installed(path.to_string_lossy().into_owned(), entry.path())?);
        }
    }
    Ok(files)
}

fn installed(path: String, disk: &Path) -> Result<Installed, OciError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error| OciError::io("read", disk.display())(error);
    let executable = disk.metadata().map_err(failed)?.permissions().mode() & 0o111 != 0;
    let content = if path.starts_with("bin/") || is_metadata(&path) {
        Content::Bytes(fs::read(disk).map_err(failed)?)
    } else {
        Content::Disk(disk.to_owned())
    };
    Ok(Installed { path, content, executable })
}

/// Whether a file is package metadata.
fn is_metadata(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, _)| folder.ends_with(".dist-info"))
}

/// The entries of a layer with these files, sorted, with their folders.
pub(super) fn arrange(files: Vec<Installed>, python: &Python) -> Vec<Entry> {
    let packages: BTreeSet<String> =
        files.iter().filter_map(|file| Some(file.path.strip_suffix("/__init__.py")?.to_owned())).collect();
    let is_beside = |path: &str| {
        let top = path.split('/').next().unwrap_or_default();
        BESIDE.contains(&top) && path.contains('/') && !packages.contains(top)
    };
    let files: BTreeMap<String, Installed> =
        files.into_iter().filter(|file| !is_local(file)).map(|file| (file.path.clone(), file)).collect();
    let changed = changed(&files, python);
    let records = records(&files, &changed, &is_beside, python);
    let place = |path: &str| {
        let folder = if is_beside(path) { python.prefix.clone() } else { python.site() };
        format!("{}/{path}", folder.trim_start_matches('/'))
    };
    let content = |file: &Installed| {
        let made = records.get(&file.path).or_else(|| changed.get(&file.path));
        made.map_or_else(|| file.content.clone().into(), |bytes| Body::Bytes(bytes.clone()))
    };
    let mode = |file: &Installed| if file.executable { 0o755 } else { 0o644 };
    let entries: BTreeMap<String, Entry> = files
        .values()
        .map(|file| {
            let path = place(&file.path);
            (path.clone(), Entry { path, content: Some(content(file)), mode: mode(file), owner: ROOT })
        })
        .collect();
    with_folders(entries, python)
}

/// Whether a file names a local path that a package was installed from.
fn is_local(file: &Installed) -> bool {
    let says = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("\"file:");
    file.path.ends_with(".dist-info/direct_url.json")
        && matches!(&file.content, Content::Bytes(bytes) if says(bytes))
}

/// Adds all parent folders: those of Python as in the base image, new ones as pip leaves them.
pub(super) fn with_folders(mut entries: BTreeMap<String, Entry>, python: &Python) -> Vec<Entry> {
    let there = ["bin", "include"].map(|folder| format!("{}/{folder}/", python.prefix));
    let there = there.into_iter().chain([format!("{}/", python.site())]).collect::<Vec<_>>();
    let access = |folder: &str| {
        let is_python_s = folder.starts_with(&format!("{}/", python.prefix));
        if is_python_s && there.iter().any(|known| known.starts_with(folder)) {
            python.folders
        } else {
            SYSTEM
        }
    };
    let paths: Vec<String> = entries.keys().cloned().collect();
    for path in &paths {
        for (end, _) in path.match_indices('/') {
            let (folder, (mode, owner)) = (path[..end].to_owned(), access(&format!("/{}/", &path[..end])));
            entries.entry(folder.clone()).or_insert(Entry { path: folder, content: None, mode, owner });
        }
    }
    entries.into_values().collect()
}

/// The files that change for the image.
fn changed(files: &BTreeMap<String, Installed>, python: &Python) -> BTreeMap<String, Vec<u8>> {
    let interpreter = python.interpreter();
    let bytes = |file: &Installed| match &file.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Disk(_) => Vec::new(),
    };
    let installers = files.keys().filter(|path| path.ends_with(".dist-info/INSTALLER"));
    let installers = installers.map(|path| (path.clone(), INSTALLER.to_vec()));
    let foreign = files.values().filter(|file| file.path.starts_with("bin/"));
    let foreign =
        foreign.map(|file| (file.path.clone(), scripts::with_interpreter(&bytes(file), &interpreter)));
    let points = files.values().filter(|file| file.path.ends_with(".dist-info/entry_points.txt"));
    let points = points.flat_map(|file| {
        let made = scripts::console_scripts(&String::from_utf8_lossy(&bytes(file)), &interpreter);
        made.into_iter().map(|(name, text)| (format!("bin/{name}"), text.into_bytes()))
    });
    let own = points.filter(|(path, _)| files.contains_key(path));
    installers.chain(foreign).chain(own).collect()
}

/// The `RECORD` files, updated.
fn records(
    files: &BTreeMap<String, Installed>,
    changed: &BTreeMap<String, Vec<u8>>,
    is_beside: &impl Fn(&str) -> bool,
    python: &Python,
) -> BTreeMap<String, Vec<u8>> {
    let up = "../".repeat(python.site().split('/').count() - python.prefix.split('/').count());
    let line = |line: &str| {
        let mut parts = line.rsplitn(3, ',');
        let (size, hash, name) = (parts.next()?, parts.next()?, parts.next()?);
        let path = name.trim_matches('"');
        files.get(path)?;
        let place =
            if is_beside(path) { name.replacen(path, &format!("{up}{path}"), 1) } else { name.to_owned() };
        Some(match changed.get(path) {
            None => format!("{place},{hash},{size}\n"),
            Some(bytes) => {
                format!("{place},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)), bytes.len())
            }
        })
    };
    let lists = files.values().filter(|file| file.path.ends_with(".dist-info/RECORD"));
    lists
        .filter_map(|list| {
            let Content::Bytes(bytes) = &list.content else { return None };
            let text = String::from_utf8_lossy(bytes);
            let mut lines: Vec<String> = text.lines().filter_map(line).collect();
            lines.sort();
            Some((list.path.clone(), lines.concat().into_bytes()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::oci::platform::Libc;

    fn file(path: &str, text: &str, executable: bool) -> Installed {
        Installed { path: path.to_owned(), content: Content::Bytes(text.as_bytes().to_vec()), executable }
    }

    fn entries() -> Vec<Entry> {
        let files = vec![
            file("tool/__init__.py", "", false),
            file("tool/deep/x.so", "so", true),
            file("bin/tool", "#!/home/me/bin/python3\nold", true),
            file("share/man/tool.1", "man", false),
            file("tool-1.dist-info/entry_points.txt", "[console_scripts]\ntool = tool.cli:main\n", false),
            file("tool-1.dist-info/INSTALLER", "uv", false),
            file("tool-1.dist-info/direct_url.json", "{\"url\": \"file:///home/me\"}", false),
            file(
                "tool-1.dist-info/RECORD",
                "tool/__init__.py,,0\nbin/tool,sha256=a,1\nshare/man/tool.1,sha256=b,2\ntool-1.dist-info/direct_url.json,sha256=c,3\ntool-1.dist-info/RECORD,,\n",
                false,
            ),
        ];
        let python = Python {
            version: "3.12".into(),
            prefix: "/opt/app".into(),
            libc: Libc::USUAL,
            folders: (0o775, (1001, 0)),
            is_environment: true,
        };
        arrange(files, &python)
    }

    fn text(path: &str) -> String {
        let entries = entries();
        let entry = entries.iter().find(|entry| entry.path.ends_with(path)).unwrap();
        let Some(Body::Bytes(bytes)) = &entry.content else { panic!("{path}") };
        String::from_utf8(bytes.clone()).unwrap()
    }

    #[test]
    fn files_are_installed_where_python_expects_them() {
        let site = "opt/app/lib/python3.12/site-packages";
        let found: Vec<_> =
            entries().iter().map(|entry| format!("{:o} {}", entry.mode, entry.path)).collect();
        assert_eq!(found[..4], ["755 opt", "775 opt/app", "775 opt/app/bin", "755 opt/app/bin/tool"]);
        assert!(found.contains(&format!("755 {site}/tool")));
        assert!(found.contains(&format!("755 {site}/tool/deep/x.so")));
        assert!(found.contains(&"755 opt/app/share/man".to_owned()));
        assert!(found.contains(&"644 opt/app/share/man/tool.1".to_owned()));
        assert!(found.contains(&format!("775 {site}")));
        assert!(!found.iter().any(|line| line.ends_with("direct_url.json")));
    }

    #[test]
    fn scripts_name_the_interpreter_of_the_image() {
        assert!(text("bin/tool").starts_with("#!/opt/app/bin/python\n"));
        assert!(text("bin/tool").contains("from tool.cli import main"));
    }

    #[test]
    fn record_hashes_are_correct() {
        let script = text("bin/tool");
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&script));
        let record = text("RECORD");
        let lines: Vec<_> = record.lines().collect();
        assert_eq!(lines[0], format!("../../../bin/tool,sha256={hash},{}", script.len()));
        assert_eq!(lines[1], "../../../share/man/tool.1,sha256=b,2");
        assert_eq!(lines[2..], ["tool-1.dist-info/RECORD,,", "tool/__init__.py,,0"]);
    }
}
