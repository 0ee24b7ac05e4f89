//! The file index of a base image: the contents of its layers, to find a Python that the configuration
//! doesn't name.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};

use serde::{Deserialize, Serialize};
use tar::{Archive, Entry, EntryType};

use super::compression::plain;
use super::platform::Libc;
use super::python::{Access, Python, minor};

/// Most links followed on the way to one file.
const LINKS: usize = 16;

/// Prefix of the whiteout files with which a layer removes files of those below.
const REMOVED: &str = ".wh.";
const EMPTIED: &str = ".wh..wh..opq";

/// The contents of an image's layers, by path without a leading `/`.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<String, File>);

#[derive(Debug, Clone)]
struct File {
    /// The target, if it is a symbolic link.
    link: Option<String>,
    access: Access,
}

/// A Python that was found, and its distributions: normalised names with versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InstalledPython {
    pub(super) python: Python,
    pub(super) distributions: BTreeSet<(String, String)>,
}

impl Index {
    /// Adds a layer, compressed or not, on top of those below.
    pub(super) fn add(&mut self, layer: impl Read) -> io::Result<()> {
        self.add_archive(plain(BufReader::new(layer))?)
    }

    fn add_archive(&mut self, archive: impl Read) -> io::Result<()> {
        let mut own = BTreeMap::new();
        for entry in Archive::new(archive).entries()? {
            let entry = entry?;
            let path = entry.path()?.to_string_lossy().trim_matches('/').trim_start_matches("./").to_owned();
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if name == EMPTIED {
                self.remove(folder, true);
            } else if let Some(name) = name.strip_prefix(REMOVED) {
                self.remove(&joined(folder, name), false);
            } else {
                own.insert(path.clone(), file(&entry)?);
            }
        }
        self.0.extend(own);
        Ok(())
    }

    /// Removes everything below a path, and the path itself unless it stays.
    fn remove(&mut self, path: &str, stays: bool) {
        let below = format!("{path}/");
        self.0.retain(|name, _| !name.starts_with(&below) && (stays || name != path));
    }

    /// The path of the file that a path leads to, with links resolved.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut path = path.trim_start_matches('/').to_owned();
        for _ in 0..LINKS {
            match self.first_link(&path) {
                Some(next) => path = next,
                None => return self.0.contains_key(&path).then_some(path),
            }
        }
        None
    }

    /// The path with its first link resolved.
    fn first_link(&self, path: &str) -> Option<String> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().find_map(|end| {
            let target = self.0.get(&path[..end])?.link.as_ref()?;
            let folder = path[..end].rsplit_once('/').map_or("", |(folder, _)| folder);
            Some(normal(&format!("{}{}", joined(folder, target), &path[end..])))
        })
    }

    /// The first Python on a `PATH`, if packages can be installed beside its own; else what prevents it.
    pub(super) fn find(&self, path: &str) -> Result<InstalledPython, String> {
        let folders = path.split(':').map(|folder| folder.trim_end_matches('/'));
        let found =
            folders.into_iter().find_map(|folder| Some((folder, self.resolve(&format!("{folder}/python"))?)));
        let (folder, program) = found.ok_or("there is no `python` in the folders of its `PATH`")?;
        let own = folder.strip_suffix("/bin").unwrap_or(folder).trim_start_matches('/');
        let is_environment = self.0.contains_key(&format!("{own}/pyvenv.cfg"));
        let home = program.rsplit_once("/bin/").map_or("", |(home, _)| home);
        let prefix = if is_environment { own } else { home };
        let name = program.rsplit('/').next().unwrap_or_default();
        let version = name.strip_prefix("python").and_then(minor).or_else(|| self.only_version(prefix));
        let version = version.ok_or_else(|| format!("nothing tells the version of `/{program}`"))?;
        if !is_environment && self.0.contains_key(&format!("{home}/lib/python{version}/EXTERNALLY-MANAGED")) {
            return Err(format!(
                "the system keeps the packages of `/{program}`, which has no environment of its own"
            ));
        }
        let site = format!("{prefix}/lib/python{version}/site-packages");
        let folders = self.0.get(&site).ok_or_else(|| format!("there is no folder `/{site}`"))?.access;
        let (prefix, libc) = (format!("/{prefix}"), self.libc());
        let python = Python { version, prefix, libc, folders, is_environment };
        Ok(InstalledPython { python, distributions: self.distributions(&site) })
    }

    /// The version of the one Python below a folder.
    fn only_version(&self, prefix: &str) -> Option<String> {
        let lib = format!("{prefix}/lib/python");
        let below =
            self.0.range(lib.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&lib));
        let versions: BTreeSet<String> =
            below.filter_map(|path| minor(path[lib.len()..].split('/').next()?)).collect();
        let mut versions = versions.into_iter();
        versions.next().filter(|_| versions.next().is_none())
    }

    /// The distributions in a folder.
    fn distributions(&self, site: &str) -> BTreeSet<(String, String)> {
        let below = format!("{site}/");
        let names = self.0.range(below.clone()..).map(|(path, _)| path);
        names
            .take_while(|path| path.starts_with(&below))
            .filter_map(|path| distribution(&path[below.len()..]))
            .collect()
    }

    fn libc(&self) -> Libc {
        let is_musl = |path: &String| path.starts_with("lib/ld-musl-");
        if self.0.keys().any(is_musl) { Libc::Musl(1) } else { Libc::USUAL }
    }
}

