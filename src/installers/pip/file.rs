//! Requirement files: the same arguments, one requirement or option per line.

use super::{Argument, Kind, Meaning, Problem, arguments, package};

/// A line of a requirement file, including its continuations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its arguments, at least one.
    pub arguments: Result<Vec<Argument>, Problem>,
}

/// The text of a file: UTF-8, or by its byte order mark, as in pip.
pub fn text(bytes: &[u8]) -> Result<String, Problem> {
    let wide = |read: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        bytes => String::from_utf8(bytes.to_vec()).ok(),
    };
    text.ok_or_else(|| Problem::new("it is not valid UTF-8", "save the file as UTF-8"))
}

/// The non-empty lines of a file.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    let said = |(number, line): (usize, String)| {
        let line = without_comment(&line).trim();
        (!line.is_empty()).then(|| Line { number, arguments: read(line) })
    };
    joined(text).into_iter().filter_map(said).collect()
}

/// Lines with their backslash continuations; a comment isn't continued.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let continued = line.strip_suffix('\\').filter(|_| !is_comment);
        let content = continued.unwrap_or(line);
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, last)) => last.extend([" ", content]),
            None => lines.push((index + 1, content.to_owned())),
        }
        goes_on = continued.is_some();
    }
    lines
}

/// The part before a `#` at the start of the line or after a blank.
fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let at = line.match_indices('#').map(|(at, _)| at).find(begins);
    &line[..at.unwrap_or(line.len())]
}

/// Reads a line: a requirement with its own options, or options.
fn read(line: &str) -> Result<Vec<Argument>, Problem> {
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Problem::new("the line holds a control character", "write it as plain text"));
    }
    let (requirement, options) = parts(line);
    let words = shlex::split(options)
        .ok_or_else(|| Problem::new("a quote or backslash is not closed", "close it, or leave it out"))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let read = arguments(&words)?;
    if requirement.is_empty() {
        return alone(read);
    }
    if let Some(stray) = read.iter().find(|argument| !belongs_to_requirement(argument)) {
        let message = format!("`{}` can't stand behind a requirement", stray.words.join(" "));
        return Err(Problem::new(message, "write it on a line of its own"));
    }
    Ok(std::iter::once(package(requirement)?).chain(read).collect())
}

/// A line's requirement, and the options after it.
fn parts(line: &str) -> (&str, &str) {
    if line.starts_with('-') {
        return ("", line);
    }
    let (requirement, options) = line.split_at(line.find(" -").unwrap_or(line.len()));
    (requirement.trim(), options.trim())
}

/// Whether an option may follow a requirement.
fn belongs_to_requirement(argument: &Argument) -> bool {
    let of_build = ["--config-settings", "--global-option", "--install-option"];
    matches!(&argument.kind, Kind::Option(name, _, meaning)
        if *meaning == Meaning::PerRequirement || of_build.contains(name))
}

/// A line of options, at most one of which names a file or sources.
fn alone(read: Vec<Argument>) -> Result<Vec<Argument>, Problem> {
    let named: Vec<_> = read.iter().filter(|argument| !matches!(argument.kind, Kind::Option(..))).collect();
    let is_package = |kind: &Kind| matches!(kind, Kind::Package(_) | Kind::Direct(..) | Kind::Location(_));
    if named.len() > 1 || named.iter().any(|argument| is_package(&argument.kind)) {
        return Err(Problem::new(
            "the line says more than one thing",
            "write each requirement and each option on a line of its own",
        ));
    }
    Ok(read)
}
