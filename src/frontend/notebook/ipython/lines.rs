//! Lines that aren't Python among lines that are: commands, magics, questions.

use std::ops::Range;

use ruff_python_ast::Stmt;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, parse_module, parse_unchecked};
use ruff_text_size::Ranged;

use super::call::{autocall, call};
use super::embedded;
use super::mask::{is_torn, masked};
use super::{read_by_shell, remark};
use crate::frontend::notebook::Code;
use crate::frontend::notebook::shell::{self, Obstacle};
use crate::frontend::python;

/// Line magics about the screen or editing, which mean nothing in a container.
const IDLE: &[&str] =
    &["matplotlib", "autoreload", "load_ext autoreload", "reload_ext autoreload", "config InlineBackend"];

/// A replacement for some bytes of a cell, with as many line ends.
struct Edit {
    range: Range<usize>,
    text: String,
    script: String,
    /// What is wrong with it.
    obstacles: Vec<Obstacle>,
    /// Variables that a shell reads in it.
    reads: Vec<String>,
}

/// Finds what isn't Python in a cell.
pub(super) struct Translator<'a> {
    cell: &'a str,
    edits: Vec<Edit>,
    futures: Vec<String>,
    shell: bool,
}

impl<'a> Translator<'a> {
    pub(super) fn run(cell: &'a str) -> Code {
        let mut translator = Translator { cell, edits: Vec::new(), futures: Vec::new(), shell: false };
        translator.scan();
        translator.finish()
    }

    fn finish(self) -> Code {
        let (mut text, mut script, mut end) = (String::with_capacity(self.cell.len()), String::new(), 0);
        let mut remarks = Vec::new();
        for edit in &self.edits {
            let before = &self.cell[end..edit.range.start];
            text.push_str(before);
            let span = text.len()..text.len() + edit.text.trim_end().len();
            remarks.extend(edit.obstacles.iter().map(|obstacle| remark(*obstacle, span.clone())));
            if !edit.reads.is_empty() {
                remarks.push(read_by_shell(span, edit.reads.clone()));
            }
            text.push_str(&edit.text);
            script.extend([before, &edit.script]);
            end = edit.range.end;
        }
        text.push_str(&self.cell[end..]);
        script.push_str(&self.cell[end..]);
        Code { text, script, shell: self.shell, futures: self.futures, remarks, trailer: None }
    }

    /// Walks the tokens, which alone distinguish a command from part of a string or expression.
    fn scan(&mut self) {
        if python::is_too_deep(self.cell) {
            return; // an error when the whole is read
        }
        if let Ok(parsed) = parse_module(self.cell) {
            return self.walk(parsed.tokens());
        }
        let masked = masked(self.cell);
        if is_torn(&masked) {
            return self.walk_lines();
        }
        let parsed = parse_unchecked(&masked, ParseOptions::from(Mode::Ipython));
        self.walk(parsed.tokens());
    }

    /// Looks at each line of a cell that can't be tokenised, so that valid code isn't reported as wrong.
    fn walk_lines(&mut self) {
        let (mut start, mut end) = (0, 0);
        while start < self.cell.len() {
            let line = self.logical_line(start);
            let text = self.cell[line.clone()].trim_start();
            if text.starts_with(['!', '%']) {
                self.escape(line.end - text.len()..line.end, false);
                end = line.end;
            } else {
                end += self.cell[end..].find('\n').unwrap_or(self.cell.len() - end);
            }
            end = (end + 1).min(self.cell.len());
            start = end;
        }
    }

    fn walk(&mut self, tokens: &[Token]) {
        let mut statement: Option<usize> = None;
        for (at, token) in tokens.iter().enumerate() {
            let range = token.start().to_usize()..token.end().to_usize();
            if self.edits.last().is_some_and(|edit| range.start < edit.range.end) {
                statement = None;
                continue;
            }
            match token.kind() {
                TokenKind::Newline | TokenKind::Semi => statement = None,
                TokenKind::NonLogicalNewline | TokenKind::Comment | TokenKind::Indent | TokenKind::Dedent => {
                }
                TokenKind::IpyEscapeCommand => self.escape(range, statement.is_some()),
                TokenKind::Question => self.help(statement.unwrap_or(range.start), &range),
                _ if statement.is_none() => {
                    statement = Some(range.start);
                    self.begin(range.start, &tokens[at..]);
                }
                _ => {}
            }
        }
    }

