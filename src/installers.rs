//! Installers of packages: how they are called and what their arguments mean, known here only.

pub mod distributions;
pub mod lists;
pub mod pip;

/// A kind of package installer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    /// pip, or uv in its place.
    Pip,
    /// conda and compatible programs.
    Conda,
    /// A distribution's package manager.
    System,
}

/// A command that installs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The installer.
    pub installer: Installer,
    /// The packages and options: for pip what follows `install` and the options before it, for conda what
    /// follows its name, for a package manager the whole command.
    pub arguments: Vec<&'a str>,
}

/// Programs compatible with conda.
const CONDA: &[&str] = &["conda", "mamba", "micromamba"];

/// conda's subcommands that install something; environments are files, found like those of `pip install -r`.
const CONDA_SUBCOMMANDS: &[&[&str]] = &[&["install"], &["env", "update"]];

/// Package managers of distributions.
const SYSTEM: &[&str] = &["dnf", "microdnf", "yum", "apt", "apt-get", "apk"];

/// Subcommands that change installed packages, and distinguish a command from prose with the same first word.
const SYSTEM_SUBCOMMANDS: &[&str] = &[
    "add",
    "autoremove",
    "build-dep",
    "builddep",
    "clean",
    "config-manager",
    "copr",
    "group",
    "groupinstall",
    "install",
    "makecache",
    "module",
    "reinstall",
    "remove",
    "swap",
    "update",
    "upgrade",
];

/// Installers that aren't supported in images, for projects, environments and machines. With the subcommands
/// that install; if empty, all do.
const OTHERS: &[(&str, &[&str])] = &[
    ("brew", &["install"]),
    ("conda", &["create"]),
    ("easy_install", &[]),
    ("mamba", &["create"]),
    ("micromamba", &["create"]),
    ("npm", &["install", "i"]),
    ("pacman", &["-S", "-Sy", "-Syu"]),
    ("pdm", &["add", "install"]),
    ("pipenv", &["install"]),
    ("pipx", &["inject", "install"]),
    ("pixi", &["add", "install"]),
    ("poetry", &["add", "install"]),
    ("rye", &["add", "sync"]),
    ("snap", &["install"]),
    ("zypper", &["in", "install"]),
];

/// How scripts and notebooks write the path of their own interpreter.
const OWN_PYTHON: &[&str] = &["sys.executable", "{sys.executable}", "$sys.executable", "${sys.executable}"];

/// Programs that run the command behind them, and whether a number comes before it, as in `timeout 60`.
const RUNNERS: &[(&str, bool)] = &[
    ("command", false),
    ("env", false),
    ("exec", false),
    ("ionice", true),
    ("nice", true),
    ("nohup", false),
    ("stdbuf", false),
    ("sudo", false),
    ("time", false),
    ("timeout", true),
];

/// Options of these programs that have a name as value.
const NAMED: &[&str] = &["-g", "-u", "--group", "--user"];

/// The installer call in the words of a command.
#[must_use]
pub fn call<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    let (program, rest) = words.split_first()?;
    let name = base_name(program);
    if is_python(program) {
        return pip_arguments(module_arguments(rest)?);
    }
    match name {
        "uv" => uv_arguments(rest),
        name if name.strip_prefix("pip").is_some_and(is_version) => pip_arguments(rest),
        name if CONDA.contains(&name) => conda_arguments(rest),
        name if SYSTEM.contains(&name) => system_command(words),
        _ => None,
    }
}

/// The same after skipping words that a shell allows before it, such as `sudo` or `NAME=value`.
#[must_use]
pub fn call_in_shell<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    call(&words[prefix(words)..])
}

/// The program of a command that installs packages in a way that images don't support, such as `poetry add
/// x`.
#[must_use]
pub fn other<'a>(words: &[&'a str]) -> Option<&'a str> {
    let words = &words[prefix(words)..];
    let (first, rest) = words.split_first()?;
    let (program, rest) = if is_python(first) { module(rest)? } else { (base_name(first), rest) };
    let (_, subcommands) = OTHERS.iter().find(|(name, _)| *name == program)?;
    let mut rest = rest.iter().filter(|word| !word.starts_with('-') || subcommands.contains(word));
    let is_meant = subcommands.is_empty() || rest.next().is_some_and(|word| subcommands.contains(word));
    (is_meant && rest.next().is_some()).then_some(program)
}

/// Whether a package manager's command adds packages rather than updating or removing some.
#[must_use]
pub fn adds_packages(words: &[&str]) -> bool {
    words.iter().skip(1).any(|word| ["install", "add"].contains(word))
}

/// The number of words before a command that don't change it: `sudo -H`, `timeout 60`, `NAME=value`.
#[must_use]
pub fn prefix(words: &[&str]) -> usize {
    let mut at = 0;
    while let Some((word, rest)) = words.get(at..).and_then(<[_]>::split_first) {
        let runner = RUNNERS.iter().find(|(name, _)| *name == base_name(word));
        at += match runner {
            Some((_, has_number)) => 1 + options_of_runner(rest, *has_number),
            None if is_assignment(word) => 1,
            None => break,
        };
    }
    at
}

fn options_of_runner(words: &[&str], has_number: bool) -> usize {
    let is_number = |word: &str| has_number && word.starts_with(|first: char| first.is_ascii_digit());
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-') || is_number(word)) {
        at += if NAMED.contains(word) { 2 } else { 1 };
    }
    at.min(words.len())
}

fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// Whether a word is a Python interpreter, or refers to the script's own.
#[must_use]
pub fn is_python(word: &str) -> bool {
    let name = base_name(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    OWN_PYTHON.contains(&word) || name == "py" || name.strip_prefix("python").is_some_and(is_version)
}

/// Whether a text is empty or a version such as `3.12`.
fn is_version(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The name of a program without its folder.
fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The words after `-m pip` of a Python interpreter.
fn module_arguments<'a, 'b>(words: &'b [&'a str]) -> Option<&'b [&'a str]> {
    module(words).filter(|(name, _)| *name == "pip").map(|(_, rest)| rest)
}

/// The module that an interpreter runs, and its arguments.
fn module<'a, 'b>(words: &'b [&'a str]) -> Option<(&'a str, &'b [&'a str])> {
    let options = words.iter().take_while(|word| word.starts_with('-') && !word.starts_with("-m")).count();
    match &words[options..] {
        ["-m", name, rest @ ..] => Some((name, rest)),
        [name, rest @ ..] => Some((name.strip_prefix("-m")?, rest)),
        [] => None,
    }
}

/// Splits the words after `pip` at `install`; options may precede it.
fn pip_arguments<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    let mut before = 0;
    while words.get(before).is_some_and(|word| word.starts_with('-')) {
        before += pip::width(&words[before..]);
    }
    let (options, rest) = words.split_at_checked(before)?;
    let (subcommand, rest) = rest.split_first()?;
    (*subcommand == "install").then(|| pip_call(options, rest))
}

/// `uv pip install` and `uv add`, with options before them.
fn uv_arguments<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    let options = words.iter().take_while(|word| word.starts_with('-')).count();
    match &words[options..] {
        ["pip", rest @ ..] => pip_arguments(rest),
        ["add", rest @ ..] => Some(pip_call(&[], rest)),
        _ => None,
    }
}

fn pip_call<'a>(options: &[&'a str], rest: &[&'a str]) -> Call<'a> {
    Call { installer: Installer::Pip, arguments: [options, rest].concat() }
}

fn conda_arguments<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    let options = words.iter().take_while(|word| word.starts_with('-')).count();
    let installs = CONDA_SUBCOMMANDS.iter().any(|subcommand| words[options..].starts_with(subcommand));
    installs.then(|| {
        let (before, rest) = words.split_at(options);
        let (subcommand, rest) = rest.split_at(1);
        Call { installer: Installer::Conda, arguments: [subcommand, before, rest].concat() }
    })
}

fn system_command<'a>(words: &[&'a str]) -> Option<Call<'a>> {
    let subcommand = words.iter().skip(1).find(|word| !word.starts_with('-'))?;
    SYSTEM_SUBCOMMANDS
        .contains(subcommand)
        .then(|| Call { installer: Installer::System, arguments: words.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(command: &str) -> Option<(Installer, String)> {
        let words: Vec<&str> = command.split_whitespace().collect();
        call_in_shell(&words).map(|call| (call.installer, call.arguments.join(" ")))
    }

    #[test]
    fn every_spelling_of_an_installer_is_recognized() {
        let cases = [
            ("pip install one", Installer::Pip, "one"),
            ("pip3.12 install two", Installer::Pip, "two"),
            ("/opt/bin/pip3 install two", Installer::Pip, "two"),
            ("python3.12 -m pip install three", Installer::Pip, "three"),
            ("python -I -s -mpip install three", Installer::Pip, "three"),
            ("{sys.executable} -m pip install three", Installer::Pip, "three"),
            ("/usr/bin/python3 -m pip install three", Installer::Pip, "three"),
            ("pip --quiet install four", Installer::Pip, "--quiet four"),
            ("pip --proxy http://p install four", Installer::Pip, "--proxy http://p four"),
            ("uv pip install --system five", Installer::Pip, "--system five"),
            ("uv --quiet pip install five", Installer::Pip, "five"),
            ("uv add six", Installer::Pip, "six"),
            ("sudo -H PIP_X=1 pip install a", Installer::Pip, "a"),
            ("sudo -u root -E nice -n 10 pip install a", Installer::Pip, "a"),
            ("timeout -k 5 10m pip install a", Installer::Pip, "a"),
            ("/usr/bin/env python3 -m pip install a", Installer::Pip, "a"),
            ("mamba install six", Installer::Conda, "install six"),
            ("conda -q env update -f e.yml", Installer::Conda, "env -q update -f e.yml"),
            ("apk add seven", Installer::System, "apk add seven"),
            ("apt-get -y install eight", Installer::System, "apt-get -y install eight"),
        ];
        for (command, installer, arguments) in cases {
            assert_eq!(called(command), Some((installer, arguments.to_owned())), "{command}");
        }
    }

    #[test]
    fn unsupported_installers_are_recognized_by_name() {
        let other = |command: &str| {
            let words: Vec<&str> = command.split_whitespace().collect();
            other(&words).map(ToOwned::to_owned)
        };
        for (command, program) in [
            ("poetry add --group dev pytest", "poetry"),
            ("sudo snap install jq", "snap"),
            ("python3 -m pipx install black", "pipx"),
            ("/opt/bin/pixi add numpy", "pixi"),
            ("easy_install six", "easy_install"),
            ("pacman -S git", "pacman"),
            ("conda create -n new python=3.12", "conda"),
        ] {
            assert_eq!(other(command).as_deref(), Some(program), "{command}");
        }
        for command in
            ["poetry", "poetry add", "poetry run x", "brew coffee", "snap decision install", "pip install x"]
        {
            assert_eq!(other(command), None, "{command}");
        }
    }

    #[test]
    fn other_commands_install_nothing() {
        for command in [
            "",
            "pip",
            "pip list",
            "pip is",
            "pipx install a",
            "python -c pip install a",
            "python script.py install",
            "uv run a.py",
            "conda is fine",
            "apt is not here",
            "grep pip install",
        ] {
            assert_eq!(called(command), None, "{command}");
        }
    }
}
