//! Cells of IPython: what isn't Python in them becomes Python that does the same.

use std::ops::Range;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_module, parse_unchecked};
use ruff_text_size::Ranged;

use super::shell::{self, Obstacle};
use super::{Code, Remark};
use crate::frontend::python;

/// Cell magics whose body is Python, run by IPython.
const PYTHON_BODIES: &[&str] = &["capture", "timeit", "prun"];

/// Cell magics whose body is for a shell.
const SHELL_BODIES: &[&str] = &["bash", "sh", "script", "system", "sx", "!"];

/// Line magics that are about the screen or about editing, of which there is neither in a container.
const IDLE: &[&str] =
    &["matplotlib", "autoreload", "load_ext autoreload", "reload_ext autoreload", "config InlineBackend"];

/// Makes Python of a cell, a line for each line.
pub(super) fn translate(cell: &str) -> Code {
    let cell = dedented(cell);
    match Magic::of(&cell) {
        Some(magic) => magic.translate(),
        None => Translator::run(&cell),
    }
}

/// The cell without the indentation of its first line, as IPython takes it.
fn dedented(cell: &str) -> String {
    let first = cell.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = &first[..first.len() - first.trim_start_matches([' ', '\t']).len()];
    let lines = cell.split_inclusive('\n').map(|line| line.strip_prefix(indent).unwrap_or(line));
    lines.collect()
}

/// A cell magic: `%%name line`, and the body below.
struct Magic<'a> {
    /// Blank lines above.
    above: usize,
    name: &'a str,
    line: &'a str,
    body: &'a str,
}

impl<'a> Magic<'a> {
    fn of(cell: &'a str) -> Option<Self> {
        let text = cell.trim_start_matches(['\n', ' ', '\t']);
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let first = first.strip_prefix("%%")?.trim_end();
        let (name, line) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
        let above = cell[..cell.len() - text.len()].matches('\n').count();
        (!name.is_empty()).then_some(Self { above, name, line: line.trim(), body })
    }

    fn translate(&self) -> Code {
        let code = match self.name {
            "time" => self.timed(),
            name if PYTHON_BODIES.contains(&name) => self.python(),
            name if SHELL_BODIES.contains(&name) => self.shell(),
            _ => self.call(self.body, &[]),
        };
        let above = "\n".repeat(self.above);
        Code { text: format!("{above}{}", code.text), script: format!("{above}{}", code.script), ..code }
    }

    /// The body as it stands, between two looks at the clock.
    fn timed(&self) -> Code {
        let body = Translator::run(self.body);
        let script = format!(
            "_c3_start = __import__('time').perf_counter()\n{}\nprint(f\"Wall time: {{__import__('time').perf_counter() - _c3_start:.3f}} s\")",
            body.script.trim_end_matches('\n')
        );
        Code { text: format!("pass\n{}", body.text), script, ..body }.shifted("pass\n".len())
    }

    /// A body of Python that IPython runs: it is read like any other.
    fn python(&self) -> Code {
        let body = Translator::run(self.body);
        let idle = body.script.lines().all(is_idle);
        let script =
            if idle { format!("pass\n{}", body.script) } else { self.call(&body.script, &[]).script };
        Code { text: format!("pass\n{}", body.text), script, shell: !idle, ..body }.shifted("pass\n".len())
    }

    /// A body for a shell, without the installations in it.
    fn shell(&self) -> Code {
        let lifted = shell::lift(self.body);
        let line = |at: usize| self.body[..at].matches('\n').count();
        let installs: Vec<_> = lifted.installs.into_iter().map(|(at, command)| (line(at), command)).collect();
        let code = match &lifted.rest {
            Some(rest) => self.call(rest, &installs),
            None => same(lines("pass".to_owned(), self.body, &installs)),
        };
        let remarks = lifted.left.iter().map(|(_, obstacle)| remark(*obstacle, 0..1)).collect();
        Code { remarks, ..code }
    }

    /// A call of the magic, and a line for each line of the body.
    fn call(&self, body: &str, installs: &[(usize, String)]) -> Code {
        let (name, line) = (quoted(self.name), quoted(self.line));
        let call = format!("get_ipython().run_cell_magic({name}, {line}, {})", quoted(&ended(body)));
        same(lines(call, self.body, installs))
    }
}

/// A first line, and below it a line for each line of a body: a comment where packages are installed.
fn lines(first: String, body: &str, installs: &[(usize, String)]) -> String {
    let below = body.lines().enumerate().map(|(at, _)| {
        let commands: Vec<&str> =
            installs.iter().filter(|(line, _)| *line == at).map(|(_, command)| command.as_str()).collect();
        if commands.is_empty() { String::new() } else { format!("# {}", commands.join(" && ")) }
    });
    std::iter::once(first).chain(below).collect::<Vec<_>>().join("\n")
}

fn same(text: String) -> Code {
    Code { script: text.clone(), text, ..Code::default() }
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Whether a line of generated Python does nothing.
fn is_idle(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line == "pass" || line.starts_with("pass  # ")
}

/// What takes the place of some bytes of a cell, with as many line ends.
struct Edit {
    range: Range<usize>,
    text: String,
    script: String,
}

/// Finds what isn't Python in a cell.
struct Translator<'a> {
    cell: &'a str,
    edits: Vec<Edit>,
    remarks: Vec<Remark>,
    futures: Vec<String>,
    shell: bool,
}

