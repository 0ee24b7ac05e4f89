//! What names refer to: functions of R under any alias, the user's functions, and constants of the script.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::arguments;
use super::atom::Vector;
use super::fold;
use super::literals;
use super::shapes::{Pair, Shapes};

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 8;

/// Functions that call another for each element of a vector.
pub(super) const APPLY: &[&str] = &[
    "lapply",
    "sapply",
    "vapply",
    "mclapply",
    "future_lapply",
    "map",
    "map_chr",
    "map_dbl",
    "map_int",
    "map_lgl",
    "map_vec",
    "walk",
    "future_map",
    "Filter",
    "keep",
    "discard",
    "Map",
    "mapply",
    "map2",
    "map2_chr",
    "map2_dbl",
    "map2_int",
    "map2_lgl",
    "walk2",
    "imap",
    "imap_chr",
    "imap_dbl",
    "imap_int",
    "imap_lgl",
    "iwalk",
    "pmap",
    "pmap_chr",
    "pmap_dbl",
    "pmap_int",
    "pmap_lgl",
    "pwalk",
];

/// Those that iterate over several vectors in parallel.
pub(super) const ROWS: &[&str] =
    &["Map", "mapply", "map2", "map2_chr", "map2_dbl", "map2_int", "map2_lgl", "walk2"];

/// Those that hand over each element and its name.
const NAMING: &[&str] = &["imap", "imap_chr", "imap_dbl", "imap_int", "imap_lgl", "iwalk"];

/// Those that iterate over the vectors of a list in parallel.
const LISTED: &[&str] = &["pmap", "pmap_chr", "pmap_dbl", "pmap_int", "pmap_lgl", "pwalk"];

/// The names of the first element in a formula, of the second, and of others.
const OF_FORMULAS: [&[&str]; 4] = [&[".x", ".", "..1"], &[".y", "..2"], &["..3"], &["..4"]];

/// A function, by its name in its package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    /// The package, if given.
    pub(super) package: Option<String>,
    pub(super) name: String,
}

impl Function {
    /// Whether this may be the function with this name in this package.
    pub(super) fn is(&self, package: &str, name: &str) -> bool {
        self.name == name && self.package.as_deref().is_none_or(|named| named == package)
    }

    /// Whether this may be the base function with this name.
    pub(super) fn is_base(&self, name: &str) -> bool {
        self.is("base", name)
    }
}

/// What is bound to a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'tree> {
    /// The value of an expression.
    Expression(Node<'tree>),
    /// Each element of a vector in turn.
    Element(Node<'tree>),
    /// The name of each element of a vector in turn.
    Label(Node<'tree>),
    /// Anything.
    Unknown,
}

#[derive(Debug)]
struct Binding<'tree> {
    scope: usize,
    /// Its position; for a loop, its whole range.
    span: Range<usize>,
    value: Value<'tree>,
}

/// A function's body and parameters; the first one is the whole script.
#[derive(Debug)]
struct Scope {
    span: Range<usize>,
    parent: usize,
}

/// The names of a script.
#[derive(Debug)]
pub(super) struct Names<'tree> {
    pub(super) text: &'tree str,
    scopes: Vec<Scope>,
    bindings: BTreeMap<String, Vec<Binding<'tree>>>,
    constants: BTreeMap<String, Vector>,
}

impl<'tree> Names<'tree> {
    /// Collects the names of a script.
    pub(super) fn new(text: &'tree str, shapes: &Shapes<'tree>) -> Self {
        let applied = applied(shapes, text);
        let mut functions = shapes.functions.clone();
        functions.extend(applied.formulas.iter().map(|(formula, ..)| *formula));
        functions.sort_by_key(|node| (node.start_byte(), std::cmp::Reverse(node.end_byte())));
        functions.dedup();
        let scopes = scopes(text, &functions);
        let mut names = Self { text, scopes, bindings: BTreeMap::new(), constants: BTreeMap::new() };
        for parameter in &shapes.parameters {
            let value = applied.elements.get(&parameter.id()).copied().unwrap_or(Value::Unknown);
            names.bind(*parameter, names.scope(parameter.start_byte()), value, parameter.byte_range());
        }
        for (formula, name, value) in applied.formulas {
            let scope = names.scope(formula.start_byte());
            let binding = Binding { scope, span: formula.byte_range(), value };
            names.bindings.entry(name.to_owned()).or_default().push(binding);
        }
        for pair in &shapes.loops {
            let scope = names.scope(pair.node.start_byte());
            names.bind(pair.target, scope, Value::Element(pair.value), pair.node.byte_range());
        }
        for pair in &shapes.assignments {
            names.assign(pair);
        }
        names.find_constants(shapes);
        names
    }

