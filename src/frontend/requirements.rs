//! Requirements in comments: `# pip install …`, `# conda install …`, `# dnf …`, `# apt …` and the PEP 723 block.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

pub use self::command::is_command;
use self::command::{is_system, parse_command};
pub use self::script_block::Metadata;
use self::script_block::{block_text, blocks, malformed, read_block};
use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::frontend::credentials;
use crate::installers;

mod command;
mod script_block;
mod uv;

/// One comment of a source.
#[derive(Debug, Clone)]
pub struct CommentLine<'a> {
    /// The comment with its `#`.
    pub raw: &'a str,
    /// Bytes of the source's text.
    pub span: Range<usize>,
    /// Its line, from 0.
    pub line: usize,
    /// Where it begins in its line, in bytes.
    pub column: usize,
    /// Whether nothing else stands in its line.
    pub own_line: bool,
}

impl<'a> CommentLine<'a> {
    /// The comment without `#` and outer blanks, and a command without the mark of a notebook or a prompt.
    #[must_use]
    pub fn text(&self) -> &'a str {
        let text = self.raw.trim_start_matches('#').trim();
        let unmarked = text.trim_start_matches(['!', '%', '$']).trim_start();
        if is_command(unmarked) { unmarked } else { text }
    }
}

/// The requirements of a source.
#[derive(Debug, Default)]
pub struct Collected {
    /// The requirements, in order.
    pub requirements: Vec<Requirement>,
    /// `requires-python` of the PEP 723 block.
    pub requires_python: Option<String>,
    /// The PEP 723 block.
    pub metadata: Option<Metadata>,
    /// The addresses of indexes that the block names.
    pub indexes: BTreeMap<String, String>,
    has_block: bool,
}

/// Collects the requirements of all comments of a source.
pub fn collect(comments: &[&CommentLine], diagnostics: &mut Vec<Diagnostic>) -> Collected {
    let mut found = Collected::default();
    let mut read = 0;
    diagnostics.extend(malformed(comments));
    diagnostics.extend(comments.iter().filter_map(|comment| other_installer(comment)));
    for block in blocks(comments) {
        read_commands(&comments[read..block.start], is_command, &mut found, diagnostics);
        read_block(&comments[block.clone()], &mut found, diagnostics);
        read = block.end;
    }
    read_commands(&comments[read..], is_command, &mut found, diagnostics);
    found
}

/// Collects the system packages in the comments of a source whose packages aren't installed by pip.
pub fn collect_system(comments: &[&CommentLine], diagnostics: &mut Vec<Diagnostic>) -> Vec<Requirement> {
    let mut found = Collected::default();
    read_commands(comments, is_system, &mut found, diagnostics);
    found.requirements.retain(|requirement| matches!(requirement, Requirement::System { .. }));
    found.requirements
}

/// Reads the commands in adjacent comments.
fn read_commands(
    comments: &[&CommentLine],
    is_command: fn(&str) -> bool,
    found: &mut Collected,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (command, lines) in commands(comments, is_command) {
        read_command(&command, span_of(lines), found, diagnostics);
    }
}

/// The bytes of the source from the first to the last of some lines.
fn span_of(lines: &[&CommentLine]) -> Range<usize> {
    let (first, last) = (lines.first(), lines.last());
    first.map_or(0, |line| line.span.start)..last.map_or(0, |line| line.span.end)
}

/// The commands among comments, each with its lines, of which there is at least one.
fn commands<'a, 'b>(
    comments: &'b [&'a CommentLine<'a>],
    is_command: fn(&str) -> bool,
) -> Vec<(String, &'b [&'a CommentLine<'a>])> {
    let mut commands = Vec::new();
    let mut rest = comments;
    while let Some((first, after)) = rest.split_first() {
        rest = if is_command(first.text()) {
            let (command, lines) = continued(rest);
            commands.push((command, &rest[..lines]));
            &rest[lines..]
        } else {
            after
        };
    }
    commands
}

