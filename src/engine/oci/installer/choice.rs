//! The choice of wheels by uv, written as `pylock.toml`: one list per command, which keeps the versions of
//! earlier commands if possible.

use std::path::Path;

use toml::{Table, Value};

use super::{Caller, Flat, Installer, Lists, Logins, PipInstall, Progress, Target, for_uv};
use crate::engine::oci::error::OciError;
use crate::programs;

/// Interpreters to give to uv: by itself it starts every Python on the path, including shims, to find one of
/// the right version, though nothing is built.
const PYTHONS: &[&str] = &["python3", "python"];

/// The check that uv accepts it.
const FITS: &[&str] = &["-S", "-c", "import sys; sys.exit(sys.version_info < (3, 8))"];

/// Chooses wheels for each command and returns uv's lists; nothing without a suitable uv.
pub(in crate::engine::oci) async fn choose(
    installs: &[PipInstall],
    files: &Path,
    target: &Target<'_>,
    logins: &Logins,
    progress: &Progress,
) -> Result<Option<Vec<String>>, OciError> {
    let caller = Caller::new(target, logins)?;
    let Installer::Uv(uv) = &caller.installer else { return Ok(None) };
    let place = files.with_file_name("pylock.toml");
    let python = programs::binary(PYTHONS, FITS);
    let (mut lists, mut known) = (Vec::new(), Table::new());
    for install in installs {
        let command = |flat: &Flat, lists: &Lists| {
            (uv.clone(), arguments(flat, lists, &place, target, python.as_deref()))
        };
        match caller.call(install, files, progress, command).await {
            Err(OciError::Install { tail, .. }) if tail.iter().any(|line| line.contains("'--format")) => {
                return Ok(None);
            }
            done => done?,
        }
        let list = std::fs::read_to_string(&place).map_err(OciError::io("read", place.display()))?;
        known = joined(known, &list);
        let text = toml::to_string(&known).unwrap_or_default();
        std::fs::write(&place, text).map_err(OciError::io("write", place.display()))?;
        lists.push(list);
    }
    Ok(Some(lists))
}

/// The arguments of uv: versions in an existing list are preferred.
fn arguments(
    flat: &Flat,
    lists: &Lists,
    place: &Path,
    target: &Target,
    python: Option<&Path>,
) -> Vec<String> {
    let platform = target.python.libc.uv_name(target.machine);
    let place = place.display().to_string();
    let fixed = [
        "pip",
        "compile",
        "--format",
        "pylock.toml",
        "--output-file",
        &place,
        "--python-version",
        &target.python.version,
        "--python-platform",
        &platform,
        // Nothing is built, so that no Python of that version is needed.
        "--no-python-downloads",
        "--no-header",
        "--no-annotate",
        "--color",
        "never",
        "--no-progress",
    ];
    // What is an option of `install` is an argument here.
    let lists = lists.options().into_iter().filter(|word| word != "-r");
    let python = python.map(|python| ["--python".to_owned(), python.to_string_lossy().into_owned()]);
    let fixed = fixed.map(ToOwned::to_owned).into_iter().chain(python.into_iter().flatten());
    fixed.chain(for_uv(&flat.options)).chain(lists).collect()
}

/// The packages of both lists; the second takes precedence.
fn joined(known: Table, list: &str) -> Table {
    let mut list: Table = list.parse().unwrap_or_default();
    let taken = |table: &mut Table| match table.remove("packages") {
        Some(Value::Array(packages)) => packages,
        _ => Vec::new(),
    };
    let (mut known, mut packages) = (known, taken(&mut list));
    let names: Vec<Option<Value>> = packages.iter().map(|package| package.get("name").cloned()).collect();
    packages.extend(
        taken(&mut known).into_iter().filter(|package| !names.contains(&package.get("name").cloned())),
    );
    list.insert("packages".to_owned(), Value::Array(packages));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_lists_override_earlier_ones() {
        let first = "lock-version = '1.0'\n[[packages]]\nname = 'a'\nversion = '1'\n[[packages]]\nname = 'b'\nversion = '1'\n";
        let second = "lock-version = '1.0'\n[[packages]]\nname = 'b'\nversion = '2'\n";
        let both = joined(joined(Table::new(), first), second);
        let shown = |name: &str| {
            let packages = both["packages"].as_array().unwrap();
            let mut found = packages.iter().filter(|one| one["name"].as_str() == Some(name));
            (found.next().unwrap()["version"].as_str().unwrap().to_owned(), found.next().is_none())
        };
        assert_eq!((shown("a"), shown("b")), (("1".to_owned(), true), ("2".to_owned(), true)));
        assert_eq!(both["lock-version"].as_str(), Some("1.0"));
    }
}
