//! Hostile requirement lines: options, versions, markers, URLs, hashes, quotes, backslashes, control characters and prose,
//! put together at random, as comments, in PEP 723 blocks and in cells. They are read or refused, and whatever is read
//! reaches pip as it stands: nothing of it is text for a shell, or an instruction of the Dockerfile.
//! `PROPTEST_CASES` sets how many are tried; `cargo test --test hostile_requirements -- --ignored --nocapture` tries a
//! million, or as many as `C3_INPUTS` says.

#![expect(clippy::print_stderr, reason = "figures for people")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

use std::path::Path;

use c3::backend::{self, Operator, Settings};
use c3::component::{Component, Requirement};
use c3::diagnostic::Severity;
use c3::frontend;
use c3::installers::pip;
use c3::language::Language;
use c3::load;
use c3::reference::ImageName;
use c3::source::Source;
use c3::stamp::Stamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

mod effort;
mod long_run;

use effort::cases;
use long_run::long_run;

// ---------------------------------------------------------------------------------------------------------- lines

/// What stands at the beginning of a requirement.
const NAMES: &[&str] = &[
    "numpy",
    "Pandas",
    "a",
    "a.b-c_d",
    "ruamel.yaml",
    "zope.interface",
    "scikit-learn",
    "pip",
    "A1",
    "é",
    "-",
    "a--b",
    "1",
    "_",
    "install",
    "numpy.",
    ".numpy",
    "",
    "../evil",
    "./here",
    "/etc/passwd",
    "~/x",
    "evil.whl",
    "C:\\x.whl",
];

/// Extras and versions.
const VERSIONS: &[&str] = &[
    "",
    "==1.26.4",
    ">=1.26",
    ">=1,<2",
    "~=1.4",
    "!=2.0.*",
    "===1.0+local",
    "==1.*",
    " >= 1.0 , < 2",
    "[all]",
    "[a,b]>=1",
    "[]",
    "[",
    "==",
    "=1",
    ">",
    "<1>2",
    "==1.0;",
    "(>=1)",
    "@",
    " @ ",
    "==1!2.0rc1.post3.dev4+l.1",
    "==$VERSION",
    "==`id`",
    "=={}",
];

/// What comes behind a version.
const MARKERS: &[&str] = &[
    "",
    ";python_version<'3.9'",
    " ; python_version >= \"3.8\" and sys_platform == 'linux'",
    "; extra == 'x'",
    ";",
    "; (",
    "; os_name == 'a' or",
    ";id",
    "; id",
    " # a comment",
    "#fragment",
    " --hash=sha256:0123456789abcdef",
    " --hash sha256:0",
    " --config-settings=a=b",
    " --global-option=\"--x\"",
    " \\",
    "\\",
    " --no-binary :all:",
];

/// URLs, right ones and others.
const URLS: &[&str] = &[
    "https://files.example.org/a-1-py3-none-any.whl",
    "https://files.example.org/a-1.tar.gz#sha256=00",
    "http://h/a.zip",
    "https://user:pa%20ss@host.example/simple",
    "https://user:p@ss@host/simple",
    "https://$TOKEN@host/simple",
    "https://${TOKEN}:x@host/",
    "git+https://github.com/o/r.git@v1#egg=r&subdirectory=s",
    "git+ssh://git@host/r",
    "git+file:///x",
    "file:///etc/passwd",
    "file:a.whl",
    "FILE:///x",
    "hg+http://h/r",
    "ext::sh -c id",
    "git+ext::sh -c id",
    "https://",
    "https://[::1]:80/x",
    "https://h/a b",
    "https://h/'\"",
    "https://h/;id",
    "ftp://h/x.whl",
    "//h/x",
    "https://h\\@evil/x",
];

