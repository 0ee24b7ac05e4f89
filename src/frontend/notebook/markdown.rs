//! Markdown as plain text, for descriptions.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The words of a text without marks, links, images and raw HTML: a line for each heading, paragraph and item.
pub(super) fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0_usize;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Image { .. } | Tag::HtmlBlock | Tag::MetadataBlock(_)) => hidden += 1,
            Event::End(TagEnd::Image | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_)) => hidden -= 1,
            Event::Text(words) | Event::Code(words) if hidden == 0 => text.push_str(&words),
            Event::SoftBreak => text.push(' '),
            Event::HardBreak => text.push('\n'),
            Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock) => {
                text.push('\n');
            }
            _ => {}
        }
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markdown_markup_is_removed() {
        let cases = [
            ("# The *title*\n\nSee [the **guide**](https://x.example/a_b).", "The title\nSee the guide."),
            ("Title\n=====\ntwo\nlines", "Title\ntwo lines"),
            ("* one\n* `two`\n", "one\ntwo"),
            ("a ![logo](data:image/png;base64,AAAA) b", "a b"),
            ("<center>x</center>\n\nAT&amp;T 3 < 4", "AT&T 3 < 4"),
            ("", ""),
            ("![only](an.png)", ""),
        ];
        for (markdown, text) in cases {
            assert_eq!(plain(markdown), text, "{markdown}");
        }
    }
}
