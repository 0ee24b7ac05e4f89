//! Progress of long work: a spinner on a terminal, lines elsewhere, on standard error only.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::display;
use crate::report::{messages, wrapped};

/// Most characters shown of a step.
const BRIEF: usize = 120;

/// Duration from which a step's time is shown.
pub const LONG: Duration = Duration::from_secs(2);

/// Prefix of a warning.
const WARNING: &str = "\x1b[1;33mwarning\x1b[0m: ";

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Nothing.
    Quiet,
    /// Warnings.
    Warnings,
    /// Steps, one line each.
    Info,
    /// All output of the engine.
    Debug,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step has started.
    Started(String),
    /// Output of a step.
    Log(String),
    /// Information for the user.
    Info(String),
    /// A requested result, with its path.
    Delivered(String),
    /// A warning.
    Warning(String),
    /// A step has ended.
    Finished {
        /// The step.
        step: String,
        /// Whether it came from the cache.
        cached: bool,
    },
    /// Bytes were transferred.
    Moved {
        /// Bytes so far.
        done: u64,
        /// Total bytes, if known.
        total: Option<u64>,
    },
}

/// Shows events.
#[derive(Debug, Clone)]
pub struct Progress {
    verbosity: Verbosity,
    spinner: ProgressBar,
    /// The name of the task, if several run at once.
    name: Option<String>,
    /// The steps in progress, with their start times.
    started: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Progress {
    /// Shows this much on standard error, with a spinner on a terminal.
    #[must_use]
    pub fn new(verbosity: Verbosity) -> Self {
        let spins = verbosity >= Verbosity::Info && std::io::stderr().is_terminal();
        let target = if spins { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let spinner = ProgressBar::with_draw_target(None, target).with_style(style());
        Self { verbosity, spinner, name: None, started: Arc::default() }
    }

    /// Progress of one of several concurrent tasks, with its name on each line, and steps only at the highest
    /// verbosity.
    #[must_use]
    pub fn of_one(verbosity: Verbosity, name: &str) -> Self {
        let verbosity = if verbosity == Verbosity::Info { Verbosity::Warnings } else { verbosity };
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { verbosity, spinner, name: Some(name.to_owned()), started: Arc::default() }
    }

    /// Shows information for the user.
    pub fn info(&self, text: impl Into<String>) {
        self.report(&Event::Info(text.into()));
    }

    /// Shows the path of a requested result, unless only errors are wanted.
    pub fn deliver(&self, text: impl Into<String>) {
        self.report(&Event::Delivered(text.into()));
    }

    /// Shows a warning.
    pub fn warn(&self, text: impl Into<String>) {
        self.report(&Event::Warning(text.into()));
    }

    /// Processes an event.
    pub fn report(&self, event: &Event) {
        self.spin(event);
        if let Event::Warning(text) = event {
            messages::warn(text);
        }
        if let Some(line) = line(event, self.verbosity, self.spins()) {
            let label = if matches!(event, Event::Warning(_)) { WARNING } else { "" };
            self.print(label, &line);
        }
        if let Some(elapsed) = self.elapsed(event).filter(|elapsed| *elapsed >= LONG) {
            let shows = self.verbosity >= Verbosity::Info && !self.spins();
            let line = shows.then(|| format!("  took {}", seconds(elapsed)));
            if let Some(line) = line {
                self.print("", &line);
            }
        }
    }

    /// Removes the spinner.
    pub fn finish(&self) {
        self.spinner.finish_and_clear();
    }

    /// The duration of a finished step.
    fn elapsed(&self, event: &Event) -> Option<Duration> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started(step) => started.push((step.clone(), Instant::now())),
            Event::Finished { step, .. } => {
                let at = started.iter().position(|(begun, _)| begun == step)?;
                return Some(started.swap_remove(at).1.elapsed());
            }
            _ => {}
        }
        None
    }

    fn spins(&self) -> bool {
        !self.spinner.is_hidden()
    }

    fn spin(&self, event: &Event) {
        if !self.spins() {
            return;
        }
        match event {
            Event::Started(step) => {
                self.spinner.enable_steady_tick(Duration::from_millis(100));
                self.spinner.reset_elapsed();
                self.spinner.set_message(display::line(step).into_owned());
                self.spinner.set_prefix("");
            }
            Event::Moved { done, total } => self.spinner.set_prefix(bytes(*done, *total)),
            Event::Finished { .. } => self.spinner.set_prefix(""),
            Event::Log(_) | Event::Info(_) | Event::Delivered(_) | Event::Warning(_) => {}
        }
    }