/// Options of pip, and what looks like them.
const OPTIONS: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--no-index",
    "--no-binary",
    "--only-binary",
    "--pre",
    "-U",
    "--upgrade",
    "--user",
    "-q",
    "-qqq",
    "--no-deps",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--src",
    "--python",
    "--trusted-host",
    "--no-build-isolation",
    "--use-feature",
    "--proxy",
    "--cert",
    "--client-cert",
    "--log",
    "--report",
    "--cache-dir",
    "--require-hashes",
    "--system",
    "--break-system-packages",
    "-y",
    "--config-settings",
    "-C",
    "--global-option",
    "--install-option",
    "--dry-run",
    "-",
    "--",
    "---",
    "-Z",
    "--no-such",
    "-rx",
    "-r=x",
    "--requirement=x",
    "--req",
    "-ex",
    "--index-url=https://h",
    "--pre=1",
    "-qU",
    "-Ur",
    "--isolated",
    "--debug",
];

/// Values of options that aren't URLs.
const VALUES: &[&str] = &[
    "requirements.txt",
    "../private/notes.txt",
    "/etc/passwd",
    "~/.netrc",
    "a b.txt",
    "'a b.txt'",
    ":all:",
    ":none:",
    "numpy,pandas",
    ".",
    "..",
    "$HOME/x",
    "-",
    "--pre",
    "",
    "''",
    "x=y",
    "é.txt",
    "requirements.txt;id",
    "<(id)",
    "a\\ b",
];

/// Text of shells, Dockerfiles and terminals.
const SHELL: &[&str] = &[
    ";",
    "&&",
    "||",
    "|",
    "&",
    ">",
    ">>",
    "<",
    "<<EOF",
    "2>&1",
    "> /tmp/x",
    "; id",
    "&& id",
    "| sh",
    "& id",
    "$(id)",
    "`id`",
    "${IFS}",
    "$HOME",
    "$'\\n'",
    "(",
    ")",
    "{",
    "}",
    "{a,b}",
    "*",
    "?",
    "[a-z]",
    "!",
    "~",
    "#",
    "\\",
    "\\n",
    "'",
    "\"",
    "'\"'\"'",
    "\"$(id)\"",
    "'$(id)'",
    "\\'",
    "\\\"",
    "\\$(id)",
    "\\;",
    "RUN id",
    "FROM evil",
    "ADD http://h /",
    "--mount=type=secret",
    "EOF",
    "# escape=`",
    "%s",
    "{{ x }}",
    "{% raw %}",
    "&& pip install evil",
    "&& rm -rf /",
    "&& dnf install -y x",
    "if",
    "then",
    "fi",
    "exec",
    "eval id",
    "x=1",
    "PIP_INDEX_URL=http://h",
];

/// Characters that aren't what they seem.
const CHARACTERS: &[&str] = &[
    "\0",
    "\u{1}",
    "\u{7}",
    "\u{8}",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{1b}[31m",
    "\u{1b}]0;x\u{7}",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200e}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{3000}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    "é",
    "漢字",
    "🎉",
    "’",
    "“",
    "–",
    "−",
    "；",
    "＄(id)",
    "｜",
    "\\\n# ",
    "\\\r\n# ",
    " \\\n#   ",
    "\n# pip install b",
    "\n# ///\n",
];

/// Words of prose.
const PROSE: &[&str] = &[
    "is",
    "not",
    "the",
    "needed",
    "here",
    "and",
    "then",
    "if",
    "you",
    "want",
    "Don't",
    "forget",
    "please",
    "first",
    "packages:",
    "(optional)",
    "it.",
    "works!",
    "why?",
    "numpy,",
    "TODO",
    "-",
    "—",
    "…",
    "etc.",
    "see",
    "https://docs.example.org",
];

/// How commands begin.
const COMMANDS: &[&str] = &[
    "pip install ",
    "pip3 install ",
    "python -m pip install ",
    "uv pip install ",
    "pip install",
    "pip  install\t",
    "conda install ",
    "dnf install ",
    "apt-get install -y ",
    "dnf ",
    "apt install ",
    "conda env update -f ",
    "pip install a && pip install ",
    "sudo pip install ",
    "pip download ",
];

