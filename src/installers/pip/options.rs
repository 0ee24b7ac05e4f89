//! The options of `pip install`, and uv's equivalents.

use Meaning::{Build, Choice, Elsewhere, Manner, PerRequirement, Pointless};

use super::{Argument, Kind, Problem, checked_url};

/// The purpose of a pip option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Affects which packages are installed, anywhere.
    Choice,
    /// Affects how pip works, which other installers may do their own way.
    Manner,
    /// Makes no sense in an image, where nobody watches and everything belongs to one user.
    Pointless,
    /// Requests or changes the building of packages.
    Build,
    /// Installs elsewhere or for another Python, or names files of the installing machine.
    Elsewhere,
    /// Belongs to the requirement before it in a requirement file.
    PerRequirement,
}

/// An option: its names, pip's longest first, whether it has a value, and its purpose.
type Entry = (&'static [&'static str], bool, Meaning);

/// All known options.
const OPTIONS: &[Entry] = &[
    (&["--requirement", "--requirements", "-r"], true, Choice),
    (&["--constraint", "--constraints", "-c"], true, Choice),
    (&["--editable", "-e"], true, Build),
    (&["--index-url", "--default-index", "--pypi-url", "-i"], true, Choice),
    (&["--extra-index-url", "--index"], true, Choice),
    (&["--find-links", "-f"], true, Choice),
    (&["--trusted-host", "--allow-insecure-host"], true, Choice),
    (&["--no-index"], false, Choice),
    (&["--no-deps", "--no-dependencies"], false, Choice),
    (&["--pre"], false, Choice),
    (&["--require-hashes"], false, Choice),
    (&["--upgrade", "-U"], false, Choice),
    (&["--hash"], true, PerRequirement),
    (&["--only-binary"], true, Manner),
    (&["--prefer-binary"], false, Manner),
    (&["--upgrade-strategy"], true, Manner),
    (&["--force-reinstall"], false, Manner),
    (&["--ignore-installed", "-I"], false, Manner),
    (&["--ignore-requires-python"], false, Manner),
    (&["--compile"], false, Manner),
    (&["--no-compile"], false, Manner),
    (&["--no-cache-dir", "--no-cache"], false, Manner),
    (&["--disable-pip-version-check"], false, Manner),
    (&["--no-python-version-warning"], false, Manner),
    (&["--no-warn-script-location"], false, Manner),
    (&["--no-warn-conflicts"], false, Manner),
    (&["--no-input"], false, Manner),
    (&["--isolated"], false, Manner),
    (&["--retries"], true, Manner),
    (&["--timeout", "--default-timeout"], true, Manner),
    (&["--root-user-action"], true, Manner),
    (&["--use-feature"], true, Manner),
    (&["--use-deprecated"], true, Manner),
    (&["--exists-action"], true, Manner),
    (&["--user"], false, Pointless),
    (&["--no-user"], false, Pointless),
    (&["--system"], false, Pointless),
    (&["--break-system-packages"], false, Manner),
    (&["--quiet", "-q"], false, Pointless),
    (&["--verbose", "-v"], false, Pointless),
    (&["--debug"], false, Pointless),
    (&["--yes", "-y"], false, Pointless),
    (&["--no-color"], false, Pointless),
    (&["--color"], true, Pointless),
    (&["--progress-bar"], true, Pointless),
    (&["--no-progress"], false, Pointless),
    (&["--native-tls"], false, Pointless),
    (&["--require-virtualenv", "--require-venv"], false, Pointless),
    (&["--python", "-p"], true, Pointless),
    (&["--no-binary"], true, Build),
    (&["--config-settings", "--config-setting", "-C"], true, Build),
    (&["--global-option"], true, Build),
    (&["--install-option"], true, Build),
    (&["--build-option"], true, Build),
    (&["--build-constraint"], true, Build),
    (&["--no-build-isolation"], false, Build),
    (&["--use-pep517"], false, Build),
    (&["--no-use-pep517"], false, Build),
    (&["--check-build-dependencies"], false, Build),
    (&["--no-clean"], false, Build),
    (&["--target", "-t"], true, Elsewhere),
    (&["--prefix"], true, Elsewhere),
    (&["--root"], true, Elsewhere),
    (&["--src", "--source", "--source-dir", "--source-directory"], true, Elsewhere),
    (&["--platform"], true, Elsewhere),
    (&["--python-version"], true, Elsewhere),
    (&["--implementation"], true, Elsewhere),
    (&["--abi"], true, Elsewhere),
    (&["--cache-dir"], true, Elsewhere),
    (&["--proxy"], true, Elsewhere),
    (&["--cert"], true, Elsewhere),
    (&["--client-cert"], true, Elsewhere),
    (&["--keyring-provider"], true, Elsewhere),
    (&["--log", "--log-file", "--local-log"], true, Elsewhere),
    (&["--report"], true, Elsewhere),
    (&["--group"], true, Elsewhere),
    (&["--dry-run"], false, Elsewhere),
];

