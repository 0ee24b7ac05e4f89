//! A package of Python as one file: modules imported at the top of others are inlined in order; those
//! imported within a function are kept as text, and compiled on first use.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Parameter, Stmt, StmtImportFrom};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange};
use serde_json::Value;

/// A package: its modules by their names.
pub(in crate::backend) type Package = &'static [(&'static str, &'static str)];

/// The variable with the modules compiled on first use.
const MODULES: &str = "MODULES";

/// A file with placeholders for the values that differ: those of variables `NAME: Type = …` at the top of a
/// module.
#[derive(Debug)]
pub(in crate::backend) struct Bundle {
    text: String,
}

impl Bundle {
    /// Joins the modules of a package: those that come first, then one that imports all others; `gaps` are
    /// the variables whose values differ between files. Modules imported within functions may be left out if
    /// these are never called.
    #[must_use]
    pub(in crate::backend) fn new(
        package: Package,
        modules: &[&str],
        gaps: &[&str],
        without: &[&str],
    ) -> Self {
        let mut reader = Reader { package, gaps, without, done: Vec::new(), lazy: Vec::new() };
        let body: String = modules.iter().map(|name| reader.eager(name)).collect();
        let body = tidy(&body);
        let mut texts = String::new();
        while let Some(name) = reader.lazy.iter().find(|name| !reader.done.contains(name)).copied() {
            let text = reader.lazy_module(name);
            let _ = write!(texts, "    '{name}': r'''\n{text}''',\n");
        }
        Self { text: format!("\n{body}\n").replacen(&gap(MODULES), &format!("{{\n{texts}}}"), 1) }
    }

    /// The file with its values: Python by the names of the variables, perhaps with more lines after the
    /// assignment.
    #[must_use]
    pub(in crate::backend) fn with(&self, values: &[(&str, String)]) -> String {
        let value = |name| values.iter().find(|value| value.0 == name).map(|value| value.1.as_str());
        let given = |name| value(name).unwrap_or_else(|| unreachable!("there is no value for {name}"));
        let pieces = self.text.split(GAP).enumerate();
        pieces.map(|(index, piece)| if index % 2 == 0 { piece } else { given(piece) }).collect()
    }
}

/// The mark around the name of a placeholder, found nowhere else.
const GAP: char = '\0';

/// A placeholder for a value.
fn gap(name: &str) -> String {
    format!("{GAP}{name}{GAP}")
}

/// Reads the modules of a package, each once.
struct Reader<'a> {
    package: Package,
    gaps: &'a [&'a str],
    without: &'a [&'a str],
    done: Vec<&'static str>,
    lazy: Vec<&'static str>,
}

impl Reader<'_> {
    fn module(&self, name: &str) -> (&'static str, &'static str) {
        let found = self.package.iter().find(|module| module.0 == name);
        *found.unwrap_or_else(|| unreachable!("there is no module {name}"))
    }

    /// A module, after those that it imports at its top.
    fn eager(&mut self, name: &str) -> String {
        let (name, text) = self.module(name);
        if self.done.contains(&name) {
            return String::new();
        }
        self.done.push(name);
        let edits = Edits::of(text, self.gaps);
        let imported: String = edits.imported.iter().map(|name| self.eager(name)).collect();
        self.defer(&edits);
        format!("{imported}\n\n# {}: {}\n\n{}\n", name, edits.title, edits.applied(text, ""))
    }

    /// A module that is compiled on first use; its imports are loaded before.
    fn lazy_module(&mut self, name: &str) -> String {
        let (name, text) = self.module(name);
        self.done.push(name);
        let edits = Edits::of(text, self.gaps);
        let is_lazy =
            |name: &&String| !self.done.contains(&name.as_str()) || self.lazy.contains(&name.as_str());
        let loads: Vec<_> = edits.imported.iter().filter(is_lazy).cloned().collect();
        let lazy: Vec<_> = loads.iter().map(|name| self.module(name).0).collect();
        self.lazy.extend(lazy);
        self.defer(&edits);
        let loads: String = loads.iter().map(|name| format!("load('{name}')\n")).collect();
        format!("# {}\n\n{}\n", edits.title, edits.applied(text, &loads))
    }

    fn defer(&mut self, edits: &Edits) {
        let wanted = edits.deferred.iter().filter(|name| !self.without.contains(&name.as_str()));
        let deferred: Vec<_> = wanted.map(|name| self.module(name).0).collect();
        self.lazy.extend(deferred);
    }
}

/// The edits of a module.
#[derive(Debug, Default)]
struct Edits {
    /// The docstring's first line.
    title: String,
    /// Modules that are imported at the top.
    imported: Vec<String>,
    /// Modules that are imported within functions.
    deferred: Vec<String>,
    /// Replacements of byte ranges.
    changes: Vec<(Range<usize>, String)>,
    depth: usize,
}

impl Edits {
    fn of(text: &'static str, gaps: &[&str]) -> Self {
        let parsed = parse_module(text).unwrap_or_else(|error| unreachable!("{error}"));
        let mut edits = Self::default();
        for (index, statement) in parsed.syntax().body.iter().enumerate() {
            match statement {
                Stmt::Expr(expression) if index == 0 => edits.take_title(text, expression.range()),
                Stmt::If(condition) if is_for_types(&condition.test) => edits.drop(condition.range()),
                Stmt::AnnAssign(assignment) => edits.take_assignment(assignment, gaps),
                statement => edits.visit_stmt(statement),
            }
        }
        edits
    }

