//! The steps of a build, from the builders' messages: `BuildKit`'s status and the classic text.

use std::collections::VecDeque;

use anstream::adapter::strip_str;
use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use bollard::models::{BuildInfo, BuildInfoAux};

use super::error::EngineError;
use super::hidden::masked;
use super::indexes::Refusal;
use super::reason::one_line;
use super::trusting::unaltered;
use crate::progress::Event;

/// Lines kept of a failed step.
const TAIL: usize = 20;

/// The end of the traceback when pip prompts for a user.
const UNANSWERED: &str = "EOFError: EOF when reading a line";

/// Longest line that is buffered.
const LINE_LIMIT: usize = 16 << 10;

/// `BuildKit`'s number of standard error.
const STDERR: i64 = 2;

/// The state of a build.
#[derive(Debug, Default)]
pub(super) struct Steps {
    list: Vec<Step>,
    text: Lines,
    built: Option<String>,
    image: Option<String>,
    /// Texts to mask.
    hidden: Vec<String>,
}

/// A step, identified by a digest in `BuildKit` and by position in the classic builder.
#[derive(Debug, Default)]
struct Step {
    digest: String,
    name: String,
    /// Output on standard output and standard error, which may interleave.
    said: [Lines; 2],
    tail: VecDeque<String>,
    /// The server that required a login.
    refused: Option<Refusal>,
    shown: bool,
    finished: bool,
    error: String,
}

impl Steps {
    /// Steps with texts masked.
    pub(super) fn hiding(hidden: &[String]) -> Self {
        Self { hidden: hidden.to_vec(), ..Self::default() }
    }

    /// Records a message; returns the events.
    pub(super) fn take(&mut self, message: BuildInfo) -> Vec<Event> {
        let mut events = match message.aux {
            Some(BuildInfoAux::BuildKit(status)) => self.status(status),
            Some(BuildInfoAux::Default(image)) => {
                self.image = image.id;
                Vec::new()
            }
            None => Vec::new(),
        };
        for line in self.text.feed(message.stream.unwrap_or_default().as_bytes()) {
            events.extend(self.line(&line));
        }
        events
    }

    /// The id of the image, once built.
    pub(super) fn image(self) -> Option<String> {
        self.image.or(self.built)
    }

    /// Whether the builder has reported the last step as done: other stages have ids too.
    pub(super) fn is_complete(&self) -> bool {
        let is_buildkit = self.list.iter().any(|step| !step.digest.is_empty());
        self.built.is_some() || (is_buildkit && self.image.is_some())
    }

    /// The error of a build that ended with this message.
    pub(super) fn failure(mut self, message: &str) -> EngineError {
        if let Some(line) = self.text.rest() {
            self.line(&line);
        }
        let failed = self
            .list
            .iter()
            .position(|step| !step.error.is_empty() && !step.error.contains("context canceled"));
        let failed = failed.or_else(|| self.list.iter().rposition(|step| step.shown && !step.finished));
        let Some(failed) = failed else {
            return EngineError::Refused { doing: "building the image".to_owned(), reason: verdict(message) };
        };
        let mut step = self.list.swap_remove(failed);
        // A question has no end of line, and the last word may have none.
        let rest: Vec<_> = step.said.iter_mut().filter_map(Lines::rest).collect();
        for line in rest {
            step.say(masked(line, &self.hidden));
        }
        let reason = if step.error.is_empty() { message } else { &step.error };
        let mut tail = Vec::from(step.tail);
        if step.refused.is_some() && tail.iter().any(|line| line.contains(UNANSWERED)) {
            tail = vec!["pip asks for a user, and nobody answers".to_owned()];
        }
        tail.push(verdict(reason));
        EngineError::Build { step: instruction(&step.name), tail, refused: step.refused }
    }

    fn status(&mut self, status: StatusResponse) -> Vec<Event> {
        let mut events = Vec::new();
        for vertex in status.vertexes {
            events.extend(self.vertex(vertex));
        }
        for log in status.logs {
            events.extend(self.log(&log));
        }
        events
    }

    fn vertex(&mut self, vertex: Vertex) -> Vec<Event> {
        let step = self.step(&vertex.digest);
        step.name = unaltered(&vertex.name);
        step.error = vertex.error;
        let mut events = Vec::new();
        if vertex.started.is_some() && !step.shown && !is_internal(&step.name) {
            step.shown = true;
            events.push(Event::Started(step.name.clone()));
        }
        if vertex.completed.is_some() && step.shown && !step.finished {
            step.finished = step.error.is_empty();
            events.push(Event::Finished { step: step.name.clone(), cached: vertex.cached });
        }
        events
    }

