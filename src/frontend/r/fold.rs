//! Constant folding: the value of an expression that can be known without running it. Every value of R is a vector.

use tree_sitter::Node;

use super::arguments;
use super::atom::{Atom, Vector, binary, converted, integer, is_arithmetic, unary};
use super::literals;
use super::names::{Names, Value};

/// Longest text that folding makes, in bytes.
const MAX_TEXT: usize = 1 << 16;

/// Longest vector that folding makes.
const MAX_LENGTH: usize = 10_000;

/// Deepest expression that is folded.
const MAX_DEPTH: usize = 120;

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

/// The elements of a `c(…)` or `list(…)` with their names, if all have one; also of a name that stands for one.
pub(super) fn named<'tree>(node: Node<'tree>, names: &Names<'tree>) -> Option<Vec<(String, Node<'tree>)>> {
    let parts = parts(node, names)?.into_iter();
    parts.map(|(name, value)| Some((name?, value))).collect()
}

/// The elements of a `c(…)` or `list(…)`, some with their names; also of a name that stands for one.
pub(super) fn parts<'tree>(
    node: Node<'tree>,
    names: &Names<'tree>,
) -> Option<Vec<(Option<String>, Node<'tree>)>> {
    let node = match node.kind() {
        "identifier" => match names.only_value(&literals::name(node, names.text)?)? {
            Value::Expression(value) => value,
            _ => return None,
        },
        _ => node,
    };
    let function = names.called(node)?;
    (function.is_base("c") || function.is_base("list")).then_some(())?;
    let given = arguments::of(node.child_by_field_name("arguments")?, names.text);
    given.into_iter().map(|argument| Some((argument.name, argument.value?))).collect()
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
        "extract_operator" | "subset2" => fold_within(element(node, names)?, names, depth),
        _ => None,
    }
}

