//! Parameters that libraries read themselves, from the command line or the environment: reported, as none is
//! an input.

use super::arguments::COMMANDS;
use super::command_line::MODULES;
use super::semantic::{Import, Model};
use crate::diagnostic::Diagnostic;

/// Libraries that read variables into their own settings.
const SETTINGS: &[&str] = &[
    "betterconf",
    "confuse",
    "decouple",
    "dynaconf",
    "ecological",
    "environ",
    "environs",
    "envclasses",
    "envparse",
    "envyaml",
    "everett",
    "goodconf",
    "prettyconf",
    "pyaml_env",
    "pydantic_settings",
    "typed_settings",
];

/// Parts of other libraries that do.
const PARTS: &[&str] = &["pydantic.BaseSettings", "pydantic.v1.BaseSettings", "starlette.config"];

/// What reads them from a file.
const FILES: &[&str] = &["dotenv.dotenv_values", "dotenv.get_key"];

/// Notes on libraries that read variables without an entry in the interface.
pub(super) fn notes(model: &Model, read: &[&str]) -> Vec<Diagnostic> {
    told(model, |name| !COMMANDS.contains(&name) && !read.contains(&name))
}

/// The libraries of commands whose options aren't followed.
pub(super) fn unread_commands(model: &Model) -> Vec<Diagnostic> {
    told(model, |name| COMMANDS.contains(&name))
}

fn told(model: &Model, is_meant: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut told: Vec<&str> = Vec::new();
    let mut notes = Vec::new();
    for import in model.imports() {
        if let Some((name, note)) = note(import)
            && is_meant(name)
            && !told.contains(&name)
        {
            told.push(name);
            notes.push(note);
        }
    }
    notes
}

fn note(import: &Import) -> Option<(&'static str, Diagnostic)> {
    let named = |names: &[&'static str]| names.iter().copied().find(|name| import.is_below(name));
    if let Some(name) = named(MODULES).filter(|name| !super::arguments::PARSING.contains(name)) {
        let message = format!("`{name}` reads the command line by itself: its options are no inputs");
        let note = Diagnostic::note("unread-options", message).at(import.span.clone());
        return Some((name, note.hint(super::arguments::HINT)));
    }
    if let Some(name) = named(FILES) {
        let function = name.trim_start_matches("dotenv.");
        let message =
            format!("`{function}` reads a file, which is not in the image: none of its values is an input");
        let note = Diagnostic::note("unread-settings", message).at(import.span.clone());
        return Some((
            name,
            note.hint("name the file as an additional one, or read the values with `os.getenv`"),
        ));
    }
    let name = named(SETTINGS).or_else(|| named(PARTS))?;
    let message = format!("`{name}` reads variables by itself: none of them is an input");
    let note = Diagnostic::note("unread-settings", message).at(import.span.clone());
    Some((name, note.hint("read what is to be an input with `os.getenv`")))
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    #[test]
    fn library_settings_are_reported_once() {
        let cases: [(&str, &[&str]); 8] = [
            ("import click, typer", &[]),
            ("def f():\n import docopt as t\nfrom docopt import docopt", &["unread-options"]),
            ("from pydantic_settings import BaseSettings, SettingsConfigDict", &["unread-settings"]),
            ("from pydantic import BaseModel, BaseSettings", &["unread-settings"]),
            ("from decouple import config\nimport fire", &["unread-settings", "unread-options"]),
            ("from pydantic import BaseModel\nfrom dotenv import load_dotenv", &[]),
            ("import argparse, clicker, os.environ", &[]),
            ("from .click import x", &[]),
        ];
        for (script, codes) in cases {
            let parsed = parse_module(script).unwrap();
            let notes = notes(&Model::new(&parsed.syntax().body), &[]);
            assert_eq!(notes.iter().map(|note| note.code).collect::<Vec<_>>(), codes, "{script}");
        }
    }
}