impl<'a> Translator<'a> {
    fn run(cell: &'a str) -> Code {
        let mut translator =
            Translator { cell, edits: Vec::new(), remarks: Vec::new(), futures: Vec::new(), shell: false };
        translator.scan();
        translator.finish()
    }

    fn finish(self) -> Code {
        let apply = |part: fn(&Edit) -> &str| {
            let (mut text, mut end) = (String::with_capacity(self.cell.len()), 0);
            for edit in &self.edits {
                text.push_str(&self.cell[end..edit.range.start]);
                text.push_str(part(edit));
                end = edit.range.end;
            }
            text.push_str(&self.cell[end..]);
            text
        };
        let (text, script) = (apply(|edit| &edit.text), apply(|edit| &edit.script));
        Code { text, script, shell: self.shell, futures: self.futures, remarks: self.remarks, trailer: None }
    }

    /// Walks over the tokens; only they tell a command from a piece of a string or of an expression.
    fn scan(&mut self) {
        if python::is_too_deep(self.cell) {
            return; // an error when the whole is read
        }
        let parsed = parse_unchecked(self.cell, ParseOptions::from(Mode::Ipython));
        let mut statement: Option<usize> = None;
        for token in parsed.tokens() {
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
                    self.begin(range.start);
                }
                _ => {}
            }
        }
    }

    /// Looks at the beginning of a statement: `pip install` without a mark is a magic, too, and imports from the
    /// future must stand first in a script.
    fn begin(&mut self, at: usize) {
        let line = self.logical_line(at);
        let text = &self.cell[line.clone()];
        let mut words = text.split_whitespace();
        match (words.next(), words.next()) {
            (Some("pip" | "pip3" | "conda" | "mamba"), Some("install" | "-q")) => self.system(line, text),
            (Some("from"), Some("__future__")) => {
                let end = self.cell[at..].find('\n').map_or(self.cell.len(), |end| at + end);
                let end = if text.contains('(') {
                    self.cell[at..].find(')').map_or(end, |close| at + close + 1)
                } else {
                    end
                };
                self.future(at..end);
            }
            _ => {}
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

    fn future(&mut self, range: Range<usize>) {
        let text = self.cell[range.clone()].to_owned();
        self.futures.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        let script = padded("pass".to_owned(), &text);
        self.edits.push(Edit { range, text, script });
    }

    /// `name?`: help is for a reader at the screen.
    fn help(&mut self, start: usize, question: &Range<usize>) {
        let end = self.logical_line(question.start).end;
        self.replace(start..end, "pass".to_owned());
    }

    /// A line that begins with a mark, or what stands behind `=`.
    fn escape(&mut self, range: Range<usize>, assigned: bool) {
        let raw = &self.cell[range.clone()];
        let command = raw.replace("\\\n", "");
        let command = command.trim_end();
        match command.as_bytes() {
            [b'!', b'!', ..] => self.call(range, "getoutput", &[&command[2..]]),
            [b'!', ..] if assigned => self.call(range, "getoutput", &[&command[1..]]),
            [b'!', ..] => self.system(range, &command[1..]),
            [b'%', ..] if !command.ends_with('?') => {
                self.magic(range, command.trim_start_matches('%'), assigned);
            }
            [mark @ (b',' | b';' | b'/'), ..] => {
                let call = autocall(*mark, &command[1..]);
                self.replace(range, call);
            }
            _ => self.replace(range, "pass".to_owned()),
        }
    }

    fn magic(&mut self, range: Range<usize>, command: &str, assigned: bool) {
        let (name, line) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let line = line.trim();
        match name {
            "pip" if !assigned => self.system(range, command),
            "conda" | "mamba" | "micromamba" if line.starts_with("install") => {
                self.remarks.push(remark(Obstacle::Conda, range.clone()));
                self.replace(range, "pass".to_owned());
            }
            "time" if parse_module(line).is_ok() && !line.is_empty() => {
                self.shell = true;
                let script = padded(
                    format!("get_ipython().run_line_magic('time', {})", quoted(line)),
                    &self.cell[range.clone()],
                );
                let text = padded(line.to_owned(), &self.cell[range.clone()]);
                self.edits.push(Edit { range, text, script });
            }
            _ if !assigned && IDLE.iter().any(|idle| command.starts_with(idle)) => {
                self.replace(range, "pass".to_owned());
            }
            _ => self.call(range, "run_line_magic", &[name, line]),
        }
    }

    /// A command for the shell, perhaps one that installs packages.
    fn system(&mut self, range: Range<usize>, command: &str) {
        let lifted = shell::lift(command);
        self.remarks.extend(lifted.left.iter().map(|(_, obstacle)| remark(*obstacle, range.clone())));
        if lifted.installs.is_empty() {
            return self.call(range, "system", &[command]);
        }
        let call =
            lifted.rest.map_or("pass".to_owned(), |rest| format!("get_ipython().system({})", quoted(&rest)));
        let installs: Vec<_> = lifted.installs.into_iter().map(|(_, command)| command).collect();
        self.replace(range, format!("{call}  # {}", installs.join(" && ")));
    }

    fn call(&mut self, range: Range<usize>, function: &str, arguments: &[&str]) {
        let arguments: Vec<_> = arguments.iter().map(|argument| quoted(argument)).collect();
        self.replace(range, format!("get_ipython().{function}({})", arguments.join(", ")));
    }

    fn replace(&mut self, range: Range<usize>, text: String) {
        let text = padded(text, &self.cell[range.clone()]);
        self.edits.push(Edit { range, script: text.clone(), text });
    }
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
