//! Environments: an operator's requirements, installed once into a folder of the user's cache.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::backend::Operator;
use crate::backend::runtime::{self, Owner, python_mismatch};
use crate::cache::{Kind, Lock, Shelf, lock_beside};
use crate::engine::http::Bundle;
use crate::hashed::hex;
use crate::installers::lists::{IGNORED, Lists, for_uv};
use crate::installers::pip::Flat;
use crate::language::Language;
use crate::programs::{self, Working};
use crate::progress::{Event, Progress};

mod error;
mod interpreter;
mod spec;

pub use self::error::EnvironmentError;
use self::interpreter::{interpreter, remember};
use self::spec::EnvironmentSpec;
pub use self::spec::Packages;

/// Lines shown of a failed installation.
const TAIL: usize = 20;

/// The file that marks an environment as complete.
const COMPLETE: &str = ".complete";

/// Polling interval for another process's environment.
const PAUSE: Duration = Duration::from_millis(20);

/// An environment with everything that an operator requires except system packages.
#[derive(Debug)]
pub struct Environment {
    folder: PathBuf,
    language: Language,
    /// Version of the interpreter.
    pub version: String,
    /// The lock that keeps it from being removed while in use.
    lock: Option<Lock>,
    shelf: Shelf,
}

impl Environment {
    /// The environment of an operator whose files are in a folder; created if missing.
    pub fn prepare(
        operator: &Operator,
        files: &Path,
        packages: Packages,
        progress: &Progress,
    ) -> Result<Self, EnvironmentError> {
        let language = operator.component.language;
        let shelf = Shelf::open(Kind::Environments)?;
        let interpreter = interpreter(language, &shelf)?;
        check_version(operator, &interpreter.said)?;
        let folder = shelf.path().join(key(operator, files, packages, &interpreter));
        let version = interpreter.said.clone();
        let mut environment = Self { folder, language, version, lock: None, shelf };
        let spec = EnvironmentSpec { operator, files, packages, interpreter: &interpreter.path };
        environment.settle(|it| it.make(&spec, progress), progress)?;
        remember(&environment.shelf, &interpreter, &environment.folder);
        Ok(environment)
    }

    /// The variables with which programs find its contents.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        match runtime::of(self.language).packages {
            runtime::Packages::Pip => {
                let path = env::var_os("PATH").unwrap_or_default();
                let path =
                    env::join_paths(std::iter::once(self.folder.join("bin")).chain(env::split_paths(&path)));
                vec![("VIRTUAL_ENV", self.folder.clone().into()), ("PATH", path.unwrap_or_default())]
            }
            runtime::Packages::R => vec![("R_LIBS", self.folder.clone().into())],
        }
    }

    /// The folder of the installed Python packages.
    #[must_use]
    pub fn packages(&self) -> PathBuf {
        let minor: Vec<&str> = self.version.split('.').take(2).collect();
        self.folder.join(format!("lib/python{}/site-packages", minor.join(".")))
    }

    /// The platform of its native packages, as reported by Python: `Python 3.12 on linux-x86_64`.
    #[must_use]
    pub fn machine(&self) -> String {
        let minor: Vec<&str> = self.version.split('.').take(2).collect();
        let (system, processor) = match (env::consts::OS, env::consts::ARCH) {
            ("macos", "aarch64") => ("darwin", "arm64"),
            ("macos", processor) => ("darwin", processor),
            other => other,
        };
        format!("Python {} on {system}-{processor}", minor.join("."))
    }

    /// Uses a complete environment, or creates it: one process does, others wait. Nobody waits for its users.
    fn settle(
        &mut self,
        make: impl Fn(&Self) -> Result<(), EnvironmentError>,
        progress: &Progress,
    ) -> Result<(), EnvironmentError> {
        let (lock, mut is_new) = (lock_beside(&self.folder), false);
        loop {
            self.lock = Lock::share(&lock).map_err(|source| self.failure(source))?;
            if self.lock.is_some() && self.folder.join(COMPLETE).exists() {
                break;
            }
            self.lock = None;
            let alone = Lock::try_hold(&lock).map_err(|source| self.failure(source))?;
            if alone.is_none() {
                std::thread::sleep(PAUSE);
            } else if !self.folder.join(COMPLETE).exists() {
                make(self)?;
                is_new = true;
            }
        }
        if is_new {
            self.shelf.trim(progress);
        }
        Ok(())
    }

    fn make(&self, spec: &EnvironmentSpec, progress: &Progress) -> Result<(), EnvironmentError> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).map_err(|source| self.failure(source))?;
        }
        if spec.builds() {
            progress.info("packages without a wheel are built on this machine, which runs their own code");
        }
        let folder = tempfile::tempdir().map_err(|source| self.failure(source))?;
        let lists = spec.lists(folder.path())?;
        for words in self.steps(spec, &lists) {
            let program = Path::new(&words[0]).file_name().unwrap_or_default().to_string_lossy();
            progress.report(&Event::Started(format!("{program} {}", words[1..].join(" "))));
            self.call(&words, spec)?;
        }
        fs::create_dir_all(&self.folder).map_err(|source| self.failure(source))?;
        File::create(self.folder.join(COMPLETE)).map(drop).map_err(|source| self.failure(source))
    }

    /// The commands that create it.
    fn steps(&self, spec: &EnvironmentSpec, lists: &[(Flat, Lists)]) -> Vec<Vec<String>> {
        let EnvironmentSpec { operator, files, packages, interpreter } = *spec;
        if runtime::of(self.language).packages == runtime::Packages::R {
            return operator.r_commands();
        }
        let uv = programs::working(&["uv"], &["--version"], |_| true).ok().map(|uv| uv.path);
        let options = |flat: &Flat| if uv.is_some() { for_uv(&flat.options) } else { flat.options.clone() };
        let arguments: Vec<Vec<String>> = match packages {
            Packages::Any => operator.pip_arguments_in(&files.to_string_lossy()),
            Packages::Wheels => {
                lists.iter().map(|(flat, files)| [options(flat), files.options()].concat()).collect()
            }
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (folder, interpreter) = (self.folder.to_string_lossy(), interpreter.to_string_lossy());
        let python = self.folder.join("bin/python").to_string_lossy().into_owned();
        let (make, install) = match &uv {
            Some(uv) => {
                let uv = uv.to_string_lossy();
                let make = words(&[&uv, "venv", "--quiet", "--python", &interpreter, &folder]);
                (make, words(&[&uv, "pip", "install", "--quiet", "--python", &python]))
            }
            None if arguments.is_empty() => {
                (words(&[&interpreter, "-m", "venv", "--without-pip", &folder]), Vec::new())
            }
            None => (
                words(&[&interpreter, "-m", "venv", &folder]),
                words(&[&python, "-m", "pip", "install", "--disable-pip-version-check"]),
            ),
        };
        let installs =
            arguments.into_iter().map(|arguments| install.iter().cloned().chain(arguments).collect());
        std::iter::once(make).chain(installs).collect()
    }

    /// Runs an installation command in the folder of the operator's files.
    fn call(&self, words: &[String], spec: &EnvironmentSpec) -> Result<(), EnvironmentError> {
        fs::create_dir_all(&self.folder).map_err(|source| self.failure(source))?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(spec.files).envs(self.variables()).stdin(Stdio::null());
        if spec.packages == Packages::Wheels {
            for name in IGNORED {
                command.env_remove(name);
            }
        }
        let certificates = Bundle::for_installers()?;
        command.envs(certificates.variables());
        let done = command.output().map_err(|source| self.failure(source))?;
        if done.status.success() {
            return Ok(());
        }
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<String> = said.lines().map(ToOwned::to_owned).collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].to_vec();
        Err(EnvironmentError::Failed { command: words.join(" "), tail })
    }

    fn failure(&self, source: io::Error) -> EnvironmentError {
        EnvironmentError::Io { path: self.folder.clone(), source }
    }
}

