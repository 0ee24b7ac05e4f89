//! Parameters of a notebook: assignments of plain values in the cell tagged `parameters`, as in Papermill.

use std::ops::Range;

use super::directive::Directive;
use super::interface::{Access, Action, Fallback, is_secret_name, is_system};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::value::Constant;

/// Reason for leaving out a computed value.
pub(crate) const COMPUTED: &str = "its value is known at run time only";

/// Reason for leaving out a value that JSON can't hold.
pub(crate) const NOT_JSON: &str = "not all that it holds are plain values that JSON has";

/// The assignment of a plain value to a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    /// The name.
    pub(crate) name: String,
    /// The type of the value, or of its annotation.
    pub(crate) kind: Type,
    /// Whether the type is unknown, so that a given value is a number if it looks like one.
    pub(crate) is_open: bool,
    /// The value; a list or a dict as JSON.
    pub(crate) value: Fallback,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    /// The comment at the end of the line or above.
    pub(crate) description: Option<String>,
    /// The directives at the end of the line.
    pub(crate) directives: Vec<Directive>,
}

impl Assignment {
    /// The assignment as a read of an environment variable that overrides the value.
    fn access(self, offset: usize) -> Access {
        Access {
            name: self.name,
            action: Action::read(self.value, Some(self.kind)),
            span: self.span.start + offset..self.span.end + offset,
            description: self.description,
            directives: self.directives,
            is_certain: true,
            argument: None,
            is_word: false,
        }
    }

    /// Whether a given value may be something other than text although its type is unknown.
    pub(crate) fn takes_any(&self) -> bool {
        self.is_open && !is_secret_name(&self.name) && !self.directives.contains(&Directive::Secret)
    }
}

/// The contents of a cell with parameters.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    /// Its parameters.
    pub(crate) assignments: Vec<Assignment>,
    /// Assignments that aren't parameters: the name, why, and where.
    pub(crate) left_out: Vec<(String, &'static str, Range<usize>)>,
    /// Likely problems.
    pub(crate) doubts: Vec<Diagnostic>,
}

impl Cell {
    /// Adds an assignment; the last one of a name counts.
    pub(crate) fn add(&mut self, assignment: Assignment) {
        self.left_out.retain(|(name, ..)| *name != assignment.name);
        match self.find(&assignment.name) {
            Some(known) => {
                let Assignment { kind, is_open, value, .. } = assignment;
                (known.kind, known.is_open, known.value) = (kind, is_open, value);
            }
            None => self.assignments.push(assignment),
        }
    }

    /// Records that a name gets an unknown value.
    pub(crate) fn leave_out(&mut self, name: &str, why: &'static str, span: Range<usize>) {
        match self.find(name) {
            Some(known) => {
                (known.kind, known.is_open, known.value) = (Type::String, true, Fallback::Computed);
            }
            None => self.left_out.push((name.to_owned(), why, span)),
        }
    }

    /// Records that the value of a name is altered.
    pub(crate) fn alter(&mut self, name: &str) {
        self.find(name).into_iter().for_each(|known| known.value = Fallback::Computed);
    }

    /// The parameter with this name.
    pub(crate) fn find(&mut self, name: &str) -> Option<&mut Assignment> {
        self.assignments.iter_mut().find(|known| known.name == name)
    }
}

/// The type of a value.
pub(crate) fn kind(value: &Constant) -> Type {
    match value {
        Constant::Bool(_) => Type::Boolean,
        Constant::Int(_) => Type::Integer,
        Constant::Float(_) => Type::Float,
        Constant::Text(_) | Constant::None => Type::String,
    }
}

/// Merges the assignments of a cell, which begins at an offset, into the other accesses, and reports
/// problems.
pub(crate) fn merge(
    accesses: &mut Vec<Access>,
    cell: Cell,
    offset: usize,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let moved = |span: Range<usize>| span.start + offset..span.end + offset;
    let is_read = |span: &Range<usize>| {
        accesses.iter().any(|access| span.start <= access.span.start && access.span.end <= span.end)
    };
    let left_out = cell.left_out.into_iter().map(|(name, why, span)| (name, why, moved(span)));
    let left_out = left_out.filter(|(_, _, span)| !is_read(span));
    diagnostics.extend(left_out.map(|(name, why, span)| is_no_parameter(&name, why).at(span)));
    diagnostics.extend(cell.doubts.into_iter().map(|doubt| match doubt.span.clone() {
        Some(span) => doubt.at(moved(span)),
        None => doubt,
    }));
    add(accesses, cell.assignments.into_iter().map(|assignment| assignment.access(offset)).collect());
}

/// Merges accesses by position.
pub(crate) fn add(accesses: &mut Vec<Access>, others: Vec<Access>) {
    for access in others {
        let later = accesses.iter().position(|other| other.span.start > access.span.start);
        accesses.insert(later.unwrap_or(accesses.len()), access);
    }
}

fn is_no_parameter(name: &str, why: &str) -> Diagnostic {
    Diagnostic::note("no-parameter", format!("`{name}` is no parameter: {why}")).hint(
        "assign a plain value, or a list or a dict of such, to make it one; else move it to another cell",
    )
}

/// The statements that let the environment override assignments, each written by the language.
pub(crate) fn overrides(
    assignments: &[Assignment],
    statement: fn(&Assignment) -> Option<String>,
) -> Option<String> {
    let own = assignments.iter().filter(|assignment| !is_system(&assignment.name));
    let own = own.filter(|assignment| !assignment.directives.contains(&Directive::Ignore));
    let statements: Vec<_> = own.filter_map(statement).collect();
    (!statements.is_empty()).then(|| statements.join("\n"))
}