    fn assign(&mut self, pair: &Pair<'tree>) {
        let operator = pair.operator.map_or("", |operator| operator.kind());
        let scope = self.scope(pair.node.start_byte());
        let scope = if matches!(operator, "<<-" | "->>") { self.scopes[scope].parent } else { scope };
        match pair.target.kind() {
            _ if operator == ":=" => {}
            "identifier" | "string" => {
                self.bind(pair.target, scope, Value::Expression(pair.value), pair.node.byte_range());
            }
            _ => {
                if let Some(changed) = changed(pair.target) {
                    self.bind(changed, scope, Value::Unknown, pair.node.byte_range());
                }
            }
        }
    }

    fn bind(&mut self, name: Node, scope: usize, value: Value<'tree>, span: Range<usize>) {
        if let Some(name) = literals::name(name, self.text) {
            self.bindings.entry(name).or_default().push(Binding { scope, span, value });
        }
    }

    /// The innermost scope around a byte.
    fn scope(&self, offset: usize) -> usize {
        let mut at = self.scopes.partition_point(|scope| scope.span.start <= offset).saturating_sub(1);
        while at > 0 && self.scopes[at].span.end <= offset {
            at = self.scopes[at].parent;
        }
        at
    }

    /// Names bound once in the whole script, at its top, to a value that can be folded.
    fn find_constants(&mut self, shapes: &Shapes<'tree>) {
        let top: BTreeSet<usize> = shapes
            .statements
            .iter()
            .filter(|(_, around)| around.kind() == "program")
            .map(|(statement, _)| statement.id())
            .collect();
        for pair in shapes.assignments.iter().filter(|pair| top.contains(&pair.node.id())) {
            if let Some(name) = literals::name(pair.target, self.text)
                && self.bindings.get(&name).is_some_and(|bindings| bindings.len() == 1)
                && let Some(value) = fold::fold(pair.value, self)
            {
                self.constants.insert(name, value);
            }
        }
    }

    /// The value of a constant of the script.
    pub(super) fn constant(&self, name: &str) -> Option<&Vector> {
        self.constants.get(name)
    }

