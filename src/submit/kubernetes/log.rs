//! The log of a pod, followed across broken connections without repeating lines.

use std::io::{self, BufRead, BufReader, Read};

use super::kubectl::Kubectl;
use crate::submit::SubmitError;

/// Digits of a fractional second, which Kubernetes writes without trailing zeros.
const NANOSECONDS: usize = 9;

/// A position in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Time of the last line, as the server wrote it.
    time: String,
    /// Lines shown with this time.
    lines: usize,
}

impl Position {
    /// The time to request the log from, in whole seconds as the server requires.
    fn since(&self) -> Option<String> {
        let (second, _) = self.time.trim_end_matches('Z').split_once('.').unwrap_or((&self.time, ""));
        (!self.time.is_empty()).then(|| format!("{}Z", second.trim_end_matches('Z')))
    }

    /// The next line without its time, unless it was shown before; `again` counts repeated lines with the
    /// same time.
    fn advance<'a>(&mut self, line: &'a [u8], again: &mut usize) -> Option<&'a [u8]> {
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let time = String::from_utf8_lossy(&line[..end]).trim_end().to_owned();
        let text = line.get(end + 1..).unwrap_or(b"\n");
        match ordered(&time).cmp(&ordered(&self.time)) {
            std::cmp::Ordering::Less => return None,
            std::cmp::Ordering::Equal => {
                *again += 1;
                if *again <= self.lines {
                    return None;
                }
                self.lines = *again;
            }
            std::cmp::Ordering::Greater => {
                *again = 1;
                *self = Self { time, lines: 1 };
            }
        }
        Some(text)
    }
}

/// A time that sorts as text: Kubernetes drops trailing zeros.
fn ordered(time: &str) -> String {
    let (second, fraction) =
        time.trim_end_matches('Z').split_once('.').unwrap_or((time.trim_end_matches('Z'), ""));
    format!("{second}.{fraction:0<NANOSECONDS$}")
}

/// Shows a pod's log from a position, until its container or the connection ends; returns the next position.
pub(super) fn show(
    kubectl: &Kubectl,
    pod: &str,
    from: Position,
    line: &dyn Fn(&[u8]) -> io::Result<()>,
) -> Result<Position, SubmitError> {
    let mut child = kubectl.log(pod, from.since().as_deref())?;
    let mut position = from;
    let shown = child.stdout.take().map_or(Ok(()), |stdout| read(stdout, &mut position, line));
    if shown.is_err() {
        // Nobody reads any more.
        let _ = child.kill();
    }
    // A connection that has broken is looked after by whoever knows whether the pod still runs.
    let _ = child.wait();
    shown.map(|()| position).map_err(SubmitError::Log)
}

fn read(from: impl Read, position: &mut Position, show: &dyn Fn(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut reader = BufReader::new(from);
    let (mut line, mut again) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
        if let Some(text) = position.advance(&line, &mut again) {
            show(text)?;
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn shown(position: &mut Position, log: &str) -> String {
        let text = RefCell::new(Vec::new());
        read(log.as_bytes(), position, &|line| {
            text.borrow_mut().extend_from_slice(line);
            Ok(())
        })
        .unwrap();
        String::from_utf8(text.into_inner()).unwrap()
    }

    #[test]
    fn log_lines_are_shown_once_despite_reconnects() {
        let mut position = Position::default();
        let first = "2026-01-01T00:00:00.1Z a\n2026-01-01T00:00:00.12Z b\n2026-01-01T00:00:00.12Z b\n";
        assert_eq!(shown(&mut position, first), "a\nb\nb\n");
        assert_eq!(position.since().as_deref(), Some("2026-01-01T00:00:00Z"));
        let more = "2026-01-01T00:00:00.12Z b\n2026-01-01T00:00:00.120000001Z \n2026-01-01T00:00:01Z c d\n";
        assert_eq!(shown(&mut position, &format!("{first}{more}")), "b\n\nc d\n");
        assert_eq!(shown(&mut position, "2026-01-01T00:00:01Z c d\n"), "");
    }
}
