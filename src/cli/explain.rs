//! `c3 explain`: explains the code of a diagnostic, with a remedy.

use c3::rules::{RULES, Rule};
use clap::Args;
use serde_json::json;

use super::console;
use super::options::Format;
use c3::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Code that a message shows in brackets; without one, list all codes
    #[arg(value_name = "CODE", value_parser = code)]
    code: Option<&'static Rule>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Minimum similarity of a suggested code.
const ALIKE: f64 = 0.85;

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

/// The rule of a code, also in the form of messages: `warning[computed-name]`.
fn code(text: &str) -> Result<&'static Rule, String> {
    let code =
        text.split_once('[').map_or(text, |(_, rest)| rest).trim_end_matches([']', ':']).to_lowercase();
    let likeness = |rule: &&Rule| strsim::jaro_winkler(&code, rule.code);
    let nearest = RULES.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest {
        Some(rule) if rule.code == code => Ok(rule),
        Some(rule) if likeness(&rule) > ALIKE => Err(format!("no such code; did you mean `{}`?", rule.code)),
        _ => Err("no such code; `c3 explain` lists them".to_owned()),
    }
}

fn explanation(rule: &Rule) -> String {
    let (code, severity) = (rule.code, rule.severity.name());
    let (meaning, remedy) = (rule.meaning(), rule.remedy());
    format!(
        "{code} ({severity})\n\n{meaning}\n\nWhat to do: {remedy}\n\nTo hide it: `c3 check --ignore {code}`\n"
    )
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    let line = |rule: &Rule| format!("{:<width$}  {}\n", rule.code, rule.severity.name());
    RULES.iter().map(line).collect::<String>() + "\n`c3 explain CODE` explains one\n"
}

fn entry(rule: &Rule) -> serde_json::Value {
    json!({"code": rule.code, "severity": rule.severity, "meaning": rule.meaning(), "remedy": rule.remedy()})
}