/// Positions of the requirements in a source.
#[derive(Debug, Default)]
pub struct Places {
    /// The PEP 723 block: its bytes, and what it says.
    pub block: Option<(Range<usize>, String)>,
    /// Commands outside the block.
    pub commands: Vec<Command>,
}

/// A command in comments.
#[derive(Debug)]
pub struct Command {
    /// Bytes of each of its comments, and whether nothing else stands in the line.
    pub lines: Vec<(Range<usize>, bool)>,
    /// What it installs.
    pub requirements: Vec<Requirement>,
}

/// Finds the requirements that [`collect`] reads.
#[must_use]
pub fn places(comments: &[&CommentLine]) -> Places {
    let mut places = Places::default();
    let mut read = 0;
    for block in blocks(comments) {
        places.commands.extend(found_commands(&comments[read..block.start]));
        let lines = &comments[block.clone()];
        places.block = Some((span_of(lines), block_text(lines)));
        read = block.end;
    }
    places.commands.extend(found_commands(&comments[read..]));
    places
}

fn found_commands(comments: &[&CommentLine]) -> Vec<Command> {
    let found = commands(comments, is_command).into_iter().map(|(command, lines)| Command {
        lines: lines.iter().map(|line| (line.span.clone(), line.own_line)).collect(),
        requirements: parse_command(&command, &span_of(lines)).unwrap_or_default().requirements,
    });
    found.collect()
}

/// A command with its backslash continuations, and the number of comments.
fn continued(comments: &[&CommentLine]) -> (String, usize) {
    let mut command = String::new();
    for (at, comment) in comments.iter().enumerate() {
        let text = comment.text();
        let next_follows =
            comments.get(at + 1).is_some_and(|next| next.own_line && next.line == comment.line + 1);
        match text.strip_suffix('\\') {
            Some(text) if next_follows => command.extend([text.trim_end(), " "]),
            text => {
                command.push_str(text.unwrap_or(comment.text()));
                return (command.trim().to_owned(), at + 1);
            }
        }
    }
    (command, comments.len())
}

/// Reads one command, such as `pip install numpy`.
pub(super) fn read_command(
    command: &str,
    span: Range<usize>,
    found: &mut Collected,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match parse_command(command, &span) {
        Ok(mut read) => {
            diagnostics.extend(credentials::taken_out(&mut read.requirements, span.clone()));
            found.requirements.extend(read.requirements);
            diagnostics.extend(pointless(&read.pointless).map(|note| note.at(span)));
        }
        Err(problem) => {
            diagnostics.push(Diagnostic::error("requirement", problem.message).at(span).hint(problem.hint));
        }
    }
}

/// The note on a command of an installer that isn't read.
fn other_installer(comment: &CommentLine) -> Option<Diagnostic> {
    let words: Vec<&str> = comment.text().trim_start_matches(['!', '%', '$']).split_whitespace().collect();
    let program = installers::other(&words)?;
    let note =
        Diagnostic::note("other-installer", format!("commands of `{program}` put nothing into the image"));
    Some(
        note.at(comment.span.clone())
            .hint("name what the operator needs in a line such as `# pip install numpy`"),
    )
}

