//! The line of a generated file that holds its record: `# WHAT of WHOM, made by c3 VERSION (FIELD; FIELD)`.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{Grid, Stamp};

/// The words between a file's title and its stamp.
const MADE: &str = ", made by c3 ";

/// Lines at the top of a file that may hold its record.
const HEADER: usize = 20;

/// Characters that would end a value.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b';').add(b',').add(b'=').add(b'(').add(b')');

/// A line with a record.
pub(super) struct Line<'a> {
    /// What the file is, and its source.
    pub(super) title: &'a str,
    pub(super) stamp: Stamp,
    /// The rest of the line.
    tail: &'a str,
}

impl<'a> Line<'a> {
    /// The record's line in a file, and its number from 0.
    pub(super) fn find(text: &'a str) -> Option<(usize, Self)> {
        text.lines().take(HEADER).enumerate().find_map(|(number, line)| Some((number, Self::parse(line)?)))
    }

    /// Parses a line.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line).trim_end();
        let (title, made) = line.strip_prefix("# ")?.rsplit_once(MADE)?;
        let end = made.find([' ', ';']).unwrap_or(made.len());
        let (c3, rest) = made.split_at(end);
        let (fields, tail) = match rest.strip_prefix(" (") {
            Some(rest) => rest.split_once(')')?,
            None => ("", rest),
        };
        let is_line = title.contains(" of ") && !c3.is_empty() && (tail.is_empty() || tail.starts_with(';'));
        is_line.then(|| Self { title, stamp: stamp(c3, fields), tail })
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}{MADE}{}{}", self.title, self.stamp, self.tail)
    }
}

/// Whether a line has to come first: an interpreter, or a parser directive of a Dockerfile.
pub(super) fn stands_first(line: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let directive = || line.strip_prefix('#')?.split_once('=').map(|(name, _)| is_word(name.trim()));
    line.starts_with("#!") || directive() == Some(true)
}

/// The fields of a stamp besides the version of `c3`.
pub(super) fn fields(stamp: &Stamp) -> Vec<String> {
    let field =
        |name: &str, value: &str| Some(format!("{name} {}", escaped(value))).filter(|_| !value.is_empty());
    let optional = |name: &str, value: &Option<String>| field(name, value.as_deref().unwrap_or_default());
    let targets: Vec<_> = stamp.targets.iter().map(|target| escaped(target)).collect();
    let beside = stamp.beside.iter().map(|(name, digest)| format!("beside {}={digest}", escaped(name)));
    let first = [
        field("component", &stamp.component),
        stamp.fetched.as_ref().map(|digest| format!("fetched sha256:{digest}")),
        optional("version", &stamp.version),
        optional("image", &stamp.image),
        optional("base", &stamp.base_image),
        Some(format!("targets {}", targets.join(","))).filter(|_| !targets.is_empty()),
        stamp.files.then(|| "files".to_owned()),
        stamp.template.then(|| "template".to_owned()),
        stamp.grid.as_ref().map(|grid| format!("grid {}={}", escaped(&grid.process), escaped(&grid.store))),
    ];
    first.into_iter().flatten().chain(beside).chain(optional("content", &stamp.content)).collect()
}

/// The stamp with these fields; unknown ones are ignored.
fn stamp(c3: &str, fields: &str) -> Stamp {
    let mut stamp = Stamp { c3: c3.to_owned(), ..Stamp::default() };
    for field in fields.split("; ").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once(' ').unwrap_or((field, ""));
        match name {
            "component" => stamp.component = decoded(value),
            "fetched" => stamp.fetched = value.strip_prefix("sha256:").map(ToOwned::to_owned),
            "version" => stamp.version = Some(decoded(value)),
            "image" => stamp.image = Some(decoded(value)),
            "base" => stamp.base_image = Some(decoded(value)),
            "targets" => stamp.targets = value.split(',').map(decoded).collect(),
            "files" => stamp.files = true,
            "template" => stamp.template = true,
            "grid" => {
                stamp.grid = value
                    .split_once('=')
                    .map(|(process, store)| Grid { process: decoded(process), store: decoded(store) });
            }
            "beside" => {
                stamp
                    .beside
                    .extend(value.split_once('=').map(|(name, digest)| (decoded(name), digest.to_owned())));
            }
            "content" => stamp.content = Some(decoded(value)),
            _ => {}
        }
    }
    stamp
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
