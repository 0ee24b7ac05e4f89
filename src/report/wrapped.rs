//! Texts wrapped between words to the width of a terminal; elsewhere lines stay whole.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use terminal_size::{Width, terminal_size_of};
use textwrap::{Options, WordSeparator, WordSplitter};

/// The narrowest terminal that texts are broken for, in columns.
const NARROWEST: usize = 30;

/// Prefixes of lines to wrap; other lines show sources, or commands to copy.
const TITLES: [&str; 6] = ["error", "warning", "note", "hint", "help", "next"];

/// The width that a stream shows, if it is a terminal.
#[must_use]
pub fn width(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let size = stream.is_terminal().then(|| terminal_size_of(stream)).flatten();
    size.map(|(Width(width), _)| usize::from(width).max(NARROWEST))
}

/// A text wrapped between words, with this indentation for continued lines.
#[must_use]
pub fn hanging(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    text.split_inclusive('\n').map(|line| broken(line, indent, width)).collect()
}

fn broken(line: &str, indent: usize, width: usize) -> String {
    let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
    let indent = " ".repeat(indent.min(width / 2));
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    if textwrap::core::display_width(line) <= width {
        return format!("{line}{end}");
    }
    format!("{}{end}", textwrap::fill(line, options))
}

/// Rendered diagnostics and messages, with only titles and hints wrapped, never a line of a source.
#[must_use]
pub fn titles(text: &str, width: Option<usize>) -> String {
    let is_title = |line: &str| {
        let line = anstream::adapter::strip_str(line).to_string();
        TITLES.iter().any(|title| line.strip_prefix(title).is_some_and(|rest| rest.starts_with([':', '['])))
    };
    let lines = text.split_inclusive('\n');
    lines.map(|line| if is_title(line) { hanging(line, 2, width) } else { line.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_broken() {
        let text = "hint: write `--no-build-at-all-ever` and\nnext line that is longer than thirty\n";
        assert_eq!(
            hanging(text, 2, Some(30)),
            "hint: write\n  `--no-build-at-all-ever` and\nnext line that is longer than\n  thirty\n"
        );
        assert_eq!(hanging(text, 2, None), text);
    }

    #[test]
    fn source_lines_are_not_wrapped() {
        let source = "3 | a = 1  # and so on, longer than the width\n";
        let text = format!("\u{1b}[1m\u{1b}[91merror\u{1b}[0m: that is a long, long title\n{source}");
        let shown = titles(&text, Some(30));
        assert!(shown.ends_with(&format!("long, long\n  title\n{source}")), "{shown:?}");
    }
}
