//! Patterns: the queries of `grammars/r.scm`, compiled once in a process.

use std::sync::LazyLock;

use tree_sitter::{Query, QueryError};

/// The patterns, compiled once; an error would be a bug, found by the tests.
pub(super) static PATTERNS: LazyLock<Result<Patterns, QueryError>> = LazyLock::new(Patterns::new);

/// The queries, and the purpose of each pattern.
pub(super) struct Patterns {
    pub(super) query: Query,
    shapes: Vec<Shape>,
}

/// The kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Comment,
    Block,
    Function,
    Parameter,
    Loop,
    Operator,
    Call,
    Argument,
    Name,
    Package,
    Text,
    Extract,
    Number,
    Condition,
}

impl Shape {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "comment" => Self::Comment,
            "block" => Self::Block,
            "function" => Self::Function,
            "parameter" => Self::Parameter,
            "loop" => Self::Loop,
            "operator" => Self::Operator,
            "call" => Self::Call,
            "argument" => Self::Argument,
            "name" => Self::Name,
            "package" => Self::Package,
            "text" => Self::Text,
            "extract" => Self::Extract,
            "number" => Self::Number,
            "condition" => Self::Condition,
            _ => return None,
        })
    }
}

impl Patterns {
    /// The kind of the nodes of a pattern.
    pub(super) fn shape(&self, pattern: usize) -> Option<Shape> {
        self.shapes.get(pattern).copied()
    }

    fn new() -> Result<Self, QueryError> {
        let query = Query::new(&tree_sitter_r::LANGUAGE.into(), include_str!("../../../grammars/r.scm"))?;
        let shape = |pattern| {
            let settings = query.property_settings(pattern).iter();
            let name = settings
                .filter(|property| &*property.key == "shape")
                .find_map(|property| property.value.as_deref());
            name.and_then(Shape::named).unwrap_or(Shape::Comment)
        };
        let shapes = (0..query.pattern_count()).map(shape).collect();
        Ok(Self { query, shapes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_a_known_shape() {
        let patterns = PATTERNS.as_ref().unwrap();
        for pattern in 0..patterns.query.pattern_count() {
            let named =
                patterns.query.property_settings(pattern).iter().any(|property| &*property.key == "shape");
            assert!(named, "pattern {pattern} has no shape");
        }
        let settings = |pattern| patterns.query.property_settings(pattern).iter();
        let mut values =
            (0..patterns.query.pattern_count()).flat_map(settings).map(|one| one.value.as_deref());
        assert!(values.all(|value| value.and_then(Shape::named).is_some()));
    }
}
