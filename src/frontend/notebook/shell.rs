//! Shell commands in notebooks: `pip install` moves to the build of the image.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::installers::{self, Call, Installer};

mod masked;
mod variables;

use masked::masked;
pub(super) use variables::reads;

/// A shell text as Python.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lifted {
    /// The text without the installations; nothing if there was nothing else.
    pub(super) rest: Option<String>,
    /// The installations and their positions, in bytes.
    pub(super) installs: Vec<(usize, String)>,
    /// Installations that can't move, and where.
    pub(super) left: Vec<(Range<usize>, Obstacle)>,
}

/// Why an installation stays in the running container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Its words are known only at run time.
    Computed,
    /// A shell that runs other commands, too, does it.
    Nested,
    /// It uses conda, which the image doesn't have.
    Conda,
    /// It uses the system's package manager, which needs root.
    System,
    /// Its installer is for packages that no image gets.
    Other,
}

/// Programs that run a text as commands.
const SHELLS: &[&str] = &["bash", "sh", "zsh", "dash"];

/// Words of the shell's grammar that may precede a command.
const GRAMMAR: &[&str] = &["then", "else", "do", "if", "elif", "while", "until", "!", "{"];

/// Separates the installations from the rest.
pub(super) fn lift(script: &str) -> Lifted {
    let mut lifted = Lifted::default();
    let (mut rest, mut end, mut remains) = (String::new(), 0, false);
    let masked = masked(script);
    for pipeline in pipelines(&masked) {
        let text = &masked[pipeline.clone()];
        match install(text) {
            Some(Ok((at, command))) => {
                lifted.installs.push((pipeline.start, command));
                rest.push_str(&script[end..pipeline.start + at]);
                rest.push(':');
                let before = &text[..at];
                remains |=
                    before.contains('|') || before.split_whitespace().any(|word| GRAMMAR.contains(&word));
                end = pipeline.start + text.trim_end().len();
            }
            Some(Err(obstacle)) => {
                lifted.left.push((pipeline, obstacle));
                remains = true;
            }
            None => remains |= !is_idle(text),
        }
    }
    rest.push_str(&script[end..]);
    lifted.rest = remains.then_some(rest);
    lifted
}

/// Whether a piece of a shell text does nothing.
fn is_idle(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text == ":" || text.starts_with("set -")
}

/// The command of a pipeline that installs packages, and its position.
fn install(pipeline: &str) -> Option<Result<(usize, String), Obstacle>> {
    commands(pipeline).into_iter().find_map(|command| {
        let at = command.start + command_start(&pipeline[command.clone()]);
        let words = installed(&pipeline[at..command.end])?;
        Some(words.map(|command| (at, command)))
    })
}

/// The installation that a command is, as that of `pip`.
fn installed(command: &str) -> Option<Result<String, Obstacle>> {
    let words = shlex::split(&command.replace("\\\n", " ")).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["eval", script] | [_, "-c", script, ..] = *words
        && (words[0] == "eval" || SHELLS.contains(&words[0].rsplit('/').next().unwrap_or_default()))
    {
        return nested(script);
    }
    if words.first() == Some(&"xargs") {
        let installs = (1..words.len()).any(|at| installers::call(&words[at..]).is_some());
        return installs.then_some(Err(Obstacle::Computed));
    }
    if installers::other(&words).is_some() {
        return Some(Err(Obstacle::Other));
    }
    let Call { installer, arguments } = installers::call(&words)?;
    match installer {
        Installer::Conda => return Some(Err(Obstacle::Conda)),
        Installer::System if !installers::adds_packages(&arguments) => return None,
        Installer::System => return Some(Err(Obstacle::System)),
        Installer::Pip => {}
    }
    let words = without_redirections(&arguments).into_iter().map(|word| word.trim_end_matches(','));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return None;
    }
    if words.iter().any(|word| word.contains(['$', '`']) || (word.contains('{') && word.contains('}'))) {
        return Some(Err(Obstacle::Computed));
    }
    let words = shlex::try_join(words.iter().copied()).ok()?;
    Some(Ok(format!("pip install {words}")))
}