/// A requirement of PEP 508 or nearly.
fn requirement() -> impl Strategy<Value = String> {
    let url = (select(NAMES), select(vec!["@", " @ ", "@ "]), select(URLS), select(MARKERS));
    prop_oneof![
        4 => (select(NAMES), select(VERSIONS), select(MARKERS)).prop_map(|(name, version, marker)| [name, version, marker].concat()),
        1 => url.prop_map(|(name, at, url, marker)| [name, at, url, marker].concat()),
        1 => select(URLS).prop_map(ToOwned::to_owned),
    ]
}

fn option() -> impl Strategy<Value = String> {
    let value = prop_oneof![select(URLS), select(VALUES), select(NAMES)];
    prop_oneof![
        2 => select(OPTIONS).prop_map(ToOwned::to_owned),
        3 => (select(OPTIONS), select(vec![" ", "=", "", "  "]), value).prop_map(|(name, between, value)| [name, between, value].concat()),
    ]
}

/// A text in quotes, closed or not, or as it is.
fn dressed(text: &str, how: u8) -> String {
    match how {
        0 => format!("'{text}'"),
        1 => format!("\"{text}\""),
        2 => format!("'{text}"),
        3 => format!("{text}\""),
        4 => format!("\\{text}"),
        5 => format!("({text})"),
        _ => text.to_owned(),
    }
}

/// One piece of a line.
fn piece() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => requirement(),
        6 => option(),
        3 => select(SHELL).prop_map(ToOwned::to_owned),
        1 => select(CHARACTERS).prop_map(ToOwned::to_owned),
        1 => vec(select(PROSE), 1..5).prop_map(|words| words.join(" ")),
        1 => "\\PC{0,8}",
        1 => any::<String>(),
    ];
    (piece, 0..30_u8).prop_map(|(piece, how)| dressed(&piece, how))
}

/// A line as it would stand in a requirement file, or behind `pip install`.
fn line() -> impl Strategy<Value = String> {
    let pieces =
        prop_oneof![1 => vec(requirement(), 1..3), 2 => vec(piece(), 0..5), 1 => vec(piece(), 5..20)];
    let joined = (pieces, select(vec![" ", " ", " ", " ", "  ", "\t", "", " \\\n# ", ","]))
        .prop_map(|(pieces, between)| pieces.join(between));
    let splice =
        prop::option::weighted(0.2, (any::<Index>(), prop_oneof![select(SHELL), select(CHARACTERS)]));
    (joined, splice).prop_map(|(line, splice)| match splice {
        Some((place, text)) => {
            let at = place.index(line.chars().count() + 1);
            line.chars().take(at).chain(text.chars()).chain(line.chars().skip(at)).collect()
        }
        None => line,
    })
}

// ----------------------------------------------------------------------------------------------------------- entries

