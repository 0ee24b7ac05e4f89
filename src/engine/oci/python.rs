//! The Python of a base image: its version, prefix, and C library.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::variable;
use super::platform::Libc;

/// A Python in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Python {
    /// Its version, such as `3.12`.
    pub(super) version: String,
    /// Its prefix, such as `/opt/app-root`.
    pub(super) prefix: String,
    /// The C library of its wheels.
    pub(super) libc: Libc,
    /// Permissions and owner of its folders.
    pub(super) folders: Access,
    /// Whether it is a virtual environment.
    pub(super) is_environment: bool,
}

/// Permissions, user and group.
pub(super) type Access = (u32, (u32, u32));

/// Folders of the system.
pub(super) const SYSTEM: Access = (0o755, (0, 0));

/// Folders writable for group 0.
const SHARED: Access = (0o775, (1001, 0));

impl Python {
    /// The interpreter, for the first line of scripts.
    pub(super) fn interpreter(&self) -> String {
        format!("{}/bin/python", self.prefix)
    }

    /// The folder for packages.
    pub(super) fn site(&self) -> String {
        format!("{}/lib/python{}/site-packages", self.prefix, self.version)
    }

    /// The folder for headers of packages, relative to the prefix.
    pub(super) fn include(&self) -> String {
        format!("include/{}python{}", if self.is_environment { "site/" } else { "" }, self.version)
    }

    /// The Python declared by a configuration, if unambiguous: the version in `PYTHON_VERSION`, and a `PATH`
    /// to a known prefix.
    pub(super) fn from_config(config: &Value) -> Option<Self> {
        let version = minor(variable(config, "PYTHON_VERSION")?)?;
        let prefix = prefix(config)?;
        let (folders, is_environment) = (access(&prefix), is_environment(&prefix, config));
        (!brings_more(config)).then_some(Self { version, prefix, libc: Libc::USUAL, folders, is_environment })
    }
}

/// `3.12.4` → `3.12`.
pub(super) fn minor(version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("{major}.{minor}"))
}

/// Folders on a `PATH` that never have a Python.
const WITHOUT_PYTHON: [&str; 5] =
    ["/opt/app-root/src/.local/bin", "/opt/app-root/src/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The prefix of Python in Red Hat's images, a virtual environment.
const RED_HAT: &str = "/opt/app-root";

/// Known prefixes: Red Hat's, and `/usr/local` of Docker's official images.
const KNOWN: [(&str, Access); 2] = [(RED_HAT, SHARED), ("/usr/local", SYSTEM)];

/// Permissions and owner of an existing folder of a base image. A layer that adds to a folder must repeat
/// them: not every engine inherits them.
pub(super) fn access(folder: &str) -> Access {
    KNOWN.iter().find(|known| known.0 == folder).map_or(SYSTEM, |known| known.1)
}

/// The folder of the first Python. Any unknown folder before it may hold one, so it ends the search.
fn prefix(config: &Value) -> Option<String> {
    let folders = variable(config, "PATH")?.split(':').map(|folder| folder.trim_end_matches('/'));
    let mut folders = folders.filter(|folder| !folder.is_empty() && !WITHOUT_PYTHON.contains(folder));
    let prefix = folders.next()?.strip_suffix("/bin")?;
    let is_known = KNOWN.iter().any(|known| known.0 == prefix) || is_environment(prefix, config);
    is_known.then(|| prefix.to_owned())
}

fn is_environment(prefix: &str, config: &Value) -> bool {
    let own = variable(config, "VIRTUAL_ENV").map(|folder| folder.trim_end_matches('/'));
    prefix == RED_HAT || own == Some(prefix)
}

/// Commands in the history of an image with another C library, or with extra packages.
const MORE: [&str; 7] =
    ["alpine", "apk add", "pip install", "pip3 install", "uv pip", "conda", "poetry install"];

fn brings_more(config: &Value) -> bool {
    let steps = config["history"].as_array().into_iter().flatten();
    let mut commands = steps.filter_map(|step| step["created_by"].as_str());
    commands.any(|command| MORE.iter().any(|more| command.contains(more)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn python(env: &[&str], history: &str) -> Option<String> {
        let config = json!({"config": {"Env": env}, "history": [{"created_by": history}]});
        Python::from_config(&config).map(|python| format!("{} {}", python.interpreter(), python.site()))
    }

    #[test]
    fn python_is_located_in_known_images() {
        let red_hat = "PATH=/opt/app-root/src/.local/bin/:/opt/app-root/src/bin:/opt/app-root/bin:/usr/bin";
        let found = python(&["PYTHON_VERSION=3.12", red_hat], "");
        assert_eq!(found.unwrap(), "/opt/app-root/bin/python /opt/app-root/lib/python3.12/site-packages");
        let docker = "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin";
        let found = python(&["PYTHON_VERSION=3.13.1", docker], "RUN set -eux; make");
        assert_eq!(found.unwrap(), "/usr/local/bin/python /usr/local/lib/python3.13/site-packages");
        let own =
            python(&["PYTHON_VERSION=3.11.2", "VIRTUAL_ENV=/venv", "PATH=/venv/bin:/usr/local/bin"], "");
        assert_eq!(own.unwrap(), "/venv/bin/python /venv/lib/python3.11/site-packages");
    }

    #[test]
    fn ambiguous_python_locations_are_not_guessed() {
        let docker = "PATH=/usr/local/bin:/usr/bin";
        assert_eq!(python(&[docker], ""), None);
        assert_eq!(python(&["PYTHON_VERSION=3.13.1", docker], "ADD alpine-minirootfs.tar.gz /"), None);
        assert_eq!(python(&["PYTHON_VERSION=3.13.1", docker], "RUN pip install pandas"), None);
        assert_eq!(python(&["PYTHON_VERSION=3.13.1", "PATH=/tool/bin:/usr/local/bin"], ""), None);
        assert_eq!(python(&["PYTHON_VERSION=x", docker], ""), None);
    }
}
