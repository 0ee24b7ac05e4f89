//! Texts for pages: nothing hidden, passwords masked.

use std::sync::LazyLock;

use minijinja::HtmlEscape;
use regex::Regex;

use crate::component::Component;
use crate::display;
use crate::frontend;
use crate::userinfo::{self, MASK};

/// A name and the quoted text assigned to it.
static GIVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?P<name>[A-Za-z_][\w.-]*)["']?\s*\]?\)?\s*(?:=|:|<-|,)\s*[rbfu]?(?P<value>"[^"\n]+"|'[^'\n]+')"#,
    )
    .ok()
});

/// Keys and tokens recognised by their format.
static TOKENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x) \b(?:AKIA|ASIA)[0-9A-Z]{16}\b | \bgh[pousr]_[0-9A-Za-z]{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{16,}
        | \bhf_[0-9A-Za-z]{20,} | \bsk-[\w-]{20,} | \bxox[abprs]-[\w-]{10,} | \bpypi-[\w-]{20,}
        | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]* | -----BEGIN[^-]*PRIVATE\ KEY-----[\s\S]*?(?:-----END[^-]*-----|\z)",
    )
    .ok()
});

/// A text of one or more lines.
pub(super) fn text(text: &str) -> String {
    display::text(&tokens(&userinfo::mask_words(text))).into_owned()
}

/// A message as markup: back-ticks become code.
pub(super) fn markup(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = parts.len() % 2 == 1;
    let part = |(at, part): (usize, &&str)| {
        let escaped = HtmlEscape(&self::text(part)).to_string();
        if at % 2 == 1 && is_paired { format!("<code>{escaped}</code>") } else { escaped }
    };
    let separator = if is_paired { "" } else { "`" };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(separator)
}

fn tokens(text: &str) -> String {
    TOKENS.as_ref().map_or_else(|| text.to_owned(), |tokens| tokens.replace_all(text, MASK).into_owned())
}

/// A source without its secrets: defaults of secret inputs, and texts assigned to secret names.
pub(super) fn source(source: &str, component: &Component) -> String {
    let mut shown = source.to_owned();
    let defaults =
        component.inputs.iter().filter(|input| input.secret).filter_map(|input| input.default.as_deref());
    for default in defaults.filter(|default| !default.is_empty()) {
        for quote in ['"', '\''] {
            shown = shown.replace(&format!("{quote}{default}{quote}"), &format!("{quote}{MASK}{quote}"));
        }
    }
    if let Some(given) = GIVEN.as_ref() {
        let masked = |found: &regex::Captures| {
            let (whole, value) = (&found[0], &found["value"]);
            let is_secret = frontend::is_secret_name(&found["name"]);
            let quote = &value[..1];
            if is_secret { whole.replace(value, &format!("{quote}{MASK}{quote}")) } else { whole.to_owned() }
        };
        shown = given.replace_all(&shown, masked).into_owned();
    }
    text(&shown)
}
