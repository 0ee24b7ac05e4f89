//! The description of an option: its help and its choices.

use ruff_python_ast::Expr;

use super::keywords::Keywords;
use crate::frontend::python::semantic::{Model, fold};

/// The help of an option, with its choices.
pub(super) fn description(keywords: &Keywords, model: &Model) -> Option<String> {
    let help = keywords.get("help").filter(|help| !model.may_be(help, "argparse.SUPPRESS"));
    let help = help.and_then(|help| model.text(help)).map(|text| plain(&text, keywords, model));
    let help = help.filter(|text| !text.is_empty());
    with_choices(help, keywords.get("choices").and_then(|choices| choices_of(choices, model)))
}

/// A help text with choices.
pub(super) fn with_choices(help: Option<String>, choices: Option<String>) -> Option<String> {
    match (help, choices) {
        (Some(help), Some(choices)) => Some(format!("{help} (one of {choices})")),
        (None, Some(choices)) => Some(format!("One of {choices}")),
        (help, None) => help,
    }
}

/// A help on one line, with its placeholders filled in.
fn plain(text: &str, keywords: &Keywords, model: &Model) -> String {
    let default = keywords.get("default").and_then(|value| fold(value, model));
    let default = default.map_or("None".to_owned(), |value| value.text());
    let text = text
        .replace("%default", &default)
        .replace("%(default)s", &default)
        .replace("%(default)r", &default)
        .replace("%%", "%");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The elements of a literal list.
pub(super) fn choices_of(choices: &Expr, model: &Model) -> Option<String> {
    let elements = match choices {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    let texts: Option<Vec<_>> =
        elements.iter().map(|value| fold(value, model).map(|value| value.text())).collect();
    texts.filter(|texts| !texts.is_empty()).map(|texts| texts.join(", "))
}
