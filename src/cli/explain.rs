//! `c3 explain`: what a code of a diagnostic means, and what to do.

use c3::diagnostic::Severity;
use c3::rules::{RULES, Rule};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::console;
use super::options::Format;
use c3::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Code of a diagnostic, as it stands in brackets; without one all codes are listed
    #[arg(value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    code: Option<&'static Rule>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match (options.code, options.format) {
        (Some(rule), Format::Text) => console::print_wrapped(&explanation(rule)),
        (None, Format::Text) => console::print(&list()),
        (Some(rule), Format::Json) => console::print_json(&entry(rule)),
        (None, Format::Json) => {
            let codes: Vec<_> = RULES.iter().map(entry).collect();
            console::print_json(&json!({"schema_version": 1, "codes": codes}))
        }
    }
}

/// The codes that there are; `warning[computed-name]` and `[computed-name]` mean what stands in brackets.
fn codes() -> impl TypedValueParser<Value = &'static Rule> {
    let names = PossibleValuesParser::new(RULES.iter().map(|rule| rule.code));
    names.try_map(|name| RULES.iter().find(|rule| rule.code == name).ok_or("no such code"))
}

fn explanation(rule: &Rule) -> String {
    let Rule { code, severity, meaning, remedy } = rule;
    format!(
        "{code} ({})\n\n{}\n\nWhat to do: {}\n\nTo leave it out of `c3 check`: --ignore {code}\n",
        name(*severity),
        plain(meaning),
        plain(remedy)
    )
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    let line = |rule: &Rule| format!("{:<width$}  {}\n", rule.code, name(rule.severity));
    RULES.iter().map(line).collect::<String>() + "\n`c3 explain CODE` tells what one means, and what to do\n"
}

fn entry(rule: &Rule) -> serde_json::Value {
    let Rule { code, severity, meaning, remedy } = rule;
    json!({"code": code, "severity": severity, "meaning": plain(meaning), "remedy": plain(remedy)})
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A cell of the table without its links: `[settings.md](settings.md)` is `settings.md`.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("](") {
        let Some(((head, name), (_, tail))) = before.rsplit_once('[').zip(after.split_once(')')) else { break };
        text.extend([head, name]);
        rest = tail;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_their_names() {
        assert_eq!(plain("as it says; [a.md](b/a.md) has `x[0](y)` all"), "as it says; a.md has `x0 all");
        assert_eq!(plain("plain [text]"), "plain [text]");
    }
}