    /// Whether the script binds a name at all.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.bindings.contains_key(name)
    }

    /// The value of a name that is bound exactly once.
    pub(super) fn only_value(&self, name: &str) -> Option<Value<'tree>> {
        match self.bindings.get(name)?.as_slice() {
            [binding] => Some(binding.value),
            _ => None,
        }
    }

    /// The value of a name at a byte: the only binding in the innermost enclosing function, or the innermost
    /// loop.
    pub(super) fn value_at(&self, name: &str, offset: usize) -> Option<Value<'tree>> {
        let bindings = self.bindings.get(name)?;
        let mut scope = self.scope(offset);
        loop {
            let here: Vec<_> = bindings.iter().filter(|binding| binding.scope == scope).collect();
            match here.as_slice() {
                [] if scope == 0 => return None,
                [] => scope = self.scopes[scope].parent,
                [only] => return Some(only.value),
                several => {
                    let around = several.iter().filter(|binding| binding.span.contains(&offset));
                    let inner = around.min_by_key(|binding| binding.span.len())?;
                    let within = several.iter().filter(|other| inner.span.contains(&other.span.start));
                    return (within.count() == 1).then_some(inner.value);
                }
            }
        }
    }

    /// The R function called by a name, unless the user defines one.
    pub(super) fn function(&self, node: Node) -> Option<Function> {
        self.followed(node, MAX_ALIASES)
    }

    /// The R function that a node calls, if it is a call and the user doesn't define the function.
    pub(super) fn called(&self, node: Node) -> Option<Function> {
        self.function(node.child_by_field_name("function").filter(|_| node.kind() == "call")?)
    }

    fn followed(&self, node: Node, aliases: usize) -> Option<Function> {
        if node.kind() == "namespace_operator" {
            let part = |field| literals::name(node.child_by_field_name(field)?, self.text);
            return Some(Function { package: Some(part("lhs")?), name: part("rhs")? });
        }
        let name = literals::name(node, self.text)?;
        let Some(bindings) = self.bindings.get(&name) else { return Some(Function { package: None, name }) };
        let mut scope = self.scope(node.start_byte());
        loop {
            let here = bindings.iter().filter(|binding| binding.scope == scope);
            match here.map(|binding| self.meaning(binding, &name, aliases)).max() {
                Some(Meaning::Alias(function)) => return Some(function.into()),
                Some(Meaning::User) => return None,
                _ if scope == 0 => return Some(Function { package: None, name }),
                _ => scope = self.scopes[scope].parent,
            }
        }
    }

    fn meaning(&self, binding: &Binding, name: &str, aliases: usize) -> Meaning {
        let Value::Expression(value) = binding.value else { return Meaning::Data };
        match value.kind() {
            "function_definition" => Meaning::User,
            "identifier" | "namespace_operator" if aliases > 0 => match self.followed(value, aliases - 1) {
                Some(function) if function.package.is_some() || function.name != name => {
                    Meaning::Alias((function.package, function.name))
                }
                Some(_) => Meaning::Data,
                None => Meaning::User,
            },
            _ => Meaning::Data,
        }
    }
}

/// What a binding means for a call of the name; the greatest counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// Not a function, as far as known; R skips data when it looks up a function.
    Data,
    /// A user's function.
    User,
    /// An alias of a function, with its package.
    Alias((Option<String>, String)),
}

impl From<(Option<String>, String)> for Function {
    fn from((package, name): (Option<String>, String)) -> Self {
        Self { package, name }
    }
}

fn scopes(text: &str, functions: &[Node]) -> Vec<Scope> {
    let mut scopes = vec![Scope { span: 0..text.len() + 1, parent: 0 }];
    for function in functions {
        let span = function.byte_range();
        let mut parent = scopes.len() - 1;
        while parent > 0 && scopes[parent].span.end <= span.start {
            parent = scopes[parent].parent;
        }
        scopes.push(Scope { span, parent });
    }
    scopes
}

/// Functions applied to vectors.
#[derive(Debug, Default)]
struct Applied<'tree> {
    /// What they are in turn, by parameter.
    elements: BTreeMap<usize, Value<'tree>>,
    /// Formulas used as functions, with the names of their elements, and what those are in turn.
    formulas: Vec<(Node<'tree>, &'static str, Value<'tree>)>,
}

fn applied<'tree>(shapes: &Shapes<'tree>, text: &str) -> Applied<'tree> {
    let mut found = Applied::default();
    let pipes = shapes
        .operations
        .iter()
        .filter(|pair| pair.operator.is_some_and(|operator| matches!(operator.kind(), "|>" | "special")));
    let handed: BTreeMap<usize, Node> = pipes.map(|pair| (pair.target.id(), pair.value)).collect();
    for call in &shapes.calls {
        let name = text[call.function.byte_range()].rsplit(':').next().unwrap_or_default();
        if !APPLY.contains(&name) {
            continue;
        }
        let arguments = arguments::of(call.arguments, text);
        let first = handed.get(&call.node.id()).map(|piped| (None, *piped));
        let given = arguments.iter().filter_map(|argument| Some((argument.name.as_deref(), argument.value?)));
        let given: Vec<_> = first.into_iter().chain(given).collect();
        let is_function = |value: Node| value.kind() == "function_definition" || is_formula(value);
        let Some((_, function)) = given.iter().copied().find(|(_, value)| is_function(*value)) else {
            continue;
        };
        let vectors = given.iter().copied().filter(|(_, value)| !is_function(*value));
        let vectors: Vec<(Option<&str>, Node)> = match name {
            name if ROWS.contains(&name) => vectors.collect(),
            _ => vectors.take(1).collect(),
        };
        let listed = || vectors.first().map(|(_, list)| listed(*list, text)).unwrap_or_default();
        let values: Vec<(Option<String>, Value)> = match vectors.as_slice() {
            [(_, vector)] if NAMING.contains(&name) => {
                vec![(None, Value::Element(*vector)), (None, Value::Label(*vector))]
            }
            _ if LISTED.contains(&name) => listed(),
            vectors => vectors
                .iter()
                .map(|(name, vector)| (name.map(ToOwned::to_owned), Value::Element(*vector)))
                .collect(),
        };
        if is_formula(function) {
            let taken = OF_FORMULAS.iter().zip(values);
            found.formulas.extend(
                taken.flat_map(|(names, (_, value))| names.iter().map(move |by| (function, *by, value))),
            );
        } else {
            found.elements.extend(handed_over(&parameters(function), values, text));
        }
    }
    found
}

