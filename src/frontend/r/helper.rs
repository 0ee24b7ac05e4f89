//! Helpers: functions of the script's that read variables which their callers name.

use tree_sitter::Node;

use super::literals;
use super::names::Names;
use super::shapes::Call;

/// How far out a function is looked for.
const MAX_DEPTH: usize = 200;

/// What a helper does where the variable isn't set.
#[derive(Debug)]
pub(super) enum Guard<'tree> {
    /// It takes a value.
    Taken(Node<'tree>),
    /// It ends the script.
    Ends,
    /// It goes on.
    Goes,
}

/// Tests that hold where a value is missing: `S` stands for it.
const MISSING: &[&str] = &[
    "!nzchar(S)",
    "S==\"\"",
    "\"\"==S",
    "S==''",
    "nchar(S)==0",
    "nchar(S)==0L",
    "is.na(S)",
    "identical(S,\"\")",
    "isFALSE(nzchar(S))",
    "nchar(S)<1",
];

/// Tests that hold where it is there.
const PRESENT: &[&str] = &[
    "nzchar(S)",
    "S!=\"\"",
    "\"\"!=S",
    "S!=''",
    "nchar(S)>0",
    "nchar(S)>0L",
    "!is.na(S)",
    "!identical(S,\"\")",
    "isTRUE(nzchar(S))",
];

/// Functions that end a script.
const ENDS: &[&str] = &["stop", "quit", "q", "abort", "rlang::abort", "cli::cli_abort"];

/// A function with a name.
#[derive(Debug)]
pub(super) struct Helper<'tree> {
    name: String,
    node: Node<'tree>,
    /// Its parameters.
    pub(super) formals: Vec<String>,
    /// The default of each.
    pub(super) defaults: Vec<Option<Node<'tree>>>,
}

impl<'tree> Helper<'tree> {
    /// The function around a node, if it has a name.
    pub(super) fn around(node: Node<'tree>, names: &Names<'tree>) -> Option<Self> {
        let outwards = std::iter::successors(node.parent(), Node::parent).take(MAX_DEPTH);
        let node = outwards.into_iter().find(|node| node.kind() == "function_definition")?;
        let assignment = node.parent().filter(|parent| parent.kind() == "binary_operator")?;
        let target = assignment.child_by_field_name("lhs")?;
        let name = literals::name(target, names.text)?;
        let parameters = node.child_by_field_name("parameters")?;
        let mut cursor = parameters.walk();
        let (mut formals, mut defaults) = (Vec::new(), Vec::new());
        for parameter in parameters.named_children(&mut cursor).filter(|child| child.kind() == "parameter") {
            let name = parameter.child_by_field_name("name")?;
            formals.push(literals::name(name, names.text).unwrap_or_else(|| "...".to_owned()));
            defaults.push(parameter.child_by_field_name("default"));
        }
        Some(Self { name, node, formals, defaults })
    }

    /// What is done in the function where the variable that a call reads isn't set, if it is asked at all.
    pub(super) fn guard(&self, call: Node<'tree>, names: &Names<'tree>) -> Option<Guard<'tree>> {
        let text = names.text;
        let assigned = std::iter::successors(call.parent(), Node::parent).take(3).find_map(|around| {
            let target = around.child_by_field_name("lhs").filter(|_| around.kind() == "binary_operator")?;
            literals::name(target, text)
        });
        let subjects: Vec<String> =
            [Some(plain(call, text)), assigned.clone()].into_iter().flatten().collect();
        let mut waiting = vec![self.node];
        while let Some(node) = waiting.pop() {
            if let Some(guard) =
                (node.kind() == "if_statement").then(|| choice(node, &subjects, text)).flatten()
            {
                return Some(guard);
            }
            let mut cursor = node.walk();
            let mut inner: Vec<_> = node.named_children(&mut cursor).collect();
            inner.reverse();
            waiting.extend(inner);
        }
        None
    }

    /// Whether a call is one of this function, from outside.
    pub(super) fn is_called(&self, call: &Call, text: &str) -> bool {
        let is_named = literals::name(call.function, text).as_deref() == Some(&*self.name);
        is_named && !self.node.byte_range().contains(&call.node.start_byte())
    }
}

/// What a condition does where the value is missing that it asks for.
fn choice<'tree>(node: Node<'tree>, subjects: &[String], text: &str) -> Option<Guard<'tree>> {
    let condition = plain(node.child_by_field_name("condition")?, text);
    let is_any = |tests: &[&str]| {
        let forms =
            tests.iter().flat_map(|test| subjects.iter().map(move |subject| test.replace('S', subject)));
        let mut parts = condition.split("||");
        let forms: Vec<_> = forms.collect();
        parts.any(|part| forms.iter().any(|form| form == part))
    };
    let branch = if is_any(MISSING) {
        node.child_by_field_name("consequence")
    } else if is_any(PRESENT) {
        node.child_by_field_name("alternative")
    } else {
        return None;
    };
    Some(branch.map_or(Guard::Goes, |branch| done(branch, text)))
}

/// What a branch ends with.
fn done<'tree>(branch: Node<'tree>, text: &str) -> Guard<'tree> {
    let mut last = branch;
    while last.kind() == "braced_expression" {
        let mut cursor = last.walk();
        match last.named_children(&mut cursor).filter(|child| child.kind() != "comment").last() {
            Some(inner) => last = inner,
            None => return Guard::Goes,
        }
    }
    if last.kind() == "binary_operator" {
        return last.child_by_field_name("rhs").map_or(Guard::Goes, Guard::Taken);
    }
    let function = last.child_by_field_name("function").map(|function| plain(function, text));
    match function.as_deref() {
        Some(name) if ENDS.contains(&name) => Guard::Ends,
        Some("return" | "invisible") => {
            let value =
                last.child_by_field_name("arguments").and_then(|given| super::arguments::sole(given, text));
            value.map_or(Guard::Goes, Guard::Taken)
        }
        _ => Guard::Taken(last),
    }
}

/// A text without blanks.
fn plain(node: Node, text: &str) -> String {
    text[node.byte_range()].split_whitespace().collect()
}