/// What a shell of its own installs, if that is all it does.
fn nested(script: &str) -> Option<Result<String, Obstacle>> {
    let Lifted { rest, installs, left } = lift(script);
    match (left.first(), rest) {
        (Some((_, obstacle)), _) => Some(Err(*obstacle)),
        _ if installs.is_empty() => None,
        (None, Some(_)) => Some(Err(Obstacle::Nested)),
        (None, None) => {
            let commands: Vec<String> = installs.into_iter().map(|(_, command)| command).collect();
            Some(Ok(commands.join(" && ")))
        }
    }
}

/// The start of a command after words such as `then` and `sudo`, and after `NAME=value`.
fn command_start(text: &str) -> usize {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut skipped = 0;
    loop {
        let rest = &words[skipped..];
        let grammar = rest.iter().take_while(|word| GRAMMAR.contains(word)).count();
        match grammar + installers::prefix(&rest[grammar..]) {
            0 => break,
            more => skipped += more,
        }
    }
    let mut rest = text.trim_start();
    for _ in 0..skipped {
        rest = rest.trim_start_matches(|character: char| !character.is_whitespace()).trim_start();
    }
    text.len() - rest.len()
}

/// Words without `> file`, `2>&1` and a trailing comment; `numpy>1` is a word.
fn without_redirections<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let operator =
            word.trim_start_matches(|character: char| character.is_ascii_digit() || character == '&');
        if word.starts_with('#') {
            break;
        }
        if !operator.starts_with(['>', '<']) {
            kept.push(*word);
        } else if operator.trim_start_matches(['>', '<', '&']).is_empty() {
            words.next();
        }
    }
    kept
}

/// The commands of a pipeline, separated by `|`.
fn commands(pipeline: &str) -> Vec<Range<usize>> {
    let mut quotes = Quotes::default();
    let is_pipe = |&(_, character): &(usize, char)| quotes.outside(character) && character == '|';
    let pipes: Vec<usize> = pipeline.char_indices().filter(is_pipe).map(|(at, _)| at).collect();
    let starts = std::iter::once(0).chain(pipes.iter().map(|at| at + 1));
    starts.zip(pipes.iter().copied().chain([pipeline.len()])).map(|(start, end)| start..end).collect()
}

/// The pipelines of a shell text, separated by `;`, `&&`, `||`, `&`, brackets and line ends. Comments and
/// here-documents belong to none.
fn pipelines(script: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut skip_to) = (0, 0);
    let lines = Lines::of(script);
    let mut quotes = Quotes::default();
    for (at, character) in script.char_indices() {
        if at < skip_to {
            continue;
        }
        let rest = &script[at..];
        if !quotes.outside(character) {
            continue;
        }
        let before = script[..at].chars().next_back();
        let separates = match character {
            '\n' | ';' | '(' | ')' => true,
            '|' => rest.starts_with("||"),
            '&' => !before.is_some_and(|before| before == '>' || before == '<') && !rest.starts_with("&>"),
            '#' if before.is_none_or(char::is_whitespace) => {
                skip_to = at + rest.find('\n').unwrap_or(rest.len());
                true
            }
            _ => false,
        };
        if separates {
            found.push(start..at);
            let width = if rest.starts_with("&&") || rest.starts_with("||") { 2 } else { 1 };
            skip_to = skip_to.max(at + width);
            if character == '\n'
                && let Some(end) = lines.here_document(&script[line_start(script, at)..at], at + 1)
            {
                skip_to = end;
            }
            start = skip_to;
        }
    }
    found.push(start.min(script.len())..script.len());
    found.retain(|range| !range.is_empty());
    found
}