    /// Writes a line above the spinner; a closed standard error is ignored.
    fn print(&self, label: &str, line: &str) {
        let name = self.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let line = format!("{label}{}\n", display::text(&format!("{name}{line}")));
        let line = wrapped::titles(&line, wrapped::width(&std::io::stderr()));
        self.spinner.suspend(|| drop(anstream::stderr().lock().write_all(line.as_bytes())));
    }
}

/// The line for an event, if any; with a spinner, steps have none.
fn line(event: &Event, verbosity: Verbosity, spins: bool) -> Option<String> {
    let info = verbosity == Verbosity::Debug || (verbosity == Verbosity::Info && !spins);
    match event {
        Event::Started(step) if info && verbosity < Verbosity::Debug => Some(brief(step)),
        Event::Started(step) if info => Some(step.clone()),
        Event::Info(text) if verbosity >= Verbosity::Info => Some(text.clone()),
        Event::Delivered(text) | Event::Warning(text) if verbosity >= Verbosity::Warnings => {
            Some(text.clone())
        }
        Event::Finished { cached: true, .. } if verbosity == Verbosity::Debug => Some("  cached".to_owned()),
        Event::Log(line) if verbosity == Verbosity::Debug => Some(format!("  {line}")),
        _ => None,
    }
}

/// The start of a long step, on one line.
fn brief(step: &str) -> String {
    display::beginning(&step.split_whitespace().collect::<Vec<_>>().join(" "), BRIEF).into_owned()
}

/// `9.5 s`, `2 min 5 s`.
#[must_use]
pub fn seconds(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `1.5 MiB of 20 MiB `.
fn bytes(done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{} of {} ", HumanBytes(done.min(total)), HumanBytes(total)),
        None => format!("{} ", HumanBytes(done)),
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{spinner:.cyan} {prefix:.dim}{wide_msg} {elapsed:.dim}");
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_spinner_steps_are_printed_as_lines() {
        let started = Event::Started("RUN x".to_owned());
        assert_eq!(line(&started, Verbosity::Info, false).as_deref(), Some("RUN x"));
        assert_eq!(line(&started, Verbosity::Info, true), None);
        assert_eq!(line(&started, Verbosity::Quiet, false), None);
        let cached = Event::Finished { step: "RUN x".to_owned(), cached: true };
        assert_eq!(line(&cached, Verbosity::Info, false), None);
        assert_eq!(line(&cached, Verbosity::Debug, false).as_deref(), Some("  cached"));
    }

    #[test]
    fn long_steps_are_cut() {
        let started = Event::Started(format!("RUN a \\\n    {}", "é".repeat(BRIEF)));
        let shown = line(&started, Verbosity::Info, false).unwrap();
        assert!(shown.starts_with("RUN a \\ é") && shown.ends_with("é…"), "{shown}");
        assert_eq!(shown.chars().count(), BRIEF + 1);
        assert_eq!(line(&started, Verbosity::Debug, false).map(|line| line.lines().count()), Some(2));
    }

    #[test]
    fn elapsed_times_are_short() {
        let told = |milliseconds| seconds(Duration::from_millis(milliseconds));
        assert_eq!([told(2_345), told(12_900), told(125_000)], ["2.3 s", "12 s", "2 min 5 s"]);
    }

    #[test]
    fn a_step_has_its_own_time() {
        let progress = Progress::new(Verbosity::Quiet);
        progress.elapsed(&Event::Started("a".into()));
        let finished = |step: &str| progress.elapsed(&Event::Finished { step: step.into(), cached: false });
        assert!(finished("b").is_none() && finished("a").is_some() && finished("a").is_none());
    }

    #[test]
    fn full_output_is_shown_only_at_debug_level() {
        let log = Event::Log("Collecting numpy".to_owned());
        assert_eq!(line(&log, Verbosity::Info, false), None);
        assert_eq!(line(&log, Verbosity::Debug, true).as_deref(), Some("  Collecting numpy"));
    }

    #[test]
    fn byte_counts_are_human_readable() {
        assert_eq!(bytes(1_572_864, Some(20 << 20)), "1.50 MiB of 20.00 MiB ");
        assert_eq!(bytes(9, Some(3)), "3 B of 3 B ");
        assert_eq!(bytes(10, None), "10 B ");
    }
}
