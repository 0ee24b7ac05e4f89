//! Parameters of a notebook: assignments of plain values in the cell that Papermill's `parameters` tag marks.

use std::ops::Range;

use super::directive::Directive;
use super::interface::{Access, Action, Fallback, is_system};
use crate::component::Type;
use crate::value::Constant;

/// The assignment of a plain value to a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    /// The name.
    pub(crate) name: String,
    /// The type of the value.
    pub(crate) kind: Type,
    /// The value.
    pub(crate) value: Constant,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    /// The comment at the end of the line or above.
    pub(crate) description: Option<String>,
    /// What the comment at the end of the line says to `c3`.
    pub(crate) directives: Vec<Directive>,
}

impl Assignment {
    /// The assignment as a read of an environment variable, which overrides the value.
    fn access(self, offset: usize) -> Access {
        Access {
            name: self.name,
            action: Action::read(Fallback::Constant(self.value), Some(self.kind)),
            span: self.span.start + offset..self.span.end + offset,
            description: self.description,
            directives: self.directives,
            is_certain: true,
        }
    }
}

/// The type that a value has.
pub(crate) fn kind(value: &Constant) -> Type {
    match value {
        Constant::Bool(_) => Type::Boolean,
        Constant::Int(_) => Type::Integer,
        Constant::Float(_) => Type::Float,
        Constant::Text(_) | Constant::None => Type::String,
    }
}

/// Puts the assignments of a cell, which begins at an offset, among the other accesses.
pub(crate) fn merge(accesses: &mut Vec<Access>, assignments: Vec<Assignment>, offset: usize) {
    for access in assignments.into_iter().map(|assignment| assignment.access(offset)) {
        let later = accesses.iter().position(|other| other.span.start > access.span.start);
        accesses.insert(later.unwrap_or(accesses.len()), access);
    }
}

/// The statements that let the environment override assignments, each written by a function of the language's.
pub(crate) fn overrides(
    assignments: &[Assignment],
    statement: fn(&Assignment) -> Option<String>,
) -> Option<String> {
    let own = assignments.iter().filter(|assignment| !is_system(&assignment.name));
    let own = own.filter(|assignment| !assignment.directives.contains(&Directive::Ignore));
    let statements: Vec<_> = own.filter_map(statement).collect();
    (!statements.is_empty()).then(|| statements.join("\n"))
}
