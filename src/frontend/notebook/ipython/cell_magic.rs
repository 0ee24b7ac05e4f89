//! Cell magics: `%%name line`, and the body below.

use std::collections::BTreeMap;
use std::ops::Range;

use super::call::call;
use super::{embedded, read_by_shell, remark, translate_in};
use crate::frontend::notebook::shell::{self, Lifted};
use crate::frontend::notebook::{Code, Remark, prose_line};

/// Cell magics with a body of Python, run by IPython.
const PYTHON_BODIES: &[&str] = &["capture", "timeit", "prun"];

/// Cell magics with a body for a shell.
const SHELL_BODIES: &[&str] = &["bash", "sh", "system", "sx", "!"];

/// Shells that `%%script` may call.
const SHELLS: &[&str] = &["bash", "sh", "dash", "zsh", "ksh"];

/// A cell magic: `%%name line`, and the body below.
pub(super) struct Magic<'a> {
    /// Blank lines and comments above.
    above: &'a str,
    name: &'a str,
    line: &'a str,
    body: &'a str,
}

impl<'a> Magic<'a> {
    pub(super) fn of(cell: &'a str) -> Option<Self> {
        let is_above = |line: &&str| line.trim().is_empty() || line.starts_with('#');
        let above = cell.split_inclusive('\n').take_while(is_above).map(str::len).sum();
        let (above, text) = cell.split_at(above);
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let first = first.strip_prefix("%%")?.trim_end();
        let (name, line) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
        let is_name = !name.is_empty() && !name.ends_with('?');
        is_name.then_some(Self { above, name, line: line.trim(), body })
    }

    pub(super) fn translate(&self, depth: usize) -> Code {
        let code = match self.name {
            "time" => self.timed(depth),
            name if PYTHON_BODIES.contains(&name) => self.python(depth),
            _ if self.is_for_shell() => self.shell(),
            _ => self.call(self.body, &Lifted::default()),
        };
        let above = self.above;
        Code { text: format!("{above}{}", code.text), script: format!("{above}{}", code.script), ..code }
            .shifted(above.len())
    }

    fn is_for_shell(&self) -> bool {
        let program = self.line.split_whitespace().next_back().unwrap_or_default();
        SHELL_BODIES.contains(&self.name) || (self.name == "script" && SHELLS.contains(&program))
    }

    /// The body as it is, between two readings of the clock.
    fn timed(&self, depth: usize) -> Code {
        let body = translate_in(self.body, depth + 1);
        let script = format!(
            "_c3_start = __import__('time').perf_counter()\n{}\nprint(f\"Wall time: {{__import__('time').perf_counter() - _c3_start:.3f}} s\")",
            body.script.trim_end_matches('\n')
        );
        Code { text: format!("pass\n{}", body.text), script, ..body }.shifted("pass\n".len())
    }

    /// A body of Python that IPython runs; it is read like any other.
    fn python(&self, depth: usize) -> Code {
        let body = translate_in(self.body, depth + 1);
        let binds = self.name == "capture" && self.line.split_whitespace().any(|word| !word.starts_with('-'));
        let idle = !binds && body.script.lines().all(is_idle);
        let script = if idle { format!("pass\n{}", body.script) } else { self.run(&body.script) };
        Code { text: format!("pass\n{}", body.text), script, shell: !idle, ..body }.shifted("pass\n".len())
    }

    /// A body for a shell, without its installations.
    fn shell(&self) -> Code {
        let lifted = shell::lift(self.body);
        let code = match &lifted.rest {
            Some(rest) => self.call(rest, &lifted),
            None => Code { shell: false, script: "pass\n".to_owned(), ..self.call("", &lifted) },
        };
        let (lines, shown) = (starts(self.body), starts(&code.text));
        let place = |range: &Range<usize>| {
            let text = &self.body[range.clone()];
            let line = line_of(&lines, range.start + text.len() - text.trim_start().len()) + 1;
            let start = shown.get(line).copied().unwrap_or(code.text.len());
            start..start + code.text[start..].lines().next().unwrap_or_default().len()
        };
        let left = lifted.left.iter().map(|(range, obstacle)| remark(*obstacle, place(range)));
        // IPython puts no values into the body.
        let read = shell::reads(self.body).into_iter().take(1);
        let read = read.map(|(at, _)| read_by_shell(place(&(at..self.body.len())), Vec::new()));
        let remarks = left.chain(read).chain(code.remarks).collect();
        Code { remarks, ..code }
    }

    /// A call of the magic; the text that is read shows its body as prose, and its installations as comments.
    fn call(&self, body: &str, lifted: &Lifted) -> Code {
        let lines = starts(self.body);
        let mut installs: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (at, command) in &lifted.installs {
            installs.entry(line_of(&lines, *at)).or_default().push(command);
        }
        let below = self.body.lines().enumerate().map(|(at, text)| match installs.get(&at) {
            Some(commands) => format!("# {}\n", commands.join(" && ")),
            None => prose_line(text),
        });
        let text: String =
            std::iter::once(prose_line(&format!("%%{} {}", self.name, self.line))).chain(below).collect();
        let remarks = if embedded::mentions(self.body) { vec![Self::unread(&text)] } else { Vec::new() };
        Code { text, script: self.run(body), shell: true, remarks, ..Code::default() }
    }

    /// The remark about the environment in a body that isn't read.
    fn unread(text: &str) -> Remark {
        let at = text.lines().scan(0, |start, line| {
            let here = *start;
            *start += line.len() + 1;
            Some((here, line))
        });
        let found = at.clone().find(|(_, line)| embedded::mentions(line)).unwrap_or((0, ""));
        Remark {
            code: "whole-environment",
            message: "the environment is used in code that c3 doesn't read",
            hint: "a variable that is read or set there is not part of the interface; read it in a cell of its own",
            span: found.0..found.0 + found.1.len(),
            names: Vec::new(),
        }
    }

    fn run(&self, body: &str) -> String {
        call("run_cell_magic", &[self.name, self.line, &ended(body)]) + "\n"
    }
}

/// The start of each line.
fn starts(text: &str) -> Vec<usize> {
    let lines =
        text.split_inclusive('\n').scan(0, |end, line| Some(std::mem::replace(end, *end + line.len())));
    lines.collect()
}

/// The line of a byte, from 0, given the start of each line.
fn line_of(starts: &[usize], at: usize) -> usize {
    starts.partition_point(|&start| start <= at).saturating_sub(1)
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Whether a line of generated Python does nothing.
fn is_idle(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with('#')
        || line == "pass"
        || line.starts_with("pass  # ")
        || line.starts_with("[]  # ")
}
