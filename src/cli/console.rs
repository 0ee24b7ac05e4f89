//! What a user sees: diagnostics and failures on standard error, data on standard output. This is the door of the
//! terminal: whatever foreign text goes through it is shown escaped and without passwords.

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use c3::diagnostic::{Diagnostic, Severity};
use c3::report::terminal;
use c3::source::Source;
use c3::{shown, userinfo};
use serde_json::json;

use super::options::{Format, LogLevel};
use c3::failure::{Failure, INPUT};

mod json;

/// Most diagnostics of one source that are shown, errors apart.
const MAX_DIAGNOSTICS: usize = 100;

/// What is told of one source, in the order in which it is found.
#[derive(Debug, Default)]
pub(crate) struct Messages(String);

impl Messages {
    /// Adds the diagnostics of a source that are important enough.
    pub(crate) fn add(&mut self, diagnostics: &[Diagnostic], source: &Source, level: LogLevel) {
        let shown = diagnostics.iter().filter(|diagnostic| diagnostic.severity >= threshold(level));
        let (first, rest): (Vec<_>, Vec<_>) = shown.enumerate().partition(|(index, diagnostic)| {
            *index < MAX_DIAGNOSTICS || diagnostic.severity == Severity::Error
        });
        for (_, diagnostic) in first {
            self.0.extend([terminal::render(diagnostic, source, true).as_str(), "\n"]);
        }
        if !rest.is_empty() {
            let path = source.display();
            let _ = writeln!(self.0, "… and {} more of `{}`", rest.len(), shown::line(&path));
        }
    }

    /// Shows them.
    pub(crate) fn show(&self) {
        let _ = anstream::stderr().lock().write_all(self.0.as_bytes());
    }
}

/// Shows the diagnostics of a source that are important enough.
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

/// Shows lines that explain something.
pub(crate) fn details(lines: &[String]) {
    let mut stderr = anstream::stderr().lock();
    for line in lines {
        // The colours of other programs are of no use here.
        let line = anstream::adapter::strip_str(line).to_string();
        let _ = writeln!(stderr, "  {}", shown::line(&line));
    }
}

/// Shows why a command ends early.
pub(crate) fn failure(failure: &Failure) {
    details(&failure.details);
    let mut stderr = anstream::stderr().lock();
    if let Some(message) = &failure.message {
        let message = userinfo::mask_words(message);
        let _ = writeln!(stderr, "\x1b[1;31merror\x1b[0m: {}", shown::text(&message));
    }
    if let Some(hint) = &failure.hint {
        let hint = userinfo::mask_words(hint);
        let _ = writeln!(stderr, "\x1b[1;36mhint\x1b[0m: {}", shown::line(&hint));
    }
}

/// Tells what is doubtful, unless the user wants to know of errors only.
pub(crate) fn warning(message: &str, level: LogLevel) {
    if level <= LogLevel::Warning {
        let _ = writeln!(anstream::stderr().lock(), "\x1b[1;33mwarning\x1b[0m: {}", shown::line(message));
    }
}

/// Tells what is going on, unless the user wants to know of problems only.
pub(crate) fn info(message: &str, level: LogLevel) {
    if level <= LogLevel::Info {
        let _ = writeln!(anstream::stderr().lock(), "{}", shown::text(message));
    }
}

/// Tells what is to be done next with something, if there is anything.
pub(crate) fn next(name: &str, steps: &[String], level: LogLevel) {
    if !steps.is_empty() {
        let lines: String = steps.iter().map(|step| format!("\n  {step}")).collect();
        info(&format!("next, for {name}:{lines}"), level);
    }
}

/// Whether somebody is there to answer.
pub(crate) fn answers() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks and gives the answer, in lower case; nothing if there won't be one.
pub(crate) fn ask(question: &str) -> Option<String> {
    let _ = write!(anstream::stderr().lock(), "{}", shown::text(question));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer).ok()?;
    (read > 0).then(|| answer.trim().to_lowercase())
}

/// Prints data for people.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_exact(&shown::text(text))
}

/// Prints what other programs read, or only what may be shown of it where it is shown.
pub(crate) fn print_for_programs(text: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() { print(text) } else { print_exact(text) }
}

/// Prints a text as it is; a reader that has gone away is no error.
fn print_exact(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(INPUT, format!("cannot write to the standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints diagnostics that were rendered, in colours where there are some.
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    let stdout = std::io::stdout();
    let shown = match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    };
    print_exact(&shown)
}

/// Prints data as JSON, in which hidden characters are escaped and passwords in URLs masked.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = json::text(value);
    let text = text.map_err(|error| Failure::new(INPUT, format!("cannot write JSON: {error}")))?;
    print_exact(&format!("{text}\n"))
}

/// Shows what is wrong with the command line, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error) {
    let text = error.render().to_string();
    let masked = userinfo::mask_words(&text);
    let shown = shown::text(&masked);
    if !error.use_stderr() || shown == text {
        let _ = error.print();
    } else {
        let _ = write!(anstream::stderr().lock(), "{shown}");
    }
}

/// Tells which files were written.
pub(crate) fn print_files(name: &str, files: &[PathBuf], format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(&json!({"schema_version": 1, "name": name, "files": files})),
        Format::Text => print(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>()),
    }
}
