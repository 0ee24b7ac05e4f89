//! Requirements in comments: `# pip install …`, `# conda install …`, `# dnf …`, `# apt …` and the PEP 723 block.

use std::ops::Range;

use serde::Deserialize;

use crate::component::Requirement;
use crate::config::Config;
use crate::diagnostic::Diagnostic;

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
    /// The comment without `#` and outer blanks, and without the mark of a notebook's command.
    #[must_use]
    pub fn text(&self) -> &'a str {
        let text = self.raw.trim_start_matches('#').trim();
        let unmarked = text.trim_start_matches(['!', '%']).trim_start();
        if is_command(unmarked) { unmarked } else { text }
    }
}

/// What a source needs.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of appearance.
    pub requirements: Vec<Requirement>,
    /// `requires-python` of the PEP 723 block.
    pub requires_python: Option<String>,
    /// `[tool.c3]` of the PEP 723 block.
    pub config: Config,
    has_block: bool,
}

/// Ways to call pip.
const PIP: &[&str] = &["pip", "pip3", "python -m pip", "python3 -m pip", "uv pip"];

/// Ways to call conda.
const CONDA: &[&str] = &["conda", "mamba", "micromamba"];

/// What of conda's commands installs something; environments are files, found like those of `pip install -r`.
const CONDA_SUBCOMMANDS: &[&str] = &["install", "env update"];

/// Package managers of the distributions.
const SYSTEM: &[&str] = &["dnf", "microdnf", "yum", "apt", "apt-get"];

/// Subcommands that tell a command from prose which begins with the same word.
const SUBCOMMANDS: &[&str] = &[
    "install",
    "update",
    "upgrade",
    "remove",
    "makecache",
    "clean",
    "module",
    "group",
    "groupinstall",
    "copr",
    "config-manager",
    "builddep",
    "build-dep",
    "reinstall",
    "swap",
    "autoremove",
];

/// Longest argument of a command, in bytes.
const MAX_WORD: usize = 30_000;

/// Collects the requirements of all comments of a source.
pub fn collect(comments: &[&CommentLine], diagnostics: &mut Vec<Diagnostic>) -> Found {
    let mut found = Found::default();
    let mut read = 0;
    for block in blocks(comments) {
        read_commands(&comments[read..block.start], is_command, &mut found, diagnostics);
        read_block(&comments[block.clone()], &mut found, diagnostics);
        read = block.end;
    }
    read_commands(&comments[read..], is_command, &mut found, diagnostics);
    found
}

/// Collects the system packages in the comments of a source whose packages aren't pip's.
pub fn collect_system(comments: &[&CommentLine], diagnostics: &mut Vec<Diagnostic>) -> Vec<Requirement> {
    let mut found = Found::default();
    read_commands(comments, is_system, &mut found, diagnostics);
    found.requirements.retain(|requirement| matches!(requirement, Requirement::System { .. }));
    found.requirements
}

/// Reads the commands among comments that stand below each other.
fn read_commands(
    comments: &[&CommentLine],
    is_command: fn(&str) -> bool,
    found: &mut Found,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (command, lines) in commands(comments, is_command) {
        let span = lines[0].span.start..lines[lines.len() - 1].span.end;
        read_command(&command, span, found, diagnostics);
    }
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

/// Where the requirements of a source stand.
#[derive(Debug, Default)]
pub struct Places {
    /// The PEP 723 block: its bytes, and what it says.
    pub block: Option<(Range<usize>, String)>,
    /// Commands outside of it.
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
        let span = lines[0].span.start..lines[lines.len() - 1].span.end;
        places.block = Some((span, block_text(lines)));
        read = block.end;
    }
    places.commands.extend(found_commands(&comments[read..]));
    places
}

fn found_commands(comments: &[&CommentLine]) -> Vec<Command> {
    let found = commands(comments, is_command).into_iter().map(|(command, lines)| Command {
        lines: lines.iter().map(|line| (line.span.clone(), line.own_line)).collect(),
        requirements: parse_command(&command).unwrap_or_default(),
    });
    found.collect()
}

/// What stands between the first and the last line of a block.
fn block_text(lines: &[&CommentLine]) -> String {
    let content = &lines[1..lines.len() - 1];
    content.iter().flat_map(|line| [line.raw.get(2..).unwrap_or_default(), "\n"]).collect()
}