/// This machine, as the owner of a Python; another one goes first on the path.
const MACHINE: Owner = Owner { name: "this machine", options: "the PATH" };

/// Rejects an interpreter that the source excludes, or that doesn't support its syntax.
fn check_version(operator: &Operator, version: &str) -> Result<(), EnvironmentError> {
    let mismatch = python_mismatch(operator.component, version, MACHINE);
    mismatch.map_or(Ok(()), |mismatch| Err(EnvironmentError::Version(mismatch.message)))
}

/// The cache key of an environment: interpreter, commands and requirement files.
fn key(operator: &Operator, files: &Path, packages: Packages, interpreter: &Working) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    };
    add(interpreter.path.as_os_str().as_encoded_bytes());
    add(interpreter.said.as_bytes());
    add(&[u8::from(packages == Packages::Wheels)]);
    let commands = operator.pip_arguments_in("").into_iter().chain(operator.r_commands());
    commands.flatten().for_each(|word| add(word.as_bytes()));
    for file in &operator.settings.requirement_files {
        add(&fs::read(files.join(&file.path)).unwrap_or_default());
    }
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::progress::Verbosity;

    fn environment(cache: &Path) -> Environment {
        let shelf = Shelf::at(cache, Kind::Environments, 0);
        let folder = shelf.path().join("key");
        Environment { folder, language: Language::Python, version: String::new(), lock: None, shelf }
    }

    /// Many want it, and each of them clears the cache: it is made once, for none may remove what another uses.
    #[test]
    fn shared_environments_are_built_once_and_kept_while_in_use() {
        let (cache, times) = (tempfile::tempdir().unwrap(), AtomicUsize::new(0));
        let progress = Progress::new(Verbosity::Quiet);
        let make = |environment: &Environment| {
            times.fetch_add(1, Ordering::Relaxed);
            fs::create_dir(&environment.folder).unwrap();
            fs::write(environment.folder.join(COMPLETE), "1").unwrap();
            Ok(())
        };
        let use_it = || {
            let mut environment = environment(cache.path());
            environment.settle(make, &progress).unwrap();
            environment.shelf.trim(&progress);
            assert!(environment.folder.join(COMPLETE).exists());
            environment
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(use_it)).collect();
            let used: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert_eq!(times.load(Ordering::Relaxed), 1);
            drop(used);
        });
        environment(cache.path()).shelf.trim(&progress);
        assert_eq!(cache.path().join("environments").read_dir().unwrap().count(), 0);
    }
}