/// The vectors of `list(c("x", "y"), d = c("d", "e"))`, with their names.
fn listed<'tree>(list: Node<'tree>, text: &str) -> Vec<(Option<String>, Value<'tree>)> {
    let function = list.child_by_field_name("function").map(|function| &text[function.byte_range()]);
    let is_list = matches!(function, Some("list" | "tibble" | "data.frame" | "tibble::tibble"));
    let vectors = list.child_by_field_name("arguments").filter(|_| is_list);
    let vectors = vectors.map(|vectors| arguments::of(vectors, text)).unwrap_or_default().into_iter();
    vectors.filter_map(|vector| Some((vector.name, Value::Element(vector.value?)))).collect()
}

/// What parameters are in turn: those with the names of vectors, and the others in their order.
fn handed_over<'tree>(
    parameters: &[Node<'tree>],
    values: Vec<(Option<String>, Value<'tree>)>,
    text: &str,
) -> Vec<(usize, Value<'tree>)> {
    let named = |name: &Option<String>| {
        let is_it = |node: &&Node| literals::name(**node, text) == *name;
        name.as_ref().and_then(|_| parameters.iter().find(is_it)).map(Node::id)
    };
    let (by_name, others): (Vec<_>, Vec<_>) =
        values.into_iter().map(|(name, value)| (named(&name), value)).partition(|(id, _)| id.is_some());
    let mut found: Vec<_> = by_name.into_iter().filter_map(|(id, value)| Some((id?, value))).collect();
    let taken: Vec<usize> = found.iter().map(|(id, _)| *id).collect();
    let free = parameters.iter().map(Node::id).filter(|id| !taken.contains(id));
    found.extend(free.zip(others.into_iter().map(|(_, value)| value)));
    found
}

/// Whether an expression is a formula used as a function: `~ f(.x)`.
fn is_formula(node: Node) -> bool {
    let operator = node.child_by_field_name("operator").filter(|_| node.kind() == "unary_operator");
    operator.is_some_and(|operator| operator.kind() == "~")
}

/// The names of a function's parameters.
pub(super) fn parameters(function: Node<'_>) -> Vec<Node<'_>> {
    let Some(list) = function.child_by_field_name("parameters") else { return Vec::new() };
    let mut cursor = list.walk();
    let all: Vec<_> = list.named_children(&mut cursor).collect();
    all.into_iter().filter_map(|parameter| parameter.child_by_field_name("name")).collect()
}

/// The name that `names(x)[1] <- …` changes.
fn changed(target: Node<'_>) -> Option<Node<'_>> {
    let mut node = target;
    loop {
        node = match node.kind() {
            "identifier" | "string" => return Some(node),
            "subset" | "subset2" => node.child_by_field_name("function")?,
            "extract_operator" => node.child_by_field_name("lhs")?,
            "parenthesized_expression" => node.child_by_field_name("body")?,
            "call" => {
                let arguments = node.child_by_field_name("arguments")?;
                arguments.child_by_field_name("argument")?.child_by_field_name("value")?
            }
            _ => return None,
        };
    }
}