fn file(entry: &Entry<impl Read>) -> io::Result<File> {
    let header = entry.header();
    let id = |id: io::Result<u64>| id.ok().and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    let is_link = header.entry_type() == EntryType::Symlink;
    let link = if is_link { entry.link_name()? } else { None };
    Ok(File {
        link: link.map(|path| path.to_string_lossy().into_owned()),
        access: (header.mode()? & 0o7777, (id(header.uid()), id(header.gid()))),
    })
}

/// `numpy-2.1.0.dist-info` → `numpy`, `2.1.0`.
pub(super) fn distribution(name: &str) -> Option<(String, String)> {
    let (name, version) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
    let normal = name.to_lowercase().replace(['_', '.'], "-");
    (!name.contains('/')).then(|| (normal, version.to_owned()))
}

/// A path relative to a folder.
fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
}

/// A path without `.`, `..` and a leading `/`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::{Builder, Header};

    /// A layer: folders end in `/`, links have `->`.
    fn layer(paths: &[&str]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for path in paths {
            let (path, link) = path.split_once("->").map_or((*path, None), |(path, link)| (path, Some(link)));
            let mut header = Header::new_gnu();
            header.set_mode(0o775);
            header.set_uid(1001);
            header.set_size(0);
            header.set_entry_type(match (link, path.ends_with('/')) {
                (Some(_), _) => EntryType::Symlink,
                (None, true) => EntryType::Directory,
                (None, false) => EntryType::Regular,
            });
            match link {
                Some(link) => tar.append_link(&mut header, path, link).unwrap(),
                None => tar.append_data(&mut header, path, io::empty()).unwrap(),
            }
        }
        tar.into_inner().unwrap()
    }

    fn found(layers: &[&[&str]], path: &str) -> Result<InstalledPython, String> {
        let mut index = Index::default();
        for paths in layers {
            index.add(layer(paths).as_slice()).unwrap();
        }
        index.find(path)
    }

    #[test]
    fn symlinks_to_python_are_resolved() {
        let below: &[&str] = &[
            "usr/local/bin/python3.12",
            "usr/local/bin/python->python3",
            "usr/local/bin/python3->/usr/local/bin/python3.12",
            "usr/local/lib/python3.12/site-packages/",
            "usr/local/lib/python3.12/site-packages/Typing_Extensions-4.1.dist-info/METADATA",
            "usr/local/lib/python3.12/site-packages/Typing_Extensions-4.1.dist-info/",
        ];
        let python = found(&[below], "/usr/bin:/usr/local/bin").unwrap();
        assert_eq!(python.python.site(), "/usr/local/lib/python3.12/site-packages");
        assert_eq!(python.python.folders, (0o775, (1001, 0)));
        assert_eq!(python.distributions, [("typing-extensions".to_owned(), "4.1".to_owned())].into());
        let above: &[&str] = &["usr/local/bin/.wh.python3.12"];
        assert!(found(&[below, above], "/usr/local/bin").is_err());
        let emptied: &[&str] =
            &["usr/local/bin/.wh..wh..opq", "usr/local/bin/python3.12", "bin->usr/local/bin"];
        assert!(found(&[below, emptied], "/bin").is_err());
    }

    #[test]
    fn virtual_environments_take_precedence_over_the_system() {
        let image: &[&str] = &[
            "bin->usr/bin",
            "usr/bin/python3.11",
            "usr/lib/python3.11/EXTERNALLY-MANAGED",
            "usr/lib/python3.11/site-packages/",
            "usr/bin/python->python3.11",
            "venv/bin/python->/bin/python3.11",
            "venv/pyvenv.cfg",
            "venv/lib/python3.11/site-packages/",
        ];
        assert_eq!(found(&[image], "/venv/bin:/bin").unwrap().python.interpreter(), "/venv/bin/python");
        assert!(found(&[image], "/bin:/venv/bin").unwrap_err().contains("keeps the packages"));
        assert!(found(&[image], "/sbin").unwrap_err().contains("no `python`"));
    }

    #[test]
    fn cycles_are_detected() {
        assert!(found(&[&["bin/python->/usr/bin/python", "usr/bin/python->/bin/python"]], "/bin").is_err());
    }
}