fn line_start(script: &str, at: usize) -> usize {
    script[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The ends of lines, by content: here-documents end with a line that is a given word.
struct Lines<'a> {
    ends: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn of(script: &'a str) -> Self {
        let (mut ends, mut end) = (BTreeMap::<_, Vec<_>>::new(), 0);
        let lines = if script.contains("<<") { script } else { "" };
        for line in lines.split_inclusive('\n') {
            end += line.len();
            ends.entry(line.trim()).or_default().push(end);
        }
        Self { ends }
    }

    /// The end of the here-document that a line begins.
    fn here_document(&self, line: &str, from: usize) -> Option<usize> {
        let (_, word) = line.split_once("<<")?;
        let word = word.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"', '\\']);
        let length = word.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(word.len());
        let ends = self.ends.get(&word[..length]).filter(|_| length > 0)?;
        ends.get(ends.partition_point(|&end| end <= from)).copied()
    }
}

/// Whether a character is quoted, given those before it.
#[derive(Default)]
struct Quotes {
    quote: Option<char>,
    escaped: bool,
}

impl Quotes {
    /// Takes the next character; returns whether it has its shell meaning.
    fn outside(&mut self, character: char) -> bool {
        if std::mem::take(&mut self.escaped) {
            return false;
        }
        match (self.quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') => self.quote = None,
            (None, '\'' | '"' | '`') => self.quote = Some(character),
            (None | Some('"'), '\\') => self.escaped = true,
            (None, _) => return true,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installs(script: &str) -> Vec<String> {
        lift(script).installs.into_iter().map(|(_, command)| command).collect()
    }

    #[test]
    fn install_commands_are_extracted_completely() {
        let cases = [
            ("pip install numpy", "numpy"),
            (" pip3  install -q 'a>=1' b", "-q 'a>=1' b"),
            ("python -m pip install a", "a"),
            ("{sys.executable} -m pip install a", "a"),
            ("sudo -H pip install a", "a"),
            ("PIP_NO_CACHE=1 pip --quiet install a", "--quiet a"),
            ("pip install a > /dev/null 2>&1", "a"),
            ("pip install a >install.log 2> install.log", "a"),
            ("pip install numpy>=1.2 | tail -1", "'numpy>=1.2'"),
            ("pip install a #b", "a"),
            ("pip install pymongo, dnspython", "pymongo dnspython"),
            ("pip install a \\\n  b", "a b"),
            ("uv pip install --system a", "--system a"),
            ("timeout 100 pip install a", "a"),
            ("bash -c 'pip install a'", "a"),
        ];
        for (script, words) in cases {
            let lifted = lift(script);
            assert_eq!(installs(script), [format!("pip install {words}")], "{script}");
            assert_eq!((lifted.rest, lifted.left), (None, vec![]), "{script}");
        }
    }

    #[test]
    fn the_rest_of_the_shell_cell_is_kept() {
        let cases = [
            ("pip install a && echo $x", ": && echo $x"),
            (
                "if [ $v -lt 38 ]\nthen\n    pip3 install a > log\nelse\n    pip3 install b\nfi",
                "if [ $v -lt 38 ]\nthen\n    :\nelse\n    :\nfi",
            ),
            ("if true; then pip install a; fi", "if true; then :; fi"),
            ("(cd x; pip install -r r.txt)", "(cd x; :)"),
            ("yes | pip install a | tail", "yes | :"),
        ];
        for (script, rest) in cases {
            assert_eq!(lift(script).rest.as_deref(), Some(rest), "{script}");
            assert!(!installs(script).is_empty(), "{script}");
        }
        for script in [
            "ls -l",
            "echo 'pip install a'",
            "pip list",
            "cat <<EOF\npip install a\nEOF",
            "# pip install a\nls",
            "grep pip install",
        ] {
            let lifted = lift(script);
            assert_eq!((lifted.rest.as_deref(), lifted.installs), (Some(script), vec![]), "{script}");
        }
    }

    #[test]
    fn install_commands_that_cannot_be_extracted_are_reported() {
        let cases = [
            ("pip install {package}", Obstacle::Computed),
            ("pip install $x", Obstacle::Computed),
            ("{sys.executable} -m pip install {' '.join(x)}", Obstacle::Computed),
            ("cat r.txt | xargs -n 1 pip install", Obstacle::Computed),
            ("yes | conda install a", Obstacle::Conda),
            ("bash -c 'cd x && pip install a'", Obstacle::Nested),
            ("eval 'pip install $x'", Obstacle::Computed),
            ("conda install -y a", Obstacle::Conda),
            ("apt-get install -y git", Obstacle::System),
            ("poetry add six", Obstacle::Other),
        ];
        for (script, obstacle) in cases {
            let lifted = lift(script);
            assert_eq!(lifted.left.first().map(|(_, found)| *found), Some(obstacle), "{script}");
            assert_eq!(lifted.rest.as_deref(), Some(script));
        }
    }
}
