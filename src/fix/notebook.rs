//! Edits of notebooks: one line inserted in a cell, all other bytes of the file preserved.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Refusal;
use super::edit::Edit;
use crate::frontend::notebook::PARAMETERS;
use crate::source::Source;

/// The cells of a notebook as written.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    cells: Vec<Cell<'a>>,
}

#[derive(Deserialize)]
struct Cell<'a> {
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// The metadata of a cell.
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
}

/// The file with one line inserted.
pub(super) fn apply(file: &str, source: &Source, edits: &[Edit]) -> Result<String, Refusal> {
    let [Edit { range, text }] = edits else { return Err(Refusal::Notebook) };
    let line = text.strip_suffix('\n').filter(|line| range.is_empty() && !line.contains('\n'));
    let line = line.ok_or(Refusal::Notebook)?;
    let place = source.locate(range.start);
    let cell = place.cell.and_then(|cell| usize::try_from(cell - 1).ok()).ok_or(Refusal::Notebook)?;
    let above = usize::try_from(place.line - 1).unwrap_or_default();
    let document: Document = serde_json::from_str(file).map_err(|_| Refusal::Notebook)?;
    let written = document.cells.get(cell).and_then(|cell| cell.source).ok_or(Refusal::Notebook)?.get();
    let start = offset(file, written);
    let (at, insertion) = if written.starts_with('[') {
        in_list(written, above, line).ok_or(Refusal::Notebook)?
    } else {
        in_text(written, above, line).ok_or(Refusal::Notebook)?
    };
    Ok(format!("{}{insertion}{}", &file[..start + at.start], &file[start + at.end..]))
}

/// The file with the `parameters` tag added to one of its cells.
pub(super) fn tag(file: &str, cell: usize) -> Result<String, Refusal> {
    let document: Document = serde_json::from_str(file).map_err(|_| Refusal::Notebook)?;
    let written = document.cells.get(cell).and_then(|cell| cell.metadata).ok_or(Refusal::Notebook)?.get();
    let metadata: Metadata = serde_json::from_str(written).map_err(|_| Refusal::Notebook)?;
    let (list, inserted) = match metadata.tags {
        Some(tags) => (tags.get(), format!("\"{PARAMETERS}\"")),
        None => (written, format!("\"tags\": [\"{PARAMETERS}\"]")),
    };
    let start = offset(file, list);
    let inner = &list[1..];
    let rest = inner.trim_start();
    let gap = &inner[..inner.len() - rest.len()];
    let text = if rest.starts_with(['}', ']']) { inserted } else { format!("{gap}{inserted},") };
    Ok(format!("{}{text}{}", &file[..=start], &file[start + 1..]))
}

/// The position of a part within a text.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// A line as a JSON string.
fn quoted(line: &str) -> Option<String> {
    serde_json::to_string(line).ok()
}

/// In a list of lines: a new item before that of the line below or at the end, separated like the others.
fn in_list(written: &str, above: usize, line: &str) -> Option<(Range<usize>, String)> {
    let items: Vec<&RawValue> = serde_json::from_str(written).ok()?;
    let spans: Vec<Range<usize>> = items
        .iter()
        .map(|item| {
            let start = offset(written, item.get());
            start..start + item.get().len()
        })
        .collect();
    let is_line = |span: &Range<usize>| line_ends(&written[span.clone()]).count() <= 1;
    if above > spans.len() || !spans.iter().all(is_line) {
        return None;
    }
    let first = written[1..].find('"').map_or("", |at| &written[1..=at]);
    let gap = match spans.as_slice() {
        [one, two, ..] => written[one.end..two.start].trim_start_matches(','),
        _ => first,
    };
    if let Some(below) = spans.get(above) {
        return Some((below.start..below.start, format!("{},{gap}", quoted(&format!("{line}\n"))?)));
    }
    let last = spans.last()?;
    let end = last.end - 1..last.end;
    let item = quoted(line)?;
    let is_ended = written[last.clone()].ends_with("\\n\"");
    Some((end, if is_ended { format!("\",{gap}{item}") } else { format!("\\n\",{gap}{item}") }))
}

/// In a single text: after the end of the line above, or at the end.
fn in_text(written: &str, above: usize, line: &str) -> Option<(Range<usize>, String)> {
    let inner = quoted(line)?;
    let inner = &inner[1..inner.len() - 1];
    let starts: Vec<usize> = std::iter::once(1).chain(line_ends(written)).collect();
    let end = written.len() - 1;
    match starts.get(above) {
        Some(&at) if at < end => Some((at..at, format!("{inner}\\n"))),
        Some(_) => Some((end..end, inner.to_owned())),
        None if above == starts.len() => Some((end..end, format!("\\n{inner}"))),
        None => None,
    }
}

/// The end of each `\n` in a JSON string.
fn line_ends(written: &str) -> impl Iterator<Item = usize> {
    let mut escaped = false;
    written.bytes().enumerate().filter_map(move |(at, byte)| {
        let ends = escaped && byte == b'n';
        escaped = byte == b'\\' && !escaped;
        ends.then_some(at + 1)
    })
}