    /// Looks at the start of a statement: `pip install` without a mark is a magic too, and imports from the
    /// future must come first in a script.
    fn begin(&mut self, at: usize, tokens: &[Token]) {
        let text = &self.cell[at..];
        if starts_with(text, &["pip", "pip3", "conda", "mamba"], &["install", "-q"]) {
            let line = self.logical_line(at);
            let command = self.cell[line.clone()].replace("\\\n", " ");
            self.shell(line, "system", &command);
        } else if starts_with(text, &["from"], &["__future__"]) {
            self.future(at, tokens);
        }
    }

    /// A line with its backslash continuations.
    fn logical_line(&self, at: usize) -> Range<usize> {
        let mut end = at;
        for line in self.cell[at..].split_inclusive('\n') {
            end += line.len();
            if !line.ends_with("\\\n") {
                break;
            }
        }
        at..at + self.cell[at..end].trim_end_matches('\n').len()
    }

    /// An import from the future.
    fn future(&mut self, at: usize, tokens: &[Token]) {
        let ends = |token: &&Token| !matches!(token.kind(), TokenKind::Newline | TokenKind::Semi);
        let is_blank = |token: &&Token| token.kind() != TokenKind::Comment;
        let closed = tokens.iter().take_while(ends).any(|token| token.kind() == TokenKind::Lpar);
        let end = tokens.iter().take_while(ends).take_while(|token| closed || is_blank(token)).last();
        let range = at..end.map_or(at, |token| token.end().to_usize());
        let text = self.cell[range.clone()].to_owned();
        let Some(import) = future_import(&text) else { return };
        self.futures.push(import);
        let script = padded("pass".to_owned(), &text);
        self.edits.push(Edit { range, text, script, obstacles: Vec::new(), reads: Vec::new() });
    }

    /// `name?`: help is only useful on a screen.
    fn help(&mut self, start: usize, question: &Range<usize>) {
        if self.edits.last().is_some_and(|edit| start < edit.range.end) {
            return; // broken, which is told when the whole is read
        }
        let rest = &self.cell[question.end..];
        let rest = rest.strip_prefix('?').unwrap_or(rest).trim_start_matches([' ', '\t']);
        if rest.is_empty() || rest.starts_with('\n') {
            self.replace(start..self.cell.len() - rest.len(), "pass".to_owned());
        }
    }

    /// A line that begins with a mark, or the right side of an `=` that does.
    fn escape(&mut self, range: Range<usize>, assigned: bool) {
        let raw = &self.cell[range.clone()];
        let command = raw.replace("\\\n", " ");
        let command = command.trim_end();
        match command.as_bytes() {
            [b'!', b'!', ..] => self.shell(range, "getoutput", &command[2..]),
            [b'!', ..] if assigned => self.shell(range, "getoutput", &command[1..]),
            [b'!', ..] => self.shell(range, "system", &command[1..]),
            [b'%', ..] if !command.ends_with('?') => {
                self.magic(range, command.trim_start_matches('%'), assigned);
            }
            [mark @ (b',' | b';' | b'/'), ..] => {
                let call = autocall(*mark, &command[1..]);
                self.replace(range, call);
            }
            _ if assigned => self.replace(range, "None".to_owned()),
            _ => self.replace(range, "pass".to_owned()),
        }
    }

    fn magic(&mut self, range: Range<usize>, command: &str, assigned: bool) {
        let (name, line) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let line = line.trim();
        let nothing = if assigned { "None" } else { "pass" }.to_owned();
        match name {
            "pip" if !assigned => self.shell(range, "system", command),
            "sx" | "system" => self.shell(range, "getoutput", line),
            "env" | "set_env" if !line.is_empty() => self.environment(range, name, line, assigned),
            "timeit" | "prun" if embedded::mentions(line) => {
                self.shell = true;
                let script = padded(call("run_line_magic", &[name, line]), &self.cell[range.clone()]);
                let code = embedded::timed(line).unwrap_or_else(|| script.trim_end().to_owned());
                let text = padded(code, &self.cell[range.clone()]);
                self.edits.push(Edit { range, text, script, obstacles: Vec::new(), reads: Vec::new() });
            }
            "conda" | "mamba" | "micromamba" if line.starts_with("install") => {
                self.edit(range, nothing, vec![Obstacle::Conda]);
            }
            "time" if parse_module(line).is_ok() && !line.is_empty() => {
                self.shell = true;
                let script = padded(call("run_line_magic", &["time", line]), &self.cell[range.clone()]);
                let text = padded(line.to_owned(), &self.cell[range.clone()]);
                self.edits.push(Edit { range, text, script, obstacles: Vec::new(), reads: Vec::new() });
            }
            _ if !assigned && IDLE.iter().any(|idle| command.starts_with(idle)) => {
                self.replace(range, "pass".to_owned());
            }
            _ => self.embedded(range, call("run_line_magic", &[name, line]), line, Vec::new()),
        }
    }