/// Whether a comment's text is a command that installs something.
#[must_use]
pub fn is_command(text: &str) -> bool {
    pip_arguments(text).is_some() || conda_arguments(text).is_some() || is_system(text)
}

/// What follows `conda` where that installs something.
fn conda_arguments(text: &str) -> Option<&str> {
    let arguments = CONDA.iter().find_map(|conda| after_word(text, conda))?;
    let installs = |subcommand: &&str| {
        let words = subcommand.split(' ');
        words.clone().try_fold(arguments, |rest, word| after_word(rest, word)).is_some()
    };
    CONDA_SUBCOMMANDS.iter().any(installs).then_some(arguments)
}

/// What follows `pip install`.
fn pip_arguments(text: &str) -> Option<&str> {
    PIP.iter().find_map(|pip| {
        let rest = pip.split(' ').try_fold(text, |rest, word| after_word(rest, word))?;
        after_word(rest, "install")
    })
}

fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

fn is_system(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|manager| SYSTEM.contains(&manager))
        && words.find(|word| !word.starts_with('-')).is_some_and(|word| SUBCOMMANDS.contains(&word))
}

/// A command with the lines that continue it after a backslash, and how many comments that is.
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

fn read_command(command: &str, span: Range<usize>, found: &mut Found, diagnostics: &mut Vec<Diagnostic>) {
    match parse_command(command) {
        Ok(requirements) => found.requirements.extend(requirements),
        Err(problem) => diagnostics.push(Diagnostic::error("requirement", problem).at(span).hint(
            "write one `pip install`, `conda install`, `dnf` or `apt` command per line; what needs a shell goes into `--dockerfile-template`",
        )),
    }
}

/// Reads a command line, or several joined by `&&`.
fn parse_command(command: &str) -> Result<Vec<Requirement>, String> {
    let words = words(command)?;
    let commands: Vec<&[String]> = words.split(|word| word == "&&").collect();
    commands.iter().map(|words| requirement(words)).collect()
}

fn requirement(words: &[String]) -> Result<Requirement, String> {
    let line = words.join(" ");
    if is_system(&line) {
        return Ok(Requirement::System { text: line, words: words.to_vec() });
    }
    if let Some(arguments) = conda_arguments(&line) {
        return match words {
            [_, install] if install == "install" => Err("`conda install` names no package".to_owned()),
            _ => Ok(Requirement::Conda { text: arguments.to_owned(), words: words[1..].to_vec() }),
        };
    }
    let arguments =
        pip_arguments(&line).ok_or_else(|| format!("`{line}` is no command that installs packages"))?;
    let install = words.iter().position(|word| word == "install").map_or(words.len(), |at| at + 1);
    if arguments.is_empty() {
        return Err("`pip install` names no package".to_owned());
    }
    Ok(Requirement::Pip { text: arguments.to_owned(), words: words[install..].to_vec(), metadata: false })
}

/// Splits a command as a shell does, except that `>` and `<` stand for themselves (`numpy>=1.26`).
fn words(command: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = shlex::split(command).ok_or("a quote or backslash is not closed")?;
    if let Some(word) = words.iter().find(|word| word.len() > MAX_WORD) {
        return Err(format!(
            "`{}…` is longer than {MAX_WORD} bytes",
            word.chars().take(20).collect::<String>()
        ));
    }
    let unsafe_word = words.iter().find(|word| is_shell(word) || word.contains(char::is_control));
    match unsafe_word {
        Some(word) => Err(format!("`{}` needs a shell", word.escape_debug())),
        None => Ok(words),
    }
}

/// Whether a word has a meaning for a shell which no package has.
fn is_shell(word: &str) -> bool {
    matches!(word, "|" | "||" | ";" | "&" | ">" | ">>" | "<")
        || word.ends_with(';')
        || word.contains("$(")
        || word.contains('`')
}

/// The line that begins a PEP 723 block.
const BLOCK_START: &str = "# /// script";

/// The line that ends it.
const BLOCK_END: &str = "# ///";

/// The PEP 723 blocks among comments, at most one in each run of lines that stand directly below each other.
fn blocks(comments: &[&CommentLine]) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    while start < comments.len() {
        let end = start + run_length(&comments[start..]).max(1);
        blocks.extend(block(&comments[start..end]).map(|block| start + block.start..start + block.end));
        start = end;
    }
    blocks
}

