//! Packages for another machine: uv, or else pip, installs wheels for a base image's Python into a folder.

use std::path::Path;
use std::process::Output;

use tokio::process::Command;

pub(super) use self::choice::choose;
use self::private::Private;
use super::error::OciError;
use super::platform::Platform;
use super::python::Python;
use crate::engine::http::Bundle;
use crate::engine::indexes::Refusal;
use crate::installers::lists::{IGNORED, Lists, for_uv};
use crate::installers::pip::{self, Flat};
use crate::logins::{Logins, Settings};
use crate::programs::{self, Working};
use crate::progress::{Event, Progress};

mod choice;
mod private;

/// Number of lines shown of an installer that fails.
const TAIL: usize = 20;

/// The target of an installation.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) python: &'a Python,
    pub(super) platform: &'a Platform,
    /// The architecture in wheel tags.
    pub(super) machine: &'static str,
}

/// A program that installs packages.
#[derive(Debug, PartialEq, Eq)]
enum Installer {
    Uv(String),
    /// pip, run by a Python of the packages' version: pip evaluates markers for its own.
    Pip(String),
}

/// One `pip install`: as in the source, and as the flat list for the installer.
#[derive(Debug)]
pub(super) struct PipInstall {
    /// The command, for messages.
    pub(super) command: String,
    pub(super) flat: Flat,
}

impl PipInstall {
    /// Reads the arguments of a `pip install` and its files.
    pub(super) fn new(words: &[String], read: &impl Fn(&str) -> Option<String>) -> Result<Self, OciError> {
        let refused = |reason: String| OciError::NeedsEngine(reason);
        let arguments = pip::parse(words).map_err(|problem| refused(problem.message))?;
        let flat = pip::flatten(&arguments, read)
            .map_err(|refusals| refused(refusals.first().map(ToString::to_string).unwrap_or_default()))?;
        Ok(Self { command: format!("pip install {}", words.join(" ")), flat })
    }
}

/// Installs packages into a folder, one command after the other; wheels they name are below `files`.
pub(super) async fn install(
    installs: &[PipInstall],
    files: &Path,
    folder: &Path,
    target: &Target<'_>,
    logins: &Logins,
    progress: &Progress,
) -> Result<(), OciError> {
    let caller = Caller::new(target, logins)?;
    for install in installs {
        let words = |flat: &Flat, lists: &Lists| command(&caller.installer, flat, lists, folder, target);
        caller.call(install, files, progress, words).await?;
    }
    Ok(())
}

/// Calls an installer, which sees nothing of the machine but its arguments.
struct Caller<'a> {
    installer: Installer,
    settings: Settings,
    certificates: Bundle,
    private: Private<'a>,
    target: &'a Target<'a>,
}

impl<'a> Caller<'a> {
    fn new(target: &'a Target<'a>, logins: &'a Logins) -> Result<Self, OciError> {
        let installer = find(&target.python.version)?;
        let settings = Settings::from_user();
        let private = Private::new(logins, &settings)?;
        Ok(Self { installer, settings, certificates: Bundle::for_installers()?, private, target })
    }

    /// Runs one `pip install`, with the command made of its flat list.
    async fn call(
        &self,
        install: &PipInstall,
        files: &Path,
        progress: &Progress,
        command: impl FnOnce(&Flat, &Lists) -> (String, Vec<String>),
    ) -> Result<(), OciError> {
        progress.report(&Event::Started(install.command.clone()));
        let flat = self.private.flat(&install.flat);
        let lists = Lists::write(&flat, files).map_err(OciError::io("write", files.display()))?;
        let (program, arguments) = command(&flat, &lists);
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(files).kill_on_drop(true).stdin(std::process::Stdio::null());
        for name in IGNORED {
            command.env_remove(name);
        }
        if matches!(self.installer, Installer::Uv(_)) {
            command.envs(self.settings.for_uv());
        }
        command.envs(self.certificates.variables());
        self.private.arrange(&mut command);
        let output = command.output().await.map_err(OciError::io("run", &program))?;
        let said: Vec<_> = lines(&output).map(|line| self.private.masked(line)).collect();
        for line in &said {
            progress.report(&Event::Log(line.clone()));
        }
        if output.status.success() { Ok(()) } else { Err(failure(install, self.target, said)) }
    }
}

/// Whatever may change the choice of packages, as part of the cache key.
pub(super) fn fingerprint() -> String {
    format!("{:?}", Settings::from_user().for_uv())
}

/// uv, or else a Python of the same version with pip: each is tried, as a shim may not work.
fn find(version: &str) -> Result<Installer, OciError> {
    let place = |program: Working| program.path.to_string_lossy().into_owned();
    let uv = programs::working(&["uv"], &["--version"], |_| true);
    uv.map(|uv| Installer::Uv(place(uv))).or_else(|mut broken| {
        let names = [&format!("python{version}"), "python3", "python"];
        let mark = format!("(python {version})");
        let pip = programs::working(&names, &["-m", "pip", "--version"], |said| said.contains(&mark));
        pip.map(|python| Installer::Pip(place(python))).map_err(|pythons| {
            broken.extend(pythons);
            OciError::NoInstaller {
                wanted: format!("uv, or Python {version} with pip,"),
                broken: broken.iter().map(ToString::to_string).collect(),
            }
        })
    })
}

