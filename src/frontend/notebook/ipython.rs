//! Cells of IPython: what isn't Python in them becomes Python that does the same.

use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::Stmt;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, lexer, parse_module, parse_unchecked};
use ruff_text_size::Ranged;

use super::shell::{self, Lifted, Obstacle};
use super::{Code, Remark, layout, prose_line};
use crate::frontend::python;

/// Cell magics whose body is Python, run by IPython.
const PYTHON_BODIES: &[&str] = &["capture", "timeit", "prun"];

/// Cell magics whose body is for a shell.
const SHELL_BODIES: &[&str] = &["bash", "sh", "system", "sx", "!"];

/// Shells that `%%script` may call.
const SHELLS: &[&str] = &["bash", "sh", "dash", "zsh", "ksh"];

/// Line magics that are about the screen or about editing, of which there is neither in a container.
const IDLE: &[&str] =
    &["matplotlib", "autoreload", "load_ext autoreload", "reload_ext autoreload", "config InlineBackend"];

/// Line magics that people call without a mark, which a cell of one line may do.
const UNMARKED: &[&str] = &[
    "cat",
    "cd",
    "conda",
    "cp",
    "env",
    "less",
    "load",
    "load_ext",
    "ls",
    "mamba",
    "man",
    "matplotlib",
    "mkdir",
    "more",
    "mv",
    "pwd",
    "pylab",
    "reload_ext",
    "rm",
    "rmdir",
    "run",
    "set_env",
    "time",
    "timeit",
    "who",
    "whos",
];

/// How deep cell magics are looked for in the bodies of others.
const MAX_DEPTH: usize = 3;

/// Makes Python of a cell, a line for each line.
pub(super) fn translate(cell: &str) -> Code {
    translate_in(cell, 0)
}

fn translate_in(cell: &str, depth: usize) -> Code {
    let cell = layout::cleaned(cell);
    match Magic::of(&cell).filter(|_| depth < MAX_DEPTH) {
        Some(magic) => magic.translate(depth),
        None => Translator::run(&marked(cell)),
    }
}

/// The cell with `%` before a magic that it calls without.
fn marked(cell: String) -> String {
    let text = cell.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_magic = UNMARKED.contains(&name)
        && !text.contains('\n')
        && (rest.is_empty()
            || rest.trim_start().starts_with(['-', '/', '~', '*'])
            || (!python::is_too_deep(text) && parse_module(text).is_err()));
    if is_magic { cell.replacen(name, &format!("%{name}"), 1) } else { cell }
}

/// A cell magic: `%%name line`, and the body below.
struct Magic<'a> {
    /// Blank lines and comments above.
    above: &'a str,
    name: &'a str,
    line: &'a str,
    body: &'a str,
}

impl<'a> Magic<'a> {
    fn of(cell: &'a str) -> Option<Self> {
        let is_above = |line: &&str| line.trim().is_empty() || line.starts_with('#');
        let above = cell.split_inclusive('\n').take_while(is_above).map(str::len).sum();
        let (above, text) = cell.split_at(above);
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let first = first.strip_prefix("%%")?.trim_end();
        let (name, line) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
        let is_name = !name.is_empty() && !name.ends_with('?');
        is_name.then_some(Self { above, name, line: line.trim(), body })
    }

    fn translate(&self, depth: usize) -> Code {
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

    /// The body as it stands, between two looks at the clock.
    fn timed(&self, depth: usize) -> Code {
        let body = translate_in(self.body, depth + 1);
        let script = format!(
            "_c3_start = __import__('time').perf_counter()\n{}\nprint(f\"Wall time: {{__import__('time').perf_counter() - _c3_start:.3f}} s\")",
            body.script.trim_end_matches('\n')
        );
        Code { text: format!("pass\n{}", body.text), script, ..body }.shifted("pass\n".len())
    }

    /// A body of Python that IPython runs: it is read like any other.
    fn python(&self, depth: usize) -> Code {
        let body = translate_in(self.body, depth + 1);
        let binds = self.name == "capture" && self.line.split_whitespace().any(|word| !word.starts_with('-'));
        let idle = !binds && body.script.lines().all(is_idle);
        let script = if idle { format!("pass\n{}", body.script) } else { self.run(&body.script) };
        Code { text: format!("pass\n{}", body.text), script, shell: !idle, ..body }.shifted("pass\n".len())
    }

    /// A body for a shell, without the installations in it.
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
        let remarks = lifted.left.iter().map(|(range, obstacle)| remark(*obstacle, place(range))).collect();
        Code { remarks, ..code }
    }