    fn log(&mut self, log: &VertexLog) -> Vec<Event> {
        let hidden = std::mem::take(&mut self.hidden);
        let step = self.step(&log.vertex);
        let lines = step.said[usize::from(log.stream == STDERR)].feed(&log.msg).into_iter();
        let events = lines.map(|line| step.say(masked(line, &hidden))).collect();
        self.hidden = hidden;
        events
    }

    /// The step with a digest, perhaps new.
    fn step(&mut self, digest: &str) -> &mut Step {
        let known = self.list.iter().position(|step| step.digest == digest);
        let at = known.unwrap_or(self.list.len());
        if known.is_none() {
            self.list.push(Step { digest: digest.to_owned(), ..Step::default() });
        }
        &mut self.list[at]
    }

    /// A line of the classic builder or Podman.
    fn line(&mut self, line: &str) -> Option<Event> {
        if let Some(name) = announced(line) {
            self.finish();
            self.list.push(Step { name: name.clone(), shown: true, ..Step::default() });
            return Some(Event::Started(name));
        }
        if let Some(image) = line.strip_prefix("Successfully built ") {
            self.finish();
            self.built = Some(image.trim().to_owned());
            return None;
        }
        let step = self.list.last_mut()?;
        match arrow(line) {
            Some(result) if result.starts_with("Using cache") => {
                Some(Event::Finished { step: step.name.clone(), cached: true })
            }
            Some(_) => None,
            None => Some(step.say(line.to_owned())),
        }
    }

    /// The classic builder continues, so its last step has succeeded.
    fn finish(&mut self) {
        if let Some(step) = self.list.last_mut() {
            step.finished = true;
        }
    }
}

impl Step {
    fn say(&mut self, line: String) -> Event {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        self.refused = Refusal::find(&line).or(self.refused.take());
        Event::Log(line)
    }
}

/// Chunks of text that become lines.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Adds a chunk; returns the complete, non-empty lines.
    fn feed(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in piece {
            if *byte == b'\n' || self.begun.len() == LINE_LIMIT {
                lines.extend(self.rest());
            } else {
                self.begun.push(*byte);
            }
        }
        lines
    }

    /// The incomplete line, as a terminal would show it.
    fn rest(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&bytes);
        let text = strip_str(text.trim_end()).to_string();
        let shown = text.rsplit('\r').next().unwrap_or_default();
        let line: String = shown.chars().filter(|letter| !letter.is_control() || *letter == '\t').collect();
        (!line.is_empty()).then_some(line)
    }
}

/// The step announced by a line like `Step 2/4 : RUN x`, named as in `BuildKit`.
fn announced(line: &str) -> Option<String> {
    let rest = line.strip_prefix("Step ").or_else(|| line.strip_prefix("STEP "))?;
    let (number, instruction) = rest.split_once(':')?;
    let number = number.trim_end();
    let counts = number.split_once('/')?;
    let is_count = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_count(counts.0) && is_count(counts.1)).then(|| format!("[{number}] {}", instruction.trim()))
}

/// What the builder itself says about a step, if a line isn't the step's own.
fn arrow(line: &str) -> Option<&str> {
    let arrows = [" ---> ", "--> ", "Removing intermediate container "];
    arrows.iter().find_map(|arrow| line.strip_prefix(arrow))
}

/// A step as written in the Dockerfile, without `BuildKit`'s numbers and mounts.
fn instruction(name: &str) -> String {
    let name = match name.strip_prefix('[').and_then(|name| name.split_once("] ")) {
        Some((_, instruction)) => instruction,
        None => name,
    };
    let Some(mut rest) = name.strip_prefix("RUN ") else { return name.to_owned() };
    while let Some((_, after)) = rest.strip_prefix("--mount=").and_then(|rest| rest.split_once(' ')) {
        rest = after;
    }
    format!("RUN {rest}")
}

/// Whether a step is internal to `BuildKit`.
fn is_internal(name: &str) -> bool {
    !name.starts_with('[') || name.starts_with("[internal]")
}

/// The engine's message about a failure, without its chain of functions.
fn verdict(message: &str) -> String {
    const CODES: [&str; 3] = ["exit code: ", "non-zero code: ", "exit status "];
    let message = one_line(message);
    for code in CODES {
        if let Some((_, number)) = message.rsplit_once(code) {
            return format!("exit code {number}");
        }
    }
    let mut rest = message.as_str();
    while let Some((_, inner)) = rest.split_once(": ").filter(|(outer, _)| outer.starts_with("failed to ")) {
        rest = inner;
    }
    one_line(rest.strip_prefix("rpc error: code = Unknown desc = ").unwrap_or(rest))
}

#[cfg(test)]
mod tests;