/// Where a line of requirements may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// A comment of a script behind the words of a command.
    Comment(&'static str),
    /// An entry of a PEP 723 block.
    Block,
    /// A command of a notebook's cell.
    Cell(&'static str),
    /// A comment of an R script.
    R(&'static str),
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        6 => Just(Entry::Comment("pip install ")),
        3 => select(COMMANDS).prop_map(Entry::Comment),
        2 => Just(Entry::Block),
        2 => select(vec!["!pip install ", "%pip install ", "%%bash\npip install ", "!conda install ", "pip install "]).prop_map(Entry::Cell),
        1 => select(COMMANDS).prop_map(Entry::R),
    ]
}

impl Entry {
    fn source(self, line: &str) -> Source {
        match self {
            Self::Comment(command) => Source::new(
                "op.py",
                Language::Python,
                format!("\"\"\"Needs things.\"\"\"\n# {command}{line}\nprint(1)\n"),
            ),
            Self::Block => {
                let entry = toml(line);
                let text = format!(
                    "# /// script\n# dependencies = [{entry}, 'six']\n# ///\n\"\"\"Needs things.\"\"\"\n"
                );
                Source::new("op.py", Language::Python, text)
            }
            Self::Cell(command) => {
                let cell =
                    json!({"cell_type": "code", "source": format!("{command}{line}\n"), "metadata": {}});
                let json =
                    json!({"cells": [cell], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4});
                load::from_notebook(Path::new("op.ipynb"), &json.to_string()).unwrap()
            }
            Self::R(command) => {
                Source::new("op.R", Language::R, format!("# Needs things.\n# {command}{line}\nprint(1)\n"))
            }
        }
    }
}

/// A string of TOML, which escapes what JSON does.
fn toml(text: &str) -> String {
    json!(text).to_string().replace('\u{7f}', "\\u007f")
}

// ------------------------------------------------------------------------------------------------------- properties

/// Reads a line where it stands and looks at everything that must hold; whether it is accepted, with something that is
/// installed.
fn check(line: &str, entry: Entry) -> bool {
    let source = entry.source(line);
    let reading = frontend::read(&source);
    assert_eq!(reading.component, frontend::read(&source).component, "the same for the same text");
    let failed = reading.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(reading.component.is_none(), failed, "a component or an error: {:?}", reading.diagnostics);
    for span in reading.diagnostics.iter().filter_map(|diagnostic| diagnostic.span.as_ref()) {
        assert!(source.text().get(span.clone()).is_some(), "{span:?} is in the source");
    }
    let Some(component) = reading.component else { return false };
    let words = words(&component);
    assert!(words.iter().all(|word| !word.contains(char::is_control)), "{words:?}");
    match dockerfile(&component) {
        Some(dockerfile) => {
            for command in commands(&dockerfile) {
                check_command(&command, &words);
            }
            !words.is_empty()
        }
        None => false,
    }
}

/// All that a component asks package managers for.
fn words(component: &Component) -> Vec<String> {
    let words = component.requirements.iter().flat_map(|requirement| match requirement {
        Requirement::Pip { words, .. }
        | Requirement::Conda { words, .. }
        | Requirement::System { words, .. } => words.clone(),
        Requirement::R { text, .. } => vec![text.clone()],
    });
    words.collect()
}

/// The Dockerfile of an operator, unless something about it is refused.
fn dockerfile(component: &Component) -> Option<String> {
    let settings = Settings {
        stamp: Stamp { component: "0123456789ab".to_owned(), ..Stamp::now() },
        image: ImageName::new("claimed-op", "0.1").unwrap(),
        base_image: "registry.access.redhat.com/ubi8/python-312".to_owned(),
        stem: "op".to_owned(),
        dockerfile: "op.Dockerfile".to_owned(),
        ..Settings::default()
    };
    let artifacts = backend::emit(&Operator { component, settings: &settings }, &[]).ok()?;
    let dockerfile = artifacts.into_iter().find(|artifact| artifact.name == settings.dockerfile)?;
    Some(String::from_utf8(dockerfile.content).unwrap())
}

/// The commands of `RUN`, and a proof that nothing else is in the file than what the template has.
fn commands(dockerfile: &str) -> Vec<Vec<String>> {
    let logical = dockerfile.replace("\\\n", "");
    let lines: Vec<&str> =
        logical.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let names = lines.iter().map(|line| line.split(' ').next().unwrap());
    let names: Vec<&str> = names.filter(|name| *name != "RUN").collect();
    let expected = ["ARG", "FROM", "USER", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD", "LABEL"];
    assert_eq!(names, expected, "{dockerfile}");
    let runs = lines.iter().filter_map(|line| line.strip_prefix("RUN "));
    runs.flat_map(|run| shell_words(run).split(Option::is_none).map(whole).collect::<Vec<_>>()).collect()
}

fn whole(words: &[Option<String>]) -> Vec<String> {
    words.iter().flatten().cloned().collect()
}

/// The words of a shell's command, and nothing for each `&&`; whatever else a shell would act on ends the test.
fn shell_words(command: &str) -> Vec<Option<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => words.extend(word.take().map(Some)),
            '&' => {
                assert_eq!(
                    (&word, letters.next(), letters.peek()),
                    (&None, Some('&'), Some(&' ')),
                    "{command}"
                );
                words.push(None);
            }
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(letters.by_ref().take_while(|letter| *letter != '\''));
            }
            '"' => word.get_or_insert_default().push_str(&double_quoted(&mut letters, command)),
            letter => {
                let is_plain =
                    letter.is_alphanumeric() || !letter.is_ascii() || "@%+=:,./-_]".contains(letter);
                assert!(is_plain && !letter.is_control(), "{letter:?} stands bare in {command}");
                word.get_or_insert_default().push(letter);
            }
        }
    }
    words.extend(word.map(Some));
    words
}