/// The first words of an argument, parsed.
pub(super) struct Parsed {
    pub(super) arguments: Vec<Argument>,
    /// The number of words.
    pub(super) width: usize,
}

/// The number of words of the option at the start; one if unknown.
pub(in crate::installers) fn width(words: &[&str]) -> usize {
    option(words).map_or(1, |parsed| parsed.width)
}

/// Reads the option at the start, or several flags in one word.
pub(super) fn option(words: &[&str]) -> Result<Parsed, Problem> {
    let word = words.first().copied().unwrap_or_default();
    if !word.starts_with("--") {
        return short(word, words);
    }
    let (name, joined) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let (argument, width) = argument(entry(name).ok_or_else(|| unknown(word))?, name, joined, words)?;
    Ok(Parsed { arguments: vec![argument], width })
}

/// Reads one or more options of one letter each: `-U`, `-qr FILE`, `-rFILE`.
fn short(word: &str, words: &[&str]) -> Result<Parsed, Problem> {
    let mut arguments = Vec::new();
    for (at, letter) in word.char_indices().skip(1) {
        let name = format!("-{letter}");
        let entry = entry(&name).ok_or_else(|| unknown(word))?;
        let rest = &word[at + letter.len_utf8()..];
        let joined = Some(rest).filter(|rest| entry.1 && !rest.is_empty());
        let (read, width) = argument(entry, &name, joined, words)?;
        arguments.push(read);
        if entry.1 {
            return Ok(Parsed { arguments, width });
        }
    }
    if arguments.is_empty() { Err(unknown(word)) } else { Ok(Parsed { arguments, width: 1 }) }
}

fn entry(name: &str) -> Option<&'static Entry> {
    OPTIONS.iter().find(|(names, ..)| names.contains(&name))
}

/// An option with its value, joined or in the next word, and the number of words.
fn argument(
    &(names, takes_value, meaning): &'static Entry,
    written: &str,
    joined: Option<&str>,
    words: &[&str],
) -> Result<(Argument, usize), Problem> {
    let name = names[0];
    // pip knows its own names only.
    let shown = if written.starts_with("--") { name } else { written };
    if !takes_value {
        return match joined {
            None => {
                let kind = Kind::Option(name, None, meaning);
                Ok((Argument { words: vec![shown.to_owned()], kind }, 1))
            }
            Some(_) => {
                Err(Problem::new(format!("`{name}` takes no value"), "leave out what stands behind its `=`"))
            }
        };
    }
    let value = joined.or_else(|| words.get(1).copied()).filter(|value| !value.is_empty());
    let value =
        value.ok_or_else(|| Problem::new(format!("`{name}` has no value"), "write its value behind it"))?;
    let argument =
        Argument { words: vec![shown.to_owned(), value.to_owned()], kind: kind(name, value, meaning)? };
    Ok((argument, if joined.is_some() { 1 } else { 2 }))
}

/// The kind of an option with a value.
fn kind(name: &'static str, value: &str, meaning: Meaning) -> Result<Kind, Problem> {
    if value.contains(char::is_control) {
        let message = format!("the value of `{name}` holds a control character");
        return Err(Problem::new(message, "write it as plain text"));
    }
    let value = value.to_owned();
    Ok(match name {
        "--hash" if !is_digest(&value) => {
            let message = format!("`{value}` is no hash");
            return Err(Problem::new(
                message,
                "write it as `pip hash` prints it: `--hash=sha256:` and hex digits",
            ));
        }
        "--requirement" => Kind::Requirements(value),
        "--constraint" => Kind::Constraints(value),
        "--editable" => {
            checked_url(&value)?;
            Kind::Editable(value)
        }
        _ => Kind::Option(name, Some(value), meaning),
    })
}

/// `sha256:` and hex digits.
fn is_digest(value: &str) -> bool {
    let (algorithm, digits) = value.split_once(':').unwrap_or_default();
    let is_word = |text: &str, of: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(of);
    is_word(algorithm, u8::is_ascii_alphanumeric) && is_word(digits, u8::is_ascii_hexdigit)
}

fn unknown(word: &str) -> Problem {
    Problem::new(
        format!("`{}` is not an option of `pip install`", super::shown(word)),
        "write it in full, as `pip install --help` lists it, or leave it out",
    )
}
