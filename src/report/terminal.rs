//! Diagnostics as a terminal shows them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};

use crate::diagnostic::{Diagnostic, Severity};
use crate::location::Location;
use crate::source::Source;
use crate::{display, userinfo};

/// Longest piece of a source line that a frame shows, in bytes.
const FRAME_WIDTH: usize = 160;

/// The text of a diagnostic on a terminal: message, frame of the source, hint; what they quote is escaped.
#[must_use]
pub fn render(diagnostic: &Diagnostic, source: &Source, colour: bool) -> String {
    let path = display::line(&source.display()).into_owned();
    let frame = diagnostic.span.as_ref().filter(|_| !diagnostic.covered).map(|span| frame(source, span));
    let mut group = level(diagnostic.severity)
        .primary_title(display::line(&diagnostic.message))
        .id(diagnostic.code)
        .elements(frame.as_ref().map(|frame| {
            Snippet::source(&*frame.text)
                .path(match frame.location.cell {
                    Some(cell) => format!("{path}:cell {cell}"),
                    None => path.clone(),
                })
                .line_start(frame.location.line as usize)
                .annotation(AnnotationKind::Primary.span(frame.span.clone()))
        }));
    if frame.is_none() {
        let place = diagnostic.span.as_ref().map(|span| source.locate(span.start));
        group = group.element(origin(&path, place));
    }
    let hint = diagnostic
        .hint
        .as_ref()
        .map(|hint| Group::with_title(Level::HELP.with_name("hint").secondary_title(display::line(hint))));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&std::iter::once(group).chain(hint).collect::<Vec<_>>())
}

fn origin(path: &str, place: Option<Location>) -> Origin<'static> {
    let Some(Location { cell, line, column }) = place else { return Origin::path(path.to_owned()) };
    let path = cell.map_or(path.to_owned(), |cell| format!("{path}:cell {cell}"));
    Origin::path(path).line(line as usize).char_column(column as usize)
}

/// The place in a text that is no source, such as `c3.toml`: its path, and the line with a mark.
#[must_use]
pub fn excerpt(path: &str, text: &str, span: Option<Range<usize>>) -> String {
    let group = Group::with_level(Level::ERROR);
    let group = match span.filter(|span| text.get(span.clone()).is_some()) {
        Some(span) => {
            group.element(Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(span)))
        }
        None => group.element(Origin::path(path)),
    };
    Renderer::plain().decor_style(DecorStyle::Ascii).render(&[group])
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// The part of a line that is shown, with the marked bytes relative to it.
struct Frame {
    text: String,
    span: Range<usize>,
    location: Location,
}

fn frame(source: &Source, span: &Range<usize>) -> Frame {
    let text = source.text();
    let start = floor(text, span.start.min(text.len()));
    let line_start = source.line_start(start);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line_end = line_start + text[line_start..line_end].trim_end_matches('\r').len();
    if let Some(written) = source.written(source.line(start)) {
        let marked = text.get(start..span.end.min(line_end)).unwrap_or_default();
        return rewritten(written, marked, source.locate(start));
    }
    let start = start.min(line_end);
    let from =
        if start - line_start > FRAME_WIDTH / 2 { floor(text, start - FRAME_WIDTH / 2) } else { line_start };
    let to = floor(text, line_end.min(from + FRAME_WIDTH)).max(start);
    let end = floor(text, span.end.min(to)).max(start);
    let within = |range: Range<usize>| range.start - line_start..range.end - line_start;
    let (text, span) = visible(&text[line_start..line_end], &within(from..to), &within(start..end));
    Frame { text, span, location: source.locate(start) }
}

/// A line that the reader rewrites, such as a magic, as the user wrote it, with the marked part if it occurs
/// in it.
fn rewritten(written: &str, marked: &str, location: Location) -> Frame {
    let written = written.trim_end();
    let indent = written.len() - written.trim_start().len();
    let start = Some(marked).filter(|marked| !marked.is_empty()).and_then(|marked| written.find(marked));
    let span = start.map_or(indent..written.len(), |start| start..start + marked.len());
    let from = if span.start > FRAME_WIDTH / 2 { floor(written, span.start - FRAME_WIDTH / 2) } else { 0 };
    let to = floor(written, written.len().min(from + FRAME_WIDTH)).max(span.start);
    let column = u32::try_from(written[..span.start].chars().count() + 1).unwrap_or(u32::MAX);
    let (text, span) = visible(written, &(from..to), &(span.start..floor(written, span.end.min(to))));
    Frame { text, span, location: Location { column, ..location } }
}

/// A part of a line as displayed, and where some of its bytes are then.
fn visible(line: &str, part: &Range<usize>, span: &Range<usize>) -> (String, Range<usize>) {
    let secrets = userinfo::secret_spans(line);
    let secret = |at: &usize| secrets.iter().find(|secret| secret.contains(at));
    let (mut text, mut start, mut end) = (String::new(), None, None);
    for (at, character) in line.char_indices().skip_while(|(at, _)| *at < part.start) {
        if at >= part.end {
            break;
        }
        if at >= span.start {
            start.get_or_insert(text.len());
        }
        if at >= span.end {
            end.get_or_insert(text.len());
        }
        match secret(&at) {
            Some(secret) if at == secret.start.max(part.start) => text.push_str(userinfo::MASK),
            Some(_) => {}
            None if display::is_hidden(character) && character != '\t' => {
                display::push_escaped(&mut text, character);
            }
            None => text.push(character),
        }
    }
    let (start, end) = (start.unwrap_or(text.len()), end.unwrap_or(text.len()));
    (text, start..end.max(start))
}

/// The nearest character boundary at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
