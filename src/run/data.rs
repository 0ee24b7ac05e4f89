//! The user's files that an operator sees: mounts, and inputs that are paths.

use std::path::{Path, PathBuf};

use crate::engine::container::Mount;
use crate::invocation::{Interface, Invocation};

use crate::failure::{Failure, INPUT, USAGE};

/// The original's variable with a data folder.
const DATA_PATH: &str = "CLAIMED_DATA_PATH";

/// The data folder below the operator's working directory.
const DATA: &str = "data";

/// Folder of a container with files named by inputs.
const INPUTS: &str = "/c3-inputs";

/// A user's file or folder, and where the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) source: PathBuf,
    /// The path, relative to the working directory.
    pub(super) target: String,
    pub(super) read_only: bool,
}

impl Shared {
    pub(super) fn mount(self, working_dir: &str) -> Mount {
        let target = Path::new(working_dir).join(self.target).to_string_lossy().into_owned();
        Mount { source: self.source, target, read_only: self.read_only }
    }
}

/// The mounts given by the user.
pub(super) fn shared(mounts: &[String]) -> Result<Vec<Shared>, Failure> {
    let named = mounts.iter().map(|text| named(text));
    let data = std::env::var_os(DATA_PATH).filter(|path| !path.is_empty()).map(|path| {
        let source = existing(Path::new(&path), &format!("the variable `{DATA_PATH}`"))?;
        Ok(Shared { source, target: DATA.to_owned(), read_only: false })
    });
    named.chain(data).collect()
}

fn named(text: &str) -> Result<Shared, Failure> {
    let (source, target, read_only) = parted(text);
    let source = existing(Path::new(source), "`--mount`")?;
    let own_name = || source.file_name().map(|name| name.to_string_lossy().into_owned());
    let target = target.map(ToOwned::to_owned).or_else(own_name).ok_or_else(|| {
        Failure::new(USAGE, format!("`--mount {text}` tells no target")).hint("write `--mount SOURCE:TARGET`")
    })?;
    Ok(Shared { source, target, read_only })
}

/// `SOURCE[:TARGET][:ro]`.
fn parted(text: &str) -> (&str, Option<&str>, bool) {
    let (text, read_only) = text.strip_suffix(":ro").map_or((text, false), |text| (text, true));
    let text = text.strip_suffix(":rw").unwrap_or(text);
    match text.rsplit_once(':') {
        Some((source, target)) if !target.is_empty() => (source, Some(target), read_only),
        _ => (text, None, read_only),
    }
}

/// The absolute path of something that must exist.
fn existing(path: &Path, named_by: &str) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| {
        Failure::new(INPUT, format!("cannot share `{}`, which {named_by} names: {error}", path.display()))
    })
}

/// The files and folders named by inputs, to be shared; the values become their paths for the operator.
pub(super) fn inputs(
    interface: &Interface,
    invocation: &mut Invocation,
    has_mounts: bool,
) -> Result<Vec<Shared>, Failure> {
    let mut shared = Vec::new();
    for (id, input) in interface.inputs.iter().filter(|(_, input)| input.kind.is_path()) {
        let Some(value) = invocation.values.get_mut(&input.name) else { continue };
        let path = Path::new(value.as_str());
        if has_mounts && !path.exists() {
            continue; // a path as the operator sees it
        }
        let source = existing(path, &format!("the parameter `{id}`"))?;
        let fits = match input.kind.name() {
            "File" => source.is_file(),
            "Directory" => source.is_dir(),
            _ => true,
        };
        if !fits {
            let message = format!("parameter `{id}` is a {}, and `{value}` isn't", input.kind.name());
            return Err(Failure::new(INPUT, message));
        }
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        let target = format!("{INPUTS}/{id}/{name}");
        value.clone_from(&target);
        shared.push(Shared { source, target, read_only: true });
    }
    Ok(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_parsed_from_the_right() {
        assert_eq!(parted("a"), ("a", None, false));
        assert_eq!(parted("a:ro"), ("a", None, true));
        assert_eq!(parted("a:/b:ro"), ("a", Some("/b"), true));
        assert_eq!(parted("a:/b:rw"), ("a", Some("/b"), false));
        assert_eq!(parted("a:b:/c"), ("a:b", Some("/c"), false));
    }
}