    /// A call of the magic; what is read shows its body as prose, and as comments what it installs.
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
        let text =
            std::iter::once(prose_line(&format!("%%{} {}", self.name, self.line))).chain(below).collect();
        Code { text, script: self.run(body), shell: true, ..Code::default() }
    }

    fn run(&self, body: &str) -> String {
        call("run_cell_magic", &[self.name, self.line, &ended(body)]) + "\n"
    }
}

/// Where the lines of a text begin.
fn starts(text: &str) -> Vec<usize> {
    let lines =
        text.split_inclusive('\n').scan(0, |end, line| Some(std::mem::replace(end, *end + line.len())));
    lines.collect()
}

/// The line of a byte, from 0, told by where lines begin.
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

/// What takes the place of some bytes of a cell, with as many line ends.
struct Edit {
    range: Range<usize>,
    text: String,
    script: String,
    /// What is doubtful about it.
    obstacles: Vec<Obstacle>,
}

/// Finds what isn't Python in a cell.
struct Translator<'a> {
    cell: &'a str,
    edits: Vec<Edit>,
    futures: Vec<String>,
    shell: bool,
}

impl<'a> Translator<'a> {
    fn run(cell: &'a str) -> Code {
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
            text.push_str(&edit.text);
            script.extend([before, &edit.script]);
            end = edit.range.end;
        }
        text.push_str(&self.cell[end..]);
        script.push_str(&self.cell[end..]);
        Code { text, script, shell: self.shell, futures: self.futures, remarks, trailer: None }
    }

    /// Walks over the tokens; only they tell a command from a piece of a string or of an expression.
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

    /// Looks at the beginning of each line of a cell that doesn't even consist of tokens, lest what is right be told
    /// as wrong.
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

    /// Looks at the beginning of a statement: `pip install` without a mark is a magic, too, and imports from the
    /// future must stand first in a script.
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

    /// A line with those that a backslash joins to it.
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

    /// An import from the future, whose statement begins with some tokens.
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
        self.edits.push(Edit { range, text, script, obstacles: Vec::new() });
    }

    /// `name?`: help is for a reader at the screen.
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

    /// A line that begins with a mark, or what stands behind `=`.
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
            "conda" | "mamba" | "micromamba" if line.starts_with("install") => {
                self.edit(range, nothing, vec![Obstacle::Conda]);
            }
            "time" if parse_module(line).is_ok() && !line.is_empty() => {
                self.shell = true;
                let script = padded(call("run_line_magic", &["time", line]), &self.cell[range.clone()]);
                let text = padded(line.to_owned(), &self.cell[range.clone()]);
                self.edits.push(Edit { range, text, script, obstacles: Vec::new() });
            }
            _ if !assigned && IDLE.iter().any(|idle| command.starts_with(idle)) => {
                self.replace(range, "pass".to_owned());
            }
            _ => self.replace(range, call("run_line_magic", &[name, line])),
        }
    }

    /// A command for the shell, perhaps one that installs packages, and the method that runs it.
    fn shell(&mut self, range: Range<usize>, method: &str, command: &str) {
        let lifted = shell::lift(command);
        let obstacles = lifted.left.iter().map(|(_, obstacle)| *obstacle).collect();
        if lifted.installs.is_empty() {
            return self.edit(range, call(method, &[command]), obstacles);
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
        self.edits.push(Edit { range, script: text.clone(), text, obstacles });
    }
}

/// Whether a text begins with one of some words and then one of others.
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

/// A cell whose tokens have their places, but all of whose escapes are `%` or `!`: the parser doesn't survive others
/// behind a bracket that is left open.
fn masked(cell: &str) -> String {
    let mut continued = false;
    let lines = cell.split_inclusive('\n').map(|line| {
        let text = line.trim_start_matches([' ', '\t', '\u{c}']);
        let is_escape = text.starts_with(['!', '%', '?', ',', ';', '/']);
        let masked = if is_escape { masked_escape(line, text) } else { line.to_owned() };
        let masked = if is_escape || continued { masked.replace('?', "_") } else { masked };
        continued = line.ends_with("\\\n") && (is_escape || continued);
        masked
    });
    lines.collect()
}

/// Whether a cell holds something that is no token.
fn is_torn(cell: &str) -> bool {
    let mut lexer = lexer::lex(cell, Mode::Ipython);
    while lexer.next_token() != TokenKind::EndOfFile {}
    !lexer.finish().is_empty()
}

fn masked_escape(line: &str, text: &str) -> String {
    let indent = &line[..line.len() - text.len()];
    let mark = if text.starts_with('!') { '!' } else { '%' };
    let rest = &text[1..];
    match rest.strip_prefix(['!', '%']) {
        Some(rest) => format!("{indent}{mark} {rest}"),
        None => format!("{indent}{mark}{rest}"),
    }
}

