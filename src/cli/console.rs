//! Output for users: diagnostics and failures on standard error, data on standard output. All foreign text on
//! its way to the terminal passes here: it is escaped, and passwords are masked.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use c3::diagnostic::{Diagnostic, Severity};
use c3::report::{Entry, messages, terminal, wrapped};
use c3::source::Source;
use c3::{display, userinfo};
use serde_json::json;

use super::options::{Format, LogLevel};
use c3::failure::{Failure, INPUT, USAGE};

mod json;
mod promise;

pub(crate) use c3::report::wrapped::hanging;
pub(crate) use promise::error as failure_json;
pub(crate) use promise::expect;

/// Maximum number of diagnostics per source, without errors.
const MAX_DIAGNOSTICS: usize = 100;

/// Width of the first column of a list, in characters.
const COLUMN: usize = 8;

/// The messages about one source, in order.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    text: String,
    entries: Vec<Entry>,
}

impl Messages {
    /// Adds the diagnostics of a source at or above the log level.
    pub(crate) fn add(&mut self, diagnostics: &[Diagnostic], source: &Source, level: LogLevel) {
        let is_kept =
            |diagnostic: &&Diagnostic| diagnostic.severity >= threshold(level).min(Severity::Warning);
        let entry = |diagnostic| Entry { file: source.display(), finding: source.resolve(diagnostic) };
        self.entries.extend(diagnostics.iter().filter(is_kept).map(entry));
        let shown = diagnostics.iter().filter(|diagnostic| diagnostic.severity >= threshold(level));
        let (first, rest): (Vec<_>, Vec<_>) = shown.enumerate().partition(|(index, diagnostic)| {
            *index < MAX_DIAGNOSTICS || diagnostic.severity == Severity::Error
        });
        for (_, diagnostic) in first {
            self.text.extend([terminal::render(diagnostic, source, true).as_str(), "\n"]);
        }
        if !rest.is_empty() {
            let path = source.display();
            let _ = writeln!(self.text, "… and {} more of `{}`", rest.len(), display::line(&path));
        }
    }

    /// Adds the messages collected elsewhere.
    pub(crate) fn append(&mut self, others: Self) {
        self.text.push_str(&others.text);
        self.entries.extend(others.entries);
    }

    /// Adds a one-line warning about a source.
    pub(crate) fn add_line(&mut self, warning: &Diagnostic, source: &Source, level: LogLevel) {
        self.entries.push(Entry { file: source.display(), finding: source.resolve(warning) });
        if warning.severity >= threshold(level) {
            let (code, message) = (warning.code, display::line(&warning.message));
            let _ = writeln!(self.text, "\x1b[1;33mwarning\x1b[0m[{code}]: {message}");
        }
    }

    /// Shows them.
    pub(crate) fn show(&self) {
        self.entries.iter().for_each(messages::keep);
        show(&self.text);
    }
}

/// Shows the diagnostics of a source at or above the log level.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic], source: &Source, level: LogLevel) {
    let mut messages = Messages::default();
    messages.add(diagnostics, source, level);
    messages.show();
}

fn threshold(level: LogLevel) -> Severity {
    match level {
        LogLevel::Debug | LogLevel::Info => Severity::Note,
        LogLevel::Warning => Severity::Warning,
        LogLevel::Error | LogLevel::Critical => Severity::Error,
    }
}