/// An element of a list that a name stands for: `all$n`, `all[["n"]]`.
fn element<'tree>(node: Node<'tree>, names: &Names<'tree>) -> Option<Node<'tree>> {
    let field = |field| node.child_by_field_name(field);
    let (all, name) = match field("function") {
        Some(all) => (all, text(arguments::sole(field("arguments")?, names.text)?, names)?),
        None => (field("lhs")?, literals::name(field("rhs")?, names.text)?),
    };
    let parts = parts(all, names).filter(|_| all.kind() == "identifier")?;
    parts.into_iter().find(|(known, _)| known.as_ref() == Some(&name)).map(|(_, value)| value)
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

/// A call of a function that makes a constant of constants.
fn call(node: Node, names: &Names, depth: usize) -> Option<Vector> {
    let function = names.function(node.child_by_field_name("function")?)?;
    function.package.as_deref().is_none_or(|package| package == "base").then_some(())?;
    if function.name == "names" {
        let all = named(arguments::sole(node.child_by_field_name("arguments")?, names.text)?, names)?;
        return Some(all.into_iter().map(|(name, _)| Atom::Text(name)).collect());
    }
    let is_known = matches!(
        function.name.as_str(),
        "c" | "paste"
            | "paste0"
            | "file.path"
            | "as.character"
            | "sprintf"
            | "toupper"
            | "tolower"
            | "trimws"
            | "nchar"
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
        ("sprintf", [format, values @ ..]) if options.is_empty() => formatted(format, values),
        (name @ ("toupper" | "tolower" | "trimws" | "nchar"), [value]) if options.is_empty() => {
            of_text(name, value)
        }
        (name, [value]) if options.is_empty() => converted(name, value),
        _ => None,
    }
}

/// The result of a function of one text.
fn of_text(function: &str, value: &[Atom]) -> Option<Vector> {
    let [Atom::Text(text)] = value else { return None };
    text.is_ascii().then_some(())?;
    Some(vec![match function {
        "toupper" => Atom::Text(text.to_uppercase()),
        "tolower" => Atom::Text(text.to_lowercase()),
        "trimws" => Atom::Text(text.trim_matches([' ', '\t', '\r', '\n']).to_owned()),
        _ => Atom::Int(i32::try_from(text.len()).ok()?),
    }])
}

/// The result of `sprintf` with plain fields, `%s` and `%d`.
fn formatted(format: &[Atom], values: &[Vector]) -> Option<Vector> {
    let [Atom::Text(format)] = format else { return None };
    let (mut text, mut values, mut rest) = (String::new(), values.iter(), format.as_str());
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let kind = after.chars().next()?;
        match kind {
            '%' => text.push('%'),
            's' | 'd' | 'i' => match values.next()?.as_slice() {
                [Atom::Double(value)] if kind != 's' && value.fract() != 0.0 => return None,
                [Atom::Double(value)] if kind != 's' => {
                    text.push_str(&Atom::Text(format!("{value:.0}")).word());
                }
                [Atom::Text(_) | Atom::Missing | Atom::Bool(_)] if kind != 's' => return None,
                [atom] => text.push_str(&atom.word()),
                _ => return None,
            },
            _ => return None,
        }
        rest = &after[kind.len_utf8()..];
    }
    text.push_str(rest);
    (values.next().is_none() && text.len() <= MAX_TEXT).then_some(vec![Atom::Text(text)])
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

/// The result of `c`: one vector of a common type.
fn combined(values: Vec<Vector>) -> Option<Vector> {
    let atoms: Vector = values.into_iter().flatten().collect();
    let size: usize = atoms.iter().map(|atom| if let Atom::Text(text) = atom { text.len() } else { 0 }).sum();
    (atoms.len() <= MAX_LENGTH && size <= MAX_LENGTH * 100).then_some(())?;
    let rank = atoms.iter().map(Atom::rank).max().unwrap_or(0);
    Some(atoms.into_iter().map(|atom| atom.raised(rank)).collect())
}

/// Vectors pasted together, element by element; short ones are recycled. `NULL` is left out.
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
    fn constants_are_folded_as_in_r() {
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
            ("sprintf('%s-%d%%', 'a', 5L)", &["a-5%"]),
            ("sprintf('%d', 2)", &["2"]),
            ("toupper(trimws(' a '))", &["A"]),
            ("nchar('abc')", &["3"]),
            ("paste0('x', c('a', 'b'))", &["xa", "xb"]),
            ("file.path('a', 'b')", &["a/b"]),
            ("c(1, 'b', TRUE)", &["1", "b", "TRUE"]),
            ("x <- 'a'\nx", &["a"]),
            ("x <- 2\ny <- x * 2\n(y)", &["4"]),
            ("NULL", &[]),
            ("as.integer('7')", &["7"]),
            ("!TRUE", &["FALSE"]),
            ("c(a = 'x')", &["x"]),
            ("x <- list(a = 'b', n = 5L)\nx$n", &["5"]),
            ("x <- list(a = 'b', n = 5L)\nx[['a']]", &["b"]),
        ];
        for (text, expected) in cases {
            assert_eq!(folded(text), Some(expected.iter().map(ToString::to_string).collect()), "{text}");
        }
    }

    #[test]
    fn variables_are_not_folded() {
        for text in [
            "x",
            "f(1)",
            "x <- 1\nx <- 2\nx",
            "x <- 1\nx[2] <- 3\nx",
            "x <- list(a = 1)\nx$a <- 2\nx$a",
            "x <- list(a = 1)\nx$b",
            "if (a) x <- 1\nx",
            "x <- 1\nf <- function(x) 1\nx",
            "paste0 <- function(...) 1\npaste0('a')",
            "2147483647L + 1L",
            "1L %/% 0L",
            "paste(c('a', 'b'), collapse = '')",
            "sprintf('%05.2f', 1)",
            "sprintf('%d', 1.5)",
            "T <- 0\nT <- 1\nT",
        ] {
            assert_eq!(folded(text), None, "{text}");
        }
    }
}
