//! Constant folding: the value of an expression that can be known without running it. Every value of R is a vector.

use tree_sitter::Node;

use super::arguments;
use super::literals;
use super::names::Names;
use crate::component::Type;
use crate::frontend::constant::Constant;

/// Longest text that folding makes, in bytes.
const MAX_TEXT: usize = 1 << 16;

/// Longest vector that folding makes.
const MAX_LENGTH: usize = 10_000;

/// Deepest expression that is folded.
const MAX_DEPTH: usize = 120;

/// An element of a vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// `NA`.
    Missing,
    Bool(bool),
    Int(i32),
    Double(f64),
    Text(String),
}

/// A value: `NULL` has no elements.
pub(super) type Vector = Vec<Atom>;

impl Atom {
    /// The text that `as.character` gives.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Missing => return None,
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => literals::number_text(*value),
            Self::Text(text) => text.clone(),
        })
    }

    /// The text within a greater one, where `NA` is a word.
    fn word(&self) -> String {
        self.text().unwrap_or_else(|| "NA".to_owned())
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(f64::from(*value)),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i32> {
        match self {
            Self::Bool(value) => Some(i32::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    fn rank(&self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Double(_) => 3,
            Self::Text(_) => 4,
        }
    }

    /// The same element in a vector of another kind.
    fn raised(self, rank: usize) -> Self {
        match (rank, &self) {
            (_, Self::Missing) => self,
            (4, _) => Self::Text(self.word()),
            (3, _) => self.number().map_or(self, Self::Double),
            (2, _) => self.integer().map_or(self, Self::Int),
            _ => self,
        }
    }
}

/// What a default is in the environment: the text that `as.character` gives.
pub(super) fn default(value: &[Atom]) -> Option<Constant> {
    match value {
        [] | [Atom::Missing] => Some(Constant::None),
        [atom] => atom.text().map(Constant::Text),
        _ => None,
    }
}

/// A default for a variable of this type: the number that R's cast makes of its text where only R would read it as one,
/// and nothing where an empty text gives `NA`.
pub(super) fn typed(text: &str, kind: &Type) -> Option<Constant> {
    let is_number = matches!(kind, Type::Integer | Type::Float);
    if text.is_empty() && (is_number || *kind == Type::Boolean) {
        return Some(Constant::None);
    }
    let value = literals::number_from_text(text).filter(|_| is_number)?;
    let is_hexadecimal = text.contains(['x', 'X']);
    match kind {
        Type::Integer if in_range(value) => Some(Constant::Float(value)),
        Type::Float if is_hexadecimal => Some(Constant::Float(value)),
        _ => None,
    }
}

/// Whether a number is one of R's integers when its fraction is dropped.
fn in_range(value: f64) -> bool {
    value.trunc().abs() <= f64::from(i32::MAX)
}

/// The value of an expression, if it consists of constants.
pub(super) fn fold(node: Node, names: &Names) -> Option<Vector> {
    fold_within(node, names, MAX_DEPTH)
}

/// The text of an expression that is one text.
pub(super) fn text(node: Node, names: &Names) -> Option<String> {
    match fold(node, names)?.as_slice() {
        [Atom::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

/// The texts of an expression that is a vector of texts.
pub(super) fn texts(node: Node, names: &Names) -> Option<Vec<String>> {
    let text = |atom: Atom| match atom {
        Atom::Text(text) => Some(text),
        _ => None,
    };
    fold(node, names)?.into_iter().map(text).collect()
}

fn fold_within(node: Node, names: &Names, depth: usize) -> Option<Vector> {
    let depth = depth.checked_sub(1)?;
    let written = || names.text.get(node.byte_range());
    let field = |field| fold_within(node.child_by_field_name(field)?, names, depth);
    let one = |atom| Some(vec![atom]);
    match node.kind() {
        "null" => Some(Vec::new()),
        "na" => one(Atom::Missing),
        "true" => one(Atom::Bool(true)),
        "false" => one(Atom::Bool(false)),
        "inf" => one(Atom::Double(f64::INFINITY)),
        "nan" => one(Atom::Double(f64::NAN)),
        "string" => one(Atom::Text(literals::string(node, names.text)?)),
        "float" => one(Atom::Double(literals::number(written()?)?)),
        "integer" => one(integer(literals::number(written()?)?)),
        "identifier" => identifier(&literals::name(node, names.text)?, names),
        "parenthesized_expression" => field("body"),
        "unary_operator" => unary(node.child_by_field_name("operator")?.kind(), &scalar(field("rhs")?)?)
            .map(|atom| vec![atom]),
        "binary_operator" => {
            let operator = node.child_by_field_name("operator")?;
            let operator = &names.text[operator.byte_range()];
            is_arithmetic(operator).then_some(())?;
            let (left, right) = (scalar(field("lhs")?)?, scalar(field("rhs")?)?);
            binary(operator, &left, &right).map(|atom| vec![atom])
        }
        "call" => call(node, names, depth),
        _ => None,
    }
}

/// `5L`; `0.5L` is a number, and what is too large as well.
fn integer(value: f64) -> Atom {
    if value.fract() == 0.0 && in_range(value) { Atom::Int(truncated(value)) } else { Atom::Double(value) }
}

#[expect(clippy::cast_possible_truncation, reason = "only numbers in the range of integers come here")]
fn truncated(value: f64) -> i32 {
    value as i32
}

fn identifier(name: &str, names: &Names) -> Option<Vector> {
    if let Some(value) = names.constant(name) {
        return Some(value.clone());
    }
    let atom = match name {
        _ if names.is_bound(name) => return None,
        "T" => Atom::Bool(true),
        "F" => Atom::Bool(false),
        "pi" => Atom::Double(std::f64::consts::PI),
        _ => return None,
    };
    Some(vec![atom])
}

fn scalar(vector: Vector) -> Option<Atom> {
    let mut atoms = vector.into_iter();
    atoms.next().filter(|_| atoms.next().is_none())
}

fn unary(operator: &str, operand: &Atom) -> Option<Atom> {
    match (operator, operand) {
        ("!", operand) => Some(Atom::Bool(operand.number()? == 0.0)),
        ("-", Atom::Double(value)) => Some(Atom::Double(-value)),
        ("+", Atom::Double(value)) => Some(Atom::Double(*value)),
        ("-", operand) => Some(Atom::Int(-operand.integer()?)),
        ("+", operand) => operand.integer().map(Atom::Int),
        _ => None,
    }
}

fn is_arithmetic(operator: &str) -> bool {
    matches!(operator, "+" | "-" | "*" | "/" | "^" | "**" | "%%" | "%/%")
}

fn binary(operator: &str, left: &Atom, right: &Atom) -> Option<Atom> {
    match (left.integer(), right.integer()) {
        (Some(left), Some(right)) if !matches!(operator, "/" | "^" | "**") => integers(operator, left, right),
        _ => doubles(operator, left.number()?, right.number()?).map(Atom::Double),
    }
}

/// R's integers give `NA` beyond their range, which is no default that anyone wants.
fn integers(operator: &str, left: i32, right: i32) -> Option<Atom> {
    let value = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "%%" => left.checked_sub(floor_division(left, right)?.checked_mul(right)?),
        "%/%" => floor_division(left, right),
        _ => None,
    };
    value.filter(|&value| value != i32::MIN).map(Atom::Int)
}

fn floor_division(left: i32, right: i32) -> Option<i32> {
    let quotient = left.checked_div(right)?;
    Some(if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn doubles(operator: &str, left: f64, right: f64) -> Option<f64> {
    match operator {
        "+" => Some(left + right),
        "-" => Some(left - right),
        "*" => Some(left * right),
        "/" => Some(left / right),
        "^" | "**" => Some(left.powf(right)),
        "%%" if right != 0.0 => Some(left - (left / right).floor() * right),
        "%/%" if right != 0.0 => Some((left / right).floor()),
        _ => None,
    }
}

/// A call of a function that makes a constant of constants.
fn call(node: Node, names: &Names, depth: usize) -> Option<Vector> {
    let function = names.function(node.child_by_field_name("function")?)?;
    function.package.as_deref().is_none_or(|package| package == "base").then_some(())?;
    let is_known = matches!(
        function.name.as_str(),
        "c" | "paste"
            | "paste0"
            | "file.path"
            | "as.character"
            | "as.numeric"
            | "as.double"
            | "as.integer"
            | "as.logical"
    );
    is_known.then_some(())?;
    let mut options = Vec::new();
    let mut values: Vec<Vector> = Vec::new();
    for argument in arguments::of(node.child_by_field_name("arguments")?, names.text) {
        let value = fold_within(argument.value.filter(|_| !argument.is_spliced())?, names, depth)?;
        match argument.name {
            Some(name) if function.name != "c" => options.push((name, value)),
            _ => values.push(value),
        }
    }
    match (function.name.as_str(), values.as_slice()) {
        ("c", _) => combined(values),
        ("paste", _) => pasted(&values, &option(&options, "sep", " ")?),
        ("paste0", _) if options.is_empty() => pasted(&values, ""),
        ("file.path", _) => pasted(&values, &option(&options, "fsep", "/")?),
        (name, [value]) if options.is_empty() => converted(name, value),
        _ => None,
    }
}

/// The text of the only option that is given, or else its default.
fn option(options: &[(String, Vector)], name: &str, default: &str) -> Option<String> {
    match options {
        [] => Some(default.to_owned()),
        [(given, value)] if given == name => match value.as_slice() {
            [Atom::Text(text)] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// What `c` gives: one vector, all of one kind.
fn combined(values: Vec<Vector>) -> Option<Vector> {
    let atoms: Vector = values.into_iter().flatten().collect();
    let size: usize = atoms.iter().map(|atom| if let Atom::Text(text) = atom { text.len() } else { 0 }).sum();
    (atoms.len() <= MAX_LENGTH && size <= MAX_LENGTH * 100).then_some(())?;
    let rank = atoms.iter().map(Atom::rank).max().unwrap_or(0);
    Some(atoms.into_iter().map(|atom| atom.raised(rank)).collect())
}

/// Texts put together, element by element; short vectors begin anew. `NULL` is left out.
fn pasted(values: &[Vector], separator: &str) -> Option<Vector> {
    let values: Vec<&Vector> = values.iter().filter(|value| !value.is_empty()).collect();
    let length = values.iter().map(|value| value.len()).max().unwrap_or(0);
    (length <= 1000).then_some(())?;
    let row = |at: usize| {
        let words: Vec<String> = values.iter().map(|value| value[at % value.len()].word()).collect();
        let text = words.join(separator);
        (text.len() <= MAX_TEXT).then_some(Atom::Text(text))
    };
    (0..length).map(row).collect()
}

fn converted(function: &str, value: &[Atom]) -> Option<Vector> {
    let convert = |atom: &Atom| {
        let number = || match atom {
            Atom::Text(text) => literals::number_from_text(text),
            atom => atom.number(),
        };
        match function {
            "as.character" => Some(atom.text().map_or(Atom::Missing, Atom::Text)),
            "as.numeric" | "as.double" => number().map(Atom::Double),
            "as.integer" => {
                number().filter(|&value| in_range(value)).map(|value| Atom::Int(truncated(value)))
            }
            "as.logical" => logical(atom),
            _ => None,
        }
    };
    value.iter().map(convert).collect()
}

fn logical(atom: &Atom) -> Option<Atom> {
    match atom {
        Atom::Text(text) => match text.as_str() {
            "T" | "TRUE" | "true" | "True" => Some(Atom::Bool(true)),
            "F" | "FALSE" | "false" | "False" => Some(Atom::Bool(false)),
            _ => None,
        },
        atom => atom.number().filter(|value| !value.is_nan()).map(|value| Atom::Bool(value != 0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::r::{shapes, tree};

    /// The text of the value of the last statement.
    fn folded(text: &str) -> Option<Vec<String>> {
        let parsed = tree::parse(text).unwrap();
        let shapes = shapes::find(&parsed, text);
        let names = Names::new(text, &shapes);
        let (last, _) = shapes.statements.iter().rfind(|(_, around)| around.kind() == "program").unwrap();
        Some(fold(*last, &names)?.iter().map(Atom::word).collect())
    }

    #[test]
    fn constants_are_folded_as_r_evaluates_them() {
        let cases: &[(&str, &[&str])] = &[
            ("60 * 60", &["3600"]),
            ("5L", &["5"]),
            ("-1", &["-1"]),
            ("7 %/% -2; 7L %/% -2L", &["-4"]),
            ("-7 %% 3", &["2"]),
            ("5L / 2L", &["2.5"]),
            ("2 ^ 10", &["1024"]),
            ("TRUE", &["TRUE"]),
            ("1e5", &["1e+05"]),
            ("100000L", &["100000"]),
            ("paste0('a', 1, TRUE)", &["a1TRUE"]),
            ("paste('a', 'b', sep = '-')", &["a-b"]),
            ("paste0('x', c('a', 'b'))", &["xa", "xb"]),
            ("file.path('a', 'b')", &["a/b"]),
            ("c(1, 'b', TRUE)", &["1", "b", "TRUE"]),
            ("x <- 'a'\nx", &["a"]),
            ("x <- 2\ny <- x * 2\n(y)", &["4"]),
            ("NULL", &[]),
            ("as.integer('7')", &["7"]),
            ("!TRUE", &["FALSE"]),
            ("c(a = 'x')", &["x"]),
        ];
        for (text, expected) in cases {
            assert_eq!(folded(text), Some(expected.iter().map(ToString::to_string).collect()), "{text}");
        }
    }

    #[test]
    fn what_varies_is_not_folded() {
        for text in [
            "x",
            "f(1)",
            "x <- 1\nx <- 2\nx",
            "x <- 1\nx[2] <- 3\nx",
            "if (a) x <- 1\nx",
            "x <- 1\nf <- function(x) 1\nx",
            "paste0 <- function(...) 1\npaste0('a')",
            "2147483647L + 1L",
            "1L %/% 0L",
            "paste(c('a', 'b'), collapse = '')",
            "T <- 0\nT <- 1\nT",
        ] {
            assert_eq!(folded(text), None, "{text}");
        }
    }
}