    /// `%env name=value`, `%set_env name value`, `%env name`: the text that is read shows the effect.
    fn environment(&mut self, range: Range<usize>, name: &str, line: &str, assigned: bool) {
        self.shell = true;
        let script = padded(call("run_line_magic", &[name, line]), &self.cell[range.clone()]);
        let text = padded(embedded::environment(line, assigned), &self.cell[range.clone()]);
        self.edits.push(Edit { range, text, script, obstacles: Vec::new(), reads: Vec::new() });
    }

    /// A call with a text whose braces IPython evaluates: the text that is read shows that too.
    fn embedded(&mut self, range: Range<usize>, script: String, command: &str, obstacles: Vec<Obstacle>) {
        let text = padded(embedded::shown(&script, command), &self.cell[range.clone()]);
        let script = padded(script, &self.cell[range.clone()]);
        self.edits.push(Edit { range, text, script, obstacles, reads: Vec::new() });
    }

    /// A shell command, perhaps one that installs packages, and the method that runs it.
    fn shell(&mut self, range: Range<usize>, method: &str, command: &str) {
        self.lift(range, method, command);
        if let Some(edit) = self.edits.last_mut() {
            edit.reads = shell::reads(command).into_iter().map(|(_, name)| name.to_owned()).collect();
        }
    }

    fn lift(&mut self, range: Range<usize>, method: &str, command: &str) {
        let lifted = shell::lift(command);
        let obstacles = lifted.left.iter().map(|(_, obstacle)| *obstacle).collect();
        if lifted.installs.is_empty() {
            return self.embedded(range, call(method, &[command]), command, obstacles);
        }
        let nothing = if method == "system" { "pass" } else { "[]" }.to_owned();
        let rest = lifted.rest.map_or(nothing, |rest| call(method, &[&rest]));
        let installs: Vec<_> = lifted.installs.into_iter().map(|(_, command)| command).collect();
        self.edit(range, format!("{rest}  # {}", installs.join(" && ")), obstacles);
    }

    fn replace(&mut self, range: Range<usize>, text: String) {
        self.edit(range, text, Vec::new());
    }

    fn edit(&mut self, range: Range<usize>, text: String, obstacles: Vec<Obstacle>) {
        let text = padded(text, &self.cell[range.clone()]);
        self.edits.push(Edit { range, script: text.clone(), text, obstacles, reads: Vec::new() });
    }
}

/// Whether a text begins with one of some words followed by one of others.
fn starts_with(text: &str, firsts: &[&str], seconds: &[&str]) -> bool {
    let after = |text: &str, words: &[&str]| {
        let rest = |word: &&str| {
            text.strip_prefix(*word).filter(|rest| rest.starts_with([' ', '\t', '\n', ';', '(']))
        };
        words.iter().find_map(rest).map(|rest| text.len() - rest.len())
    };
    let Some(at) = after(text, firsts) else { return false };
    after(text[at..].trim_start_matches([' ', '\t']), seconds).is_some()
}

/// An import from the future on one line and without comments.
fn future_import(text: &str) -> Option<String> {
    let parsed = parse_module(text).ok()?;
    let [Stmt::ImportFrom(import)] = parsed.syntax().body.as_slice() else { return None };
    let names = import.names.iter().map(|alias| match &alias.asname {
        Some(name) => format!("{} as {name}", alias.name),
        None => alias.name.to_string(),
    });
    Some(format!("from __future__ import {}", names.collect::<Vec<_>>().join(", ")))
}

/// A text padded to as many line ends as the one it replaces.
fn padded(text: String, place: &str) -> String {
    text + &"\n".repeat(place.matches('\n').count())
}