/// Shows rendered messages.
fn show(text: &str) {
    let text = wrapped::titles(text, wrapped::width(&std::io::stderr()));
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Shows explanatory lines.
pub(crate) fn details(lines: &[String]) {
    let mut stderr = anstream::stderr().lock();
    for line in lines {
        // The colours of other programs are of no use here.
        let line = anstream::adapter::strip_str(line).to_string();
        let _ = writeln!(stderr, "  {}", display::line(&line));
    }
}

/// Shows why a command failed, and prints it as JSON if `--format json` still owes a document.
pub(crate) fn end(failure: &Failure) {
    self::failure(failure);
    let _ = promise::of_failure(failure).map(|document| print_json(&document));
}

/// Shows a failure.
pub(crate) fn failure(failure: &Failure) {
    details(&failure.details);
    let width = wrapped::width(&std::io::stderr());
    let mut stderr = anstream::stderr().lock();
    if let Some(message) = &failure.message {
        let message = userinfo::mask_words(message);
        let text = format!("\x1b[1;31merror\x1b[0m: {}\n", display::text(&message));
        let _ = stderr.write_all(wrapped::titles(&text, width).as_bytes());
    }
    if let Some(hint) = &failure.hint {
        let hint = userinfo::mask_words(hint);
        let text = format!("\x1b[1;36mhint\x1b[0m: {}\n", display::line(&hint));
        let _ = stderr.write_all(wrapped::titles(&text, width).as_bytes());
    }
}

/// Shows a warning, unless the log level hides it.
pub(crate) fn warning(message: &str, level: LogLevel) {
    messages::warn(message);
    if level <= LogLevel::Warning {
        show(&format!("\x1b[1;33mwarning\x1b[0m: {}\n", display::line(message)));
    }
}

/// Shows progress, unless the log level hides it.
pub(crate) fn info(message: &str, level: LogLevel) {
    if level <= LogLevel::Info {
        show(&format!("{}\n", display::text(message)));
    }
}

/// Shows next steps for something, if there are any.
pub(crate) fn next(name: &str, steps: &[String], level: LogLevel) {
    if !steps.is_empty() {
        let lines: String = steps.iter().map(|step| format!("\n  {step}")).collect();
        info(&format!("next, for {name}:{lines}"), level);
    }
}

/// A path as a shell takes it.
pub(crate) fn argument(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().display().to_string();
    let quoted = shlex::try_quote(&path).map(Cow::into_owned);
    display::line(&quoted.unwrap_or(path)).into_owned()
}

/// Suggests next commands in a line or two.
pub(crate) fn suggest(steps: &[String], level: LogLevel) {
    if !steps.is_empty() {
        info(&steps.iter().map(|step| format!("next: {step}")).collect::<Vec<_>>().join("\n"), level);
    }
}

/// Whether a user can answer questions.
pub(crate) fn answers() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks, and returns the answer in lower case; nothing at the end of the input.
pub(crate) fn ask(question: &str) -> Option<String> {
    typed(question).map(|answer| answer.to_lowercase())
}

/// Asks, and returns the answer as typed; nothing if it is empty.
pub(crate) fn answer(question: &str) -> Option<String> {
    typed(question).filter(|answer| !answer.is_empty())
}

/// Asks, and returns the typed line; nothing at the end of the input.
fn typed(question: &str) -> Option<String> {
    let _ = write!(anstream::stderr().lock(), "{}", display::text(question));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer).ok()?;
    (read > 0).then(|| answer.trim().to_owned())
}

/// Prints text wrapped to the width of the terminal, or to 80 columns.
pub(crate) fn print_wrapped(text: &str) -> Result<(), Failure> {
    print(&wrapped::hanging(text, 0, Some(stdout_width().unwrap_or(80))))
}

/// Prints lines, wrapped to the width of the terminal if there is one.
pub(crate) fn print_lines(text: &str) -> Result<(), Failure> {
    print(&wrapped::hanging(text, 0, stdout_width()))
}

/// Prints data for people.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_exact(&display::text(text))
}

/// Prints lines with the first word in its own column, wrapped to the width of the terminal.
pub(crate) fn print_hanging(lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let width = stdout_width();
    print(&lines.map(|line| wrapped::hanging(&display::text(&line), COLUMN, width)).collect::<String>())
}

/// The width of standard output, if it is a terminal.
pub(crate) fn stdout_width() -> Option<usize> {
    wrapped::width(&std::io::stdout())
}

/// Prints output for programs; on a terminal, escaped and with passwords masked.
pub(crate) fn print_for_programs(text: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() { print(text) } else { print_exact(text) }
}

/// Prints text unchanged; a closed pipe is no error.
fn print_exact(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(INPUT, format!("cannot write to the standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints rendered diagnostics, in colour if supported.
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    let stdout = std::io::stdout();
    let shown = match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    };
    print_exact(&wrapped::titles(&shown, wrapped::width(&stdout)))
}

/// Prints data as JSON with hidden characters escaped and passwords in URLs masked.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = match promise::with_messages(value) {
        Some(document) => json::text(&document),
        None => json::text(value),
    };
    let text = text.map_err(|error| Failure::new(INPUT, format!("cannot write JSON: {error}")))?;
    print_exact(&format!("{text}\n"))
}

/// Prints JSON of another tool's format, without messages in it.
pub(crate) fn print_json_alone(value: &impl serde::Serialize) -> Result<(), Failure> {
    promise::fulfil();
    print_json(value)
}

/// Shows a usage error, or the requested help.
pub(crate) fn usage(error: &clap::Error) {
    let text = error.render().to_string();
    if error.use_stderr() {
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let failure = Failure::new(USAGE, message);
        let _ = promise::of_failure(&failure).map(|document| print_json(&document));
    }
    let masked = userinfo::mask_words(&text);
    let shown = display::text(&masked);
    if error.use_stderr() {
        // Colours, unless something in the text had to be changed.
        let shown = if shown == text { error.render().ansi().to_string() } else { shown.into_owned() };
        let width = wrapped::width(&std::io::stderr());
        let _ = write!(anstream::stderr().lock(), "{}", wrapped::titles(&shown, width));
    } else {
        let _ = error.print();
    }
}

/// Lists the written files.
pub(crate) fn print_files(name: &str, files: &[PathBuf], format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(&json!({"schema_version": 1, "name": name, "files": files})),
        Format::Text => print(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>()),
    }
}