/// A call of a method of the shell's.
fn call(method: &str, arguments: &[&str]) -> String {
    let arguments: Vec<_> = arguments.iter().map(|argument| quoted(argument)).collect();
    format!("get_ipython().{method}({})", arguments.join(", "))
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

/// A text with as many line ends as that in whose place it stands.
fn padded(text: String, place: &str) -> String {
    text + &"\n".repeat(place.matches('\n').count())
}

/// `,f a b` → `f("a", "b")`, `;f a b` → `f("a b")`, `/f a, b` → `f(a, b)`.
fn autocall(mark: u8, command: &str) -> String {
    let (function, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let arguments = arguments.trim();
    let arguments = match mark {
        b',' => arguments.split_whitespace().map(quoted).collect::<Vec<_>>().join(", "),
        b';' => quoted(arguments),
        _ => arguments.split_whitespace().collect::<Vec<_>>().join(", ").replace(",,", ","),
    };
    format!("{function}({arguments})")
}

/// A text as a literal of Python's on one line.
fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|character| match character {
            '\\' => "\\\\".to_owned(),
            '\'' => "\\'".to_owned(),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            character if character.is_control() => format!("\\x{:02x}", u32::from(character)),
            character => character.to_string(),
        })
        .collect();
    format!("'{inner}'")
}

fn remark(obstacle: Obstacle, span: Range<usize>) -> Remark {
    let (message, hint) = match obstacle {
        Obstacle::Computed => (
            "what is installed here is known at run time only, so it isn't in the image",
            "name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::Conda => (
            "conda's packages aren't installed: the image has no conda",
            "name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::System => (
            "system packages can't be installed in a running container, which isn't root",
            "write the command as a comment of its own, `# dnf install …`: it is run when the image is built",
        ),
    };
    Remark { message, hint, span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_python() {
        let cases = [
            ("x = 1\n", "x = 1\n"),
            ("!ls\n", "get_ipython().system('ls')\n"),
            ("x = !ls -l", "x = get_ipython().getoutput('ls -l')"),
            ("x = !pip install a", "x = []  # pip install a"),
            ("!!ls", "get_ipython().getoutput('ls')"),
            ("!echo a \\\n  b\nx", "get_ipython().system('echo a    b')\n\nx"),
            ("%cd /tmp", "get_ipython().run_line_magic('cd', '/tmp')"),
            ("x = %conda install a", "x = None"),
            ("if x:\n    %matplotlib inline\n", "if x:\n    pass\n"),
            ("x = {a: 1\n, b: 2\n}\n!ls", "x = {a: 1\n, b: 2\n}\nget_ipython().system('ls')"),
            ("f(\n  a\n/ b)\n,f a b", "f(\n  a\n/ b)\nf('a', 'b')"),
            ("s = '''\n!ls\n'''", "s = '''\n!ls\n'''"),
            ("x?\ny??", "pass\npass"),
            ("a ? b", "a ? b"),
            ("cd /tmp", "get_ipython().run_line_magic('cd', '/tmp')"),
            ("ls = 1", "ls = 1"),
            ("cd /tmp\nx = 1", "cd /tmp\nx = 1"),
            ("%%bash\npip install a", "pass\n"),
            ("# c\n%%html\n<b>", "# c\nget_ipython().run_cell_magic('html', '', '<b>\\n')\n"),
            ("%%time\n%%bash\npip install a", "pass"),
            (
                "%%script false\npip install a",
                "get_ipython().run_cell_magic('script', 'false', 'pip install a\\n')\n",
            ),
        ];
        for (cell, script) in cases {
            let found = translate(cell).script;
            let found = found.split('\n').filter(|line| !line.contains("perf_counter")).collect::<Vec<_>>();
            assert_eq!(found.join("\n"), script, "{cell}");
        }
    }

    #[test]
    fn imports_from_the_future_are_taken_out() {
        let cases = [
            ("from __future__ import a as b  # why\nx", "pass  # why\nx"),
            ("from __future__ import (a as b)  # why; not", "pass"),
            ("from __future__ import a as b; x = 1", "pass; x = 1"),
        ];
        for (cell, script) in cases {
            let code = translate(cell);
            assert_eq!((code.script.as_str(), code.text.as_str()), (script, cell));
            assert_eq!(code.futures, ["from __future__ import a as b"]);
        }
    }

    #[test]
    fn brackets_left_open_are_survived() {
        for mark in ["%%x", "!!x", "?x", "%x?", "!x?", ",f a", ";f a", "/f a", "%x \\\n  y?", "\\/x", "$!!x"]
        {
            for open in ["{a b\nif x:\n  c)d\n", "(\n", "x = [1,\n\n", "f'{\n", "{'''\n"] {
                translate(&format!("{open}{mark}\n"));
            }
        }
    }
}
