//! The help of an operator: its inputs and outputs.

use c3::component::{Input, Type};
use c3::display;
use c3::invocation::Interface;

/// Width of the text, in columns.
const WIDTH: usize = 80;

/// What an operator does, takes and gives.
pub(crate) fn text(command: &str, subject: &str, interface: &Interface, outputs_title: &str) -> String {
    let usage = format!("\nUsage: c3 {command} [OPTIONS] {subject} [--NAME VALUE]... [-- ARGUMENTS]\n");
    let inputs = interface.inputs.iter().map(|(id, input)| {
        entry(&format!("--{id} {}", input.kind.name()), &need(input), input.description.as_deref())
    });
    let outputs = interface.outputs.iter().map(|(id, output)| {
        entry(&format!("{id} {}", output.kind.name()), "", output.description.as_deref())
    });
    let inputs = section("Inputs", inputs);
    let outputs = section(outputs_title, outputs);
    [filled(&interface.description, ""), usage, inputs, outputs].concat()
}

fn section(title: &str, entries: impl Iterator<Item = String>) -> String {
    let entries: String = entries.collect();
    if entries.is_empty() { entries } else { format!("\n{title}:\n{entries}") }
}

fn entry(head: &str, need: &str, description: Option<&str>) -> String {
    let head = format!("  {head} {need}");
    format!(
        "{}\n{}",
        display::line(head.trim_end()),
        description.map(|text| filled(text, "      ")).unwrap_or_default()
    )
}

fn need(input: &Input) -> String {
    match (&input.default, input.required) {
        _ if input.secret => format!("[secret{}]", if input.required { ", required" } else { "" }),
        (Some(default), _) if input.kind == Type::String => format!("[default: {default:?}]"),
        (Some(default), _) => format!("[default: {default}]"),
        (None, true) => "[required]".to_owned(),
        (None, false) => String::new(),
    }
}

fn filled(text: &str, indent: &str) -> String {
    let text = display::text(text);
    let lines =
        textwrap::wrap(&text, textwrap::Options::new(WIDTH).initial_indent(indent).subsequent_indent(indent));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}