/// How many comments form one run with the first.
fn run_length(comments: &[&CommentLine]) -> usize {
    let Some(first) = comments.first() else { return 0 };
    let belongs = |(at, comment): &(usize, &&CommentLine)| {
        comment.line == first.line + at
            && comment.column == 0
            && (comment.raw == "#" || comment.raw.starts_with("# "))
    };
    comments.iter().enumerate().take_while(belongs).count()
}

/// The block in a run; it ends with the last line that may end it.
fn block(run: &[&CommentLine]) -> Option<Range<usize>> {
    let start = run.iter().position(|comment| comment.raw.trim_end() == BLOCK_START)?;
    let end = run.iter().rposition(|comment| comment.raw.trim_end() == BLOCK_END)?;
    (start < end).then_some(start..end + 1)
}

/// The fields of a PEP 723 block that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Block {
    #[serde(default)]
    dependencies: Vec<String>,
    requires_python: Option<String>,
}

fn read_block(lines: &[&CommentLine], found: &mut Found, diagnostics: &mut Vec<Diagnostic>) {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
    let span = first.span.start..last.span.end;
    if std::mem::replace(&mut found.has_block, true) {
        let message = "there is more than one `script` block";
        diagnostics
            .push(Diagnostic::error("script-block", message).at(span).hint("PEP 723 allows one; join them"));
        return;
    }
    let content = &lines[1..lines.len() - 1];
    let text = block_text(lines);
    match Config::parse_tool(&text) {
        Ok(config) => found.config = config,
        // What isn't TOML at all is told of below.
        Err(_) if toml::from_str::<toml::Table>(&text).is_err() => {}
        Err(problem) => {
            let span = problem.span.map(|at| place(content, at.start)..place(content, at.end));
            let diagnostic =
                Diagnostic::error("settings", problem.message).at(span.unwrap_or(first.span.clone()));
            diagnostics.push(Diagnostic { hint: problem.hint, ..diagnostic });
        }
    }
    match toml::from_str::<Block>(&text).map_err(|error| error.message().to_owned()).and_then(checked) {
        Ok(block) => {
            found.requires_python = found.requires_python.take().or(block.requires_python);
            found.requirements.extend(block.dependencies.into_iter().map(dependency));
        }
        Err(problem) => {
            let message = format!("the `script` block can't be read: {problem}");
            diagnostics.push(
                Diagnostic::error("script-block", message)
                    .at(span)
                    .hint("write it as PEP 723 says, such as `# dependencies = [\"numpy\"]`"),
            );
        }
    }
}

/// Where a byte of a block's text is in the source: each line stands behind `# ` there.
fn place(content: &[&CommentLine], offset: usize) -> usize {
    let mut rest = offset;
    for line in content {
        let length = line.raw.len().saturating_sub(2);
        if rest <= length {
            return (line.span.start + 2 + rest).min(line.span.end);
        }
        rest -= length + 1;
    }
    content.last().map_or(0, |line| line.span.end)
}

fn checked(block: Block) -> Result<Block, String> {
    let is_bad =
        |text: &&String| text.contains(char::is_control) || text.trim().is_empty() || text.len() > MAX_WORD;
    let bad = block.dependencies.iter().find(is_bad);
    match bad {
        Some(text) => {
            let text: String = text.chars().take(40).collect();
            Err(format!("`{}` is no dependency", text.escape_debug()))
        }
        None => Ok(block),
    }
}

fn dependency(text: String) -> Requirement {
    Requirement::Pip { words: vec![text.clone()], text, metadata: true }
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
    fn commands_are_found() {
        let cases: &[(&str, &[&str])] = &[
            ("# pip install numpy", &["numpy"]),
            ("#pip3 install -U a b", &["-U a b"]),
            ("## python3 -m pip install 'a>=1'", &["a>=1"]),
            ("# pip install a>=1.2 b<3", &["a>=1.2 b<3"]),
            ("# pip install a # why", &["a"]),
            ("# pip install a \\\n#   b \\\n# c", &["a b c"]),
            ("# pip install a && pip install b", &["a", "b"]),
            ("# conda install -c conda-forge numpy", &["install -c conda-forge numpy"]),
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
    fn prose_is_no_command() {
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
    fn shells_and_broken_blocks_are_refused() {
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
        for text in ["# /// script\n# x = \n# ///", "# /// script\n# dependencies = [1]\n# ///"] {
            assert_eq!(read(text), (vec![], vec!["script-block"]), "{text}");
        }
    }
}