/// The note on options that were dropped.
fn pointless(options: &[String]) -> Option<Diagnostic> {
    let options: BTreeSet<_> = options.iter().map(|option| format!("`{option}`")).collect();
    let options: Vec<_> = options.into_iter().collect();
    (!options.is_empty()).then(|| {
        let message = format!("{} makes no sense in an image and is left out", options.join(", "));
        Diagnostic::note("installer-option", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requirements in a text that consists of comments, and the codes of what is wrong.
    fn read(text: &str) -> (Vec<String>, Vec<&'static str>) {
        let mut offset = 0;
        let comment = |(line, raw): (usize, &'static str)| {
            let span = offset..offset + raw.len();
            offset = span.end + 1;
            CommentLine { raw, span, line, column: 0, own_line: true }
        };
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        let comments: Vec<_> = text.lines().enumerate().map(comment).collect();
        let mut diagnostics = Vec::new();
        let found = collect(&comments.iter().collect::<Vec<_>>(), &mut diagnostics);
        let text = |requirement: Requirement| match requirement {
            Requirement::Pip { text, .. }
            | Requirement::Conda { text, .. }
            | Requirement::System { text, .. }
            | Requirement::R { text, .. } => text,
        };
        (
            found.requirements.into_iter().map(text).collect(),
            diagnostics.iter().map(|found| found.code).collect(),
        )
    }

    #[test]
    fn install_commands_are_found() {
        let cases: &[(&str, &[&str])] = &[
            ("# pip install numpy", &["numpy"]),
            ("#pip3 install -U a b", &["-U a b"]),
            ("# pip --proxy http://p install a", &["--proxy http://p a"]),
            ("# uv add a", &["a"]),
            ("## python3 -m pip install 'a>=1'", &["a>=1"]),
            ("# pip install a>=1.2 b<3", &["a>=1.2 b<3"]),
            ("# pip install a # why", &["a"]),
            ("# pip install a \\\n#   b \\\n# c", &["a b c"]),
            ("# pip install a && pip install b", &["a", "b"]),
            ("# conda install -c conda-forge numpy", &["install -c conda-forge numpy"]),
            ("# apk add git", &["apk add git"]),
            ("# mamba env update -f environment.yml", &["env update -f environment.yml"]),
            ("# dnf install -y git", &["dnf install -y git"]),
            ("# apt-get -y install git", &["apt-get -y install git"]),
            ("# /// script\n# dependencies = ['a', 'b>1']\n# ///", &["a", "b>1"]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), (expected.iter().map(ToString::to_string).collect(), vec![]), "{text}");
        }
    }

    #[test]
    fn prefixes_of_install_commands_are_ignored() {
        let cases: [(&str, &[&str]); 8] = [
            ("# sudo pip install a", &["a"]),
            ("#$ pip install a", &["a"]),
            ("# $ sudo -H python3 -m pip install a", &["a"]),
            ("# !PIP_NO_CACHE_DIR=1 pip install a", &["a"]),
            ("# sudo apt-get update && sudo apt-get install b", &["apt-get update", "apt-get install b"]),
            ("# sudo is needed to pip install a", &[]),
            ("# time pipes install well", &[]),
            ("# $x = pip install a", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), (expected.iter().map(ToString::to_string).collect(), vec![]), "{text}");
        }
    }

    #[test]
    fn options_useless_in_an_image_are_dropped() {
        for text in
            ["# pip --quiet install --user a", "# uv pip install --system a", "# pip install -qqU a -y"]
        {
            let (found, codes) = read(text);
            assert!(found[0].ends_with('a') && !found[0].contains("-q"), "{text}: {found:?}");
            assert_eq!(codes, ["installer-option"], "{text}");
        }
    }

    #[test]
    fn prose_is_not_a_command() {
        for text in [
            "# we adapt it",
            "# apt is not here",
            "# dnf, too",
            "# pipinstall x",
            "# Pip install",
            "# pip is",
            "# conda is fine",
        ] {
            assert_eq!(read(text), (vec![], vec![]), "{text}");
        }
    }

    #[test]
    fn shell_syntax_and_broken_blocks_are_rejected() {
        for text in [
            "# conda install",
            "# pip install a | tee",
            "# pip install a; rm x",
            "# pip install $(x)",
            "# pip install",
            "# pip install 'a",
        ] {
            assert_eq!(read(text), (vec![], vec!["requirement"]), "{text}");
        }
        for text in [
            "# /// script\n# x = \n# ///",
            "# /// script\n# dependencies = [1]\n# ///",
            "# /// script\n# dependencies = ['is not']\n# ///",
            "# /// script\n# dependencies = ['six']",
            "# /// script\n# dependencies = [\n\n# 'six']\n# ///",
            "# /// script\n#dependencies = ['six']\n# ///",
            "#/// script\n# dependencies = ['six']\n# ///",
            "# /// Script\n# dependencies = ['six']\n# ///",
            "# /// script\n# dependencies = ['six']\n#///",
        ] {
            assert_eq!(read(text), (vec![], vec!["script-block"]), "{text}");
        }
    }
}