/// The installer for a version of Python, in words.
pub(super) fn name(version: &str) -> Result<String, OciError> {
    find(version).map(|installer| match installer {
        Installer::Uv(uv) => format!("`{uv}`"),
        Installer::Pip(python) => format!("the pip of `{python}`"),
    })
}

/// The program and its arguments for one `pip install`.
fn command(
    installer: &Installer,
    flat: &Flat,
    lists: &Lists,
    folder: &Path,
    target: &Target,
) -> (String, Vec<String>) {
    let Python { version, libc, .. } = target.python;
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let folder = folder.display().to_string();
    match installer {
        Installer::Uv(uv) => {
            let platform = libc.uv_name(target.machine);
            let fixed = [
                "pip",
                "install",
                "--target",
                &folder,
                "--python-version",
                version,
                "--python-platform",
                &platform,
                "--no-compile-bytecode",
                "--link-mode",
                "hardlink",
                "--color",
                "never",
                "--no-progress",
            ];
            let options = for_uv(&flat.options).into_iter().chain(lists.options());
            (uv.clone(), owned(&fixed).into_iter().chain(options).collect())
        }
        Installer::Pip(python) => {
            let fixed = [
                "-m",
                "pip",
                "install",
                "--target",
                &folder,
                "--upgrade",
                "--python-version",
                version,
                "--no-compile",
                "--no-color",
                "--progress-bar",
                "off",
                "--no-input",
                "--disable-pip-version-check",
            ];
            let platforms =
                libc.tags(target.machine).into_iter().flat_map(|tag| ["--platform".to_owned(), tag]);
            let options = flat.options.iter().cloned().chain(lists.options());
            (python.clone(), owned(&fixed).into_iter().chain(platforms).chain(options).collect())
        }
    }
}

/// Messages of installers that can't reach the package index.
const OFFLINE: [&str; 6] = [
    "Failed to fetch",
    "error sending request",
    "dns error",
    "Request failed after",
    "NewConnectionError",
    "Could not connect",
];

fn failure(install: &PipInstall, target: &Target, mut tail: Vec<String>) -> OciError {
    let refused = tail.iter().rev().find_map(|line| Refusal::find(line)).or_else(|| in_two_lines(&tail));
    tail.drain(..tail.len().saturating_sub(TAIL));
    OciError::Install {
        command: install.command.clone(),
        target: format!("Python {} on {}", target.python.version, target.platform),
        offline: refused.is_none()
            && tail.iter().any(|line| OFFLINE.iter().any(|words| line.contains(words))),
        refused,
        tail,
    }
}

/// A refusal that uv has wrapped over two lines.
fn in_two_lines(lines: &[String]) -> Option<Refusal> {
    let mut pairs = lines.windows(2).rev().filter(|pair| !pair[0].contains("://"));
    pairs.find_map(|pair| Refusal::find(&format!("{} {}", pair[0], pair[1].trim_start())))
}

/// All output, line by line.
fn lines(output: &Output) -> impl Iterator<Item = String> {
    let text =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let lines: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.into_iter().filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_may_be_wrapped_over_two_lines() {
        let said = "error: Failed to fetch: http://a.example/x.whl
  cause: HTTP status client error (401 Unauthorized) for url
         (http://b.example/x.whl)";
        let lines: Vec<_> = said.lines().map(ToOwned::to_owned).collect();
        assert_eq!(in_two_lines(&lines), Some(Refusal::Index("b.example".to_owned())));
        assert_eq!(in_two_lines(&lines[..2]), None);
    }
    use crate::engine::oci::platform::Libc;
    use crate::engine::oci::python::SYSTEM;

    #[test]
    fn both_installers_get_the_target_platform() {
        let (version, prefix) = ("3.12".into(), "/p".into());
        let python = Python { version, prefix, libc: Libc::USUAL, folders: SYSTEM, is_environment: false };
        let platform = "linux/arm64".parse().unwrap();
        let target = Target { python: &python, platform: &platform, machine: "aarch64" };
        let folder = tempfile::tempdir().unwrap();
        let words = ["--no-cache-dir", "--pre", "six"].map(ToOwned::to_owned);
        let install = PipInstall::new(&words, &|_| None).unwrap();
        let lists = Lists::write(&install.flat, folder.path()).unwrap();
        let called = |installer: Installer| {
            let (program, arguments) = command(&installer, &install.flat, &lists, Path::new("/t"), &target);
            (program, arguments.join(" "))
        };
        let (program, arguments) = called(Installer::Uv("uv".into()));
        assert_eq!(program, "uv");
        assert!(
            arguments.contains("--target /t --python-version 3.12 --python-platform aarch64-manylinux_2_28")
        );
        assert!(arguments.contains(" --prerelease=allow --only-binary :all: -r "), "{arguments}");
        let (program, arguments) = called(Installer::Pip("python3.12".into()));
        assert_eq!(program, "python3.12");
        assert!(arguments.contains("--platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64"));
        assert!(arguments.contains(" --pre --only-binary :all: -r "), "{arguments}");
    }
}