    fn take_title(&mut self, text: &str, range: TextRange) {
        let docstring = text[bytes(range)].trim_matches('"');
        docstring.lines().next().unwrap_or_default().clone_into(&mut self.title);
        self.drop(range);
    }

    /// Removes the annotation of a variable; one without a value is removed altogether.
    fn take_assignment(&mut self, assignment: &ruff_python_ast::StmtAnnAssign, gaps: &[&str]) {
        let Some(value) = &assignment.value else { return self.drop(assignment.range()) };
        let annotation = assignment.target.range().end().into()..assignment.annotation.range().end().into();
        self.changes.push((annotation, String::new()));
        if let Expr::Name(name) = &*assignment.target
            && (name.id == MODULES || gaps.contains(&name.id.as_str()))
        {
            self.changes.push((bytes(value.range()), gap(&name.id)));
        }
    }

    fn take_import(&mut self, import: &StmtImportFrom) {
        let module = import.module.as_ref().map(|name| name.id.to_string()).unwrap_or_default();
        let is_for_types = ["typing", "types", "collections.abc", "__future__"].contains(&module.as_str());
        match (import.level, self.depth) {
            (0, 0) if is_for_types => self.drop(import.range()),
            (0, _) => {}
            (_, 0) => {
                self.imported.push(module);
                self.drop(import.range());
            }
            _ => {
                self.changes.push((bytes(import.range()), format!("load('{module}')")));
                self.deferred.push(module);
            }
        }
    }

    fn take_annotation(&mut self, parameter: &Parameter) {
        if let Some(annotation) = &parameter.annotation {
            let range = parameter.name.range().end().into()..annotation.range().end().into();
            self.changes.push((range, String::new()));
        }
    }

    fn drop(&mut self, range: TextRange) {
        self.changes.push((bytes(range), String::new()));
    }

    /// The module with its edits, without needless empty lines, after `loads`.
    fn applied(&self, text: &str, loads: &str) -> String {
        let mut changes = self.changes.clone();
        changes.sort_by_key(|(range, _)| range.start);
        let (mut result, mut at) = (String::new(), 0);
        for (range, replacement) in changes {
            result.push_str(&text[at..range.start]);
            result.push_str(&replacement);
            at = range.end;
        }
        result.push_str(&text[at..]);
        let text = tidy(&result);
        if loads.is_empty() { text } else { format!("{loads}\n{text}") }
    }
}

impl<'a> Visitor<'a> for Edits {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ImportFrom(import) => self.take_import(import),
            Stmt::AnnAssign(assignment) => self.take_assignment(assignment, &[]),
            Stmt::FunctionDef(function) => {
                for parameter in &*function.parameters {
                    self.take_annotation(parameter.as_parameter());
                }
                if let Some(returns) = &function.returns {
                    let range = function.parameters.range().end().into()..returns.range().end().into();
                    self.changes.push((range, String::new()));
                }
                self.depth += 1;
                walk_stmt(self, statement);
                self.depth -= 1;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

fn is_for_types(condition: &Expr) -> bool {
    matches!(condition, Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING")
}

fn bytes(range: TextRange) -> Range<usize> {
    range.into()
}

/// Python without trailing blanks, repeated imports and runs of empty lines.
fn tidy(text: &str) -> String {
    let mut seen = BTreeSet::new();
    let mut result = String::new();
    let mut empty = 2;
    for line in text.lines().map(str::trim_end) {
        if line.starts_with("import ") && !seen.insert(line) {
            continue;
        }
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 3 {
            result.push_str(line);
            result.push('\n');
        }
    }
    result.trim_matches('\n').to_owned()
}

/// Data as an ASCII literal of Python.
#[must_use]
pub(in crate::backend) fn literal(value: &Value) -> String {
    nested(value, 0)
}

/// Data at this depth; lists and objects to the second depth take a line per entry.
fn nested(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| nested(item, depth + 1)).collect();
            bracketed(['[', ']'], &items, depth)
        }
        Value::Object(entries) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), nested(value, depth + 1));
            bracketed(['{', '}'], &entries.iter().map(entry).collect::<Vec<_>>(), depth)
        }
    }
}

fn bracketed([opening, closing]: [char; 2], items: &[String], depth: usize) -> String {
    if depth > 1 || items.is_empty() {
        return format!("{opening}{}{closing}", items.join(", "));
    }
    let indent = " ".repeat(4 * depth);
    let lines: String = items.iter().map(|item| format!("\n{indent}    {item},")).collect();
    format!("{opening}{lines}\n{indent}{closing}")
}

/// A text in single quotes.
fn quoted(text: &str) -> String {
    let inner: String = text.chars().map(escaped).collect();
    format!("'{inner}'")
}

fn escaped(character: char) -> String {
    match character {
        '\'' | '\\' => format!("\\{character}"),
        '\n' => "\\n".to_owned(),
        ' '..='~' => character.to_string(),
        character => match u32::from(character) {
            code @ 0..=0xff => format!("\\x{code:02x}"),
            code @ 0..=0xffff => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        },
    }
}

#[cfg(test)]
mod tests;