/// What stands in double quotes up to their end, in which a shell acts on dollars and backticks.
fn double_quoted(letters: &mut impl Iterator<Item = char>, command: &str) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return text,
            '$' | '`' => panic!("{letter:?} is not quoted in {command}"),
            '\\' => match letters.next() {
                Some(escaped @ ('$' | '`' | '"' | '\\')) => text.push(escaped),
                other => text.extend(['\\'].into_iter().chain(other)),
            },
            letter => text.push(letter),
        }
    }
    panic!("an open quote in {command}")
}

/// A command is one of the template's, with words of its own and of the requirements.
fn check_command(command: &[String], words: &[String]) {
    let own: &[&str] = match command.first().map(String::as_str) {
        Some("python" | "env") => {
            &["env", "PIP_BREAK_SYSTEM_PACKAGES=1", "python", "-m", "pip", "install", "--no-cache-dir"]
        }
        Some("apk") => &["apk", "--no-cache"],
        Some("conda") => &["conda", "-y"],
        Some("Rscript" | "mkdir" | "chown" | "chmod") => return,
        Some("rm") => return assert_eq!(command, ["rm", "-rf", "/var/lib/apt/lists/"]),
        Some("apt-get") => &["apt-get", "update", "-y", "--no-install-recommends"],
        Some("dnf" | "microdnf" | "yum") => &["-y", "clean", "all"],
        _ => panic!("{command:?} is not a command of the template"),
    };
    let foreign: Vec<_> =
        command.iter().filter(|word| !own.contains(&word.as_str()) && !words.contains(word)).collect();
    assert!(foreign.is_empty(), "{foreign:?} of {command:?}");
}

/// The lines of a few requirement files that may name each other.
fn files() -> impl Strategy<Value = Vec<String>> {
    let file = vec(line(), 0..5).prop_map(|lines| lines.join("\n"));
    let right = (select(&NAMES[..8]), select(&VERSIONS[..8]), select(&MARKERS[..4]))
        .prop_map(|(name, version, marker)| [name, version, marker].concat());
    let right = prop_oneof![8 => right, 1 => select(FILE_LINES).prop_map(ToOwned::to_owned)];
    let right = (vec(right, 0..4), prop::option::weighted(0.2, line()))
        .prop_map(|(lines, line)| lines.into_iter().chain(line).collect::<Vec<_>>().join("\n"));
    vec(prop_oneof![1 => file, 3 => right], 1..4)
}

/// Lines that requirement files have.
const FILE_LINES: &[&str] = &[
    "",
    "# numpy",
    "-r more.txt",
    "-c constraints.txt",
    "--index-url https://host.example/simple",
    "--extra-index-url=https://user:word@host.example/simple",
    "--no-index -f https://host.example/wheels",
    "--pre",
    "numpy \\\n  --hash=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "a @ https://files.example.org/a-1-py3-none-any.whl#sha256=00",
    "https://files.example.org/a-1-py3-none-any.whl ; python_version < '4'",
    "numpy # a comment",
    "numpy \\",
];

/// Options that an installer on this machine may be given.
const CHOICES: &[&str] = &[
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--trusted-host",
    "--no-index",
    "--no-deps",
    "--pre",
    "--require-hashes",
    "--upgrade",
];

/// Reads the first of some files for an installer on this machine and looks at what that would be given: wheels and
/// names of packages, from the web, and nothing that the machine knows; whether there is something.
fn check_files(files: &[String]) -> bool {
    let first = pip::parse(&["-r", "first.txt"]).unwrap();
    let read = |path: &str| match path {
        "first.txt" => files.first().cloned(),
        path => files.get(path.len() % files.len()).cloned(),
    };
    for text in files {
        assert_eq!(pip::lines(text), pip::lines(text));
    }
    let Ok(flat) = pip::flatten(&first, &read) else { return false };
    let mut words = flat.options.iter();
    while let Some(word) = words.next() {
        assert!(CHOICES.contains(&word.as_str()), "{word}");
        if ["--index-url", "--extra-index-url", "--find-links"].contains(&word.as_str()) {
            let place = words.next().unwrap().to_ascii_lowercase();
            assert!(place.starts_with("https://") || place.starts_with("http://"), "{place}");
        } else if word == "--trusted-host" {
            words.next().unwrap();
        }
    }
    for line in flat.requirements.iter().chain(&flat.constraints) {
        check_line(line);
    }
    !flat.requirements.is_empty()
}

/// A line for the installer is one package or wheel, for whoever reads it.
fn check_line(line: &str) {
    assert!(!line.contains(char::is_control) && !line.ends_with('\\') && !line.contains("${"), "{line:?}");
    let (package, options) = line.split_once(" --").unwrap_or((line, ""));
    assert!(options.split(" --").all(|option| option.is_empty() || option.starts_with("hash=")), "{line:?}");
    assert!(!package.trim_start().starts_with(['-', '#', '.', '/', '~', '\\']), "{line:?}");
    let is_direct = package.split_once('@').is_some_and(|(name, _)| !name.contains("://"));
    let place = if is_direct { package.split_once('@').unwrap().1 } else { package }.trim();
    let path = place.split([';', '#', '?']).next().unwrap().trim_end().to_ascii_lowercase();
    let is_web = path.starts_with("https://") || path.starts_with("http://");
    assert!(!place.contains("://") || (is_web && !path.contains(' ')), "{line:?} is not a web address");
    assert!(!is_web || path.contains(".whl"), "{line:?} is not a wheel");
    let again = pip::lines(line);
    assert!(matches!(again.as_slice(), [only] if only.arguments.is_ok()), "{line:?} is read as {again:?}");
}

proptest! {
    #![proptest_config(cases(4000))]

    /// Whatever stands behind `pip install`, it is read or refused, and no shell sees it.
    #[test]
    fn lines_are_parsed_or_rejected(line in line(), entry in entry()) {
        check(&line, entry);
    }

    /// Whatever files say, an installer on this machine gets wheels and names of packages only.
    #[test]
    fn files_yield_only_wheels_and_names(files in files(), bytes in vec(any::<u8>(), 0..9)) {
        check_files(&files);
        let _ = pip::text(&[&bytes, files[0].as_bytes()].concat());
    }
}

/// What is right is accepted: a test that refuses everything proves nothing.
#[test]
fn valid_lines_are_accepted() {
    for line in [
        "numpy",
        "numpy==1.26.4 'pandas>=2,<3'",
        "scikit-learn[all]~=1.4",
        "\"a;python_version<'3.9'\"",
        "-U six",
    ] {
        for entry in
            [Entry::Comment("pip install "), Entry::Cell("!pip install "), Entry::Cell("%pip install ")]
        {
            assert!(check(line, entry), "{line} in {entry:?}");
        }
    }
    assert!(check("numpy>=1.26; python_version < '3.14'", Entry::Block));
}

/// The long run.
#[test]
#[ignore = "takes many minutes"]
fn a_million_lines() {
    let mut accepted = 0_u32;
    let run = long_run(&(line(), entry()), |(line, entry)| accepted += u32::from(check(line, *entry)));
    eprintln!("{run}: {accepted} are installed");
}

/// The long run for files.
#[test]
#[ignore = "takes many minutes"]
fn a_million_files() {
    let mut accepted = 0_u32;
    let run = long_run(&files(), |files| accepted += u32::from(check_files(files)));
    eprintln!("{run}: {accepted} are installed");
}
