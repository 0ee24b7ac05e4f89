//! Helpers: functions of the script that read variables named by their callers.

use tree_sitter::Node;

use super::arguments;
use super::atom::Atom;
use super::endings::{ends, statements};
use super::fold;
use super::literals;
use super::names::Names;
use super::shapes::Call;

/// Most enclosing nodes searched for a function.
const MAX_DEPTH: usize = 200;

/// What a helper does if the variable isn't set.
#[derive(Debug)]
pub(super) enum Guard<'tree> {
    /// It uses a value.
    Taken(Node<'tree>),
    /// It ends the script.
    Ends,
    /// It continues.
    Goes,
}

/// Tests that hold if a value is missing, with `S` for the value.
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

/// Tests that hold if it exists.
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

/// A parameter at a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'tree> {
    /// The argument, or else the parameter's default.
    pub(super) value: Option<Node<'tree>>,
    /// Whether the call has the argument.
    pub(super) is_said: bool,
}

/// A named function.
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

    /// What the function does if the variable of a read isn't set, if it tests that: at a call with these
    /// arguments.
    pub(super) fn guard(
        &self,
        read: Node<'tree>,
        names: &Names<'tree>,
        given: &dyn Fn(&str) -> Option<Given<'tree>>,
    ) -> Option<Guard<'tree>> {
        let text = names.text;
        let assigned = std::iter::successors(read.parent(), Node::parent).take(3).find_map(|around| {
            let target = around.child_by_field_name("lhs").filter(|_| around.kind() == "binary_operator")?;
            literals::name(target, text)
        });
        let subjects: Vec<String> =
            [Some(plain(read, text)), assigned.clone()].into_iter().flatten().collect();
        let call = AtCall { names, given, subjects };
        let mut waiting = vec![self.node];
        let mut is_asked = false;
        while let Some(node) = waiting.pop() {
            if node.kind() == "if_statement" {
                if let Some(guard) = call.choice(node) {
                    return Some(guard);
                }
                is_asked |= call.is_asking(node);
            }
            let mut cursor = node.walk();
            let mut inner: Vec<_> = node.named_children(&mut cursor).collect();
            inner.reverse();
            waiting.extend(inner);
        }
        is_asked.then_some(Guard::Goes)
    }

    /// Whether a call is one of this function, from outside it.
    pub(super) fn is_called(&self, call: &Call, text: &str) -> bool {
        let is_named = literals::name(call.function, text).as_deref() == Some(&*self.name);
        is_named && !self.node.byte_range().contains(&call.node.start_byte())
    }
}

/// A helper at one of its calls.
struct AtCall<'a, 'tree> {
    names: &'a Names<'tree>,
    /// Its parameters there.
    given: &'a dyn Fn(&str) -> Option<Given<'tree>>,
    /// Names of the value that is read.
    subjects: Vec<String>,
}

impl<'tree> AtCall<'_, 'tree> {
    /// Whether part of a condition is one of some tests of the value.
    fn asks(&self, tests: &[&str], part: &str) -> bool {
        tests.iter().any(|test| self.subjects.iter().any(|subject| test.replace('S', subject) == part))
    }

    /// Whether a condition tests the value at all.
    fn is_asking(&self, node: Node<'tree>) -> bool {
        let condition = node.child_by_field_name("condition");
        let text = condition.map(|condition| plain(condition, self.names.text)).unwrap_or_default();
        text.split("&&").any(|part| self.asks(MISSING, part) || self.asks(PRESENT, part))
    }

    /// What a condition that tests the value does if it is missing.
    fn choice(&self, node: Node<'tree>) -> Option<Guard<'tree>> {
        let condition = node.child_by_field_name("condition")?;
        let text = plain(condition, self.names.text);
        let asks = |tests: &[&str], part: &str| self.asks(tests, part);
        let is_any = |tests: &[&str]| text.split("||").any(|part| asks(tests, part));
        let parts: Vec<&str> = text.split("&&").collect();
        let is_met = |tests: &[&str]| {
            let (asked, others): (Vec<&str>, Vec<&str>) = parts.iter().partition(|part| asks(tests, part));
            !asked.is_empty() && others.iter().all(|part| self.asked(part) == Some(true))
        };
        let side = |field| node.child_by_field_name(field);
        if is_any(MISSING) || is_met(MISSING) {
            return Some(side("consequence").map_or(Guard::Goes, |branch| self.outcome(&statements(branch))));
        }
        let body = side("consequence").filter(|_| is_any(PRESENT) || is_met(PRESENT))?;
        if let Some(other) = side("alternative") {
            return Some(self.outcome(&statements(other)));
        }
        let is_done = statements(body).last().is_some_and(|last| self.returned(*last).is_some());
        let rest = std::iter::successors(node.next_named_sibling(), Node::next_named_sibling);
        let rest: Vec<Node> = rest.filter(|statement| statement.kind() != "comment").collect();
        Some(if is_done { self.outcome(&rest) } else { Guard::Goes })
    }

    /// The outcome of statements.
    fn outcome(&self, body: &[Node<'tree>]) -> Guard<'tree> {
        for (at, &statement) in body.iter().enumerate() {
            let is_last = at + 1 == body.len();
            let condition = statement.child_by_field_name("condition");
            let asked = condition.filter(|_| statement.kind() == "if_statement");
            if let Some(holds) = asked.and_then(|asked| self.asked(&plain(asked, self.names.text))) {
                let field = if holds { "consequence" } else { "alternative" };
                let Some(branch) = statement.child_by_field_name(field) else { continue };
                let inner = statements(branch);
                let is_done = inner
                    .last()
                    .is_some_and(|last| ends(*last, self.names) || self.returned(*last).is_some());
                if is_last || is_done {
                    return self.outcome(&inner);
                }
            } else if ends(statement, self.names) {
                return Guard::Ends;
            } else if let Some(returned) = self.returned(statement) {
                return returned;
            } else if statement.kind() == "binary_operator" {
                return statement.child_by_field_name("rhs").map_or(Guard::Goes, Guard::Taken);
            } else if is_last {
                return Guard::Taken(statement);
            }
        }
        Guard::Goes
    }

    /// The value of `return(…)`, if a statement is one: without a value the function continues.
    fn returned(&self, statement: Node<'tree>) -> Option<Guard<'tree>> {
        let function = statement.child_by_field_name("function").filter(|_| statement.kind() == "call")?;
        matches!(&self.names.text[function.byte_range()], "return" | "invisible").then_some(())?;
        let given = statement.child_by_field_name("arguments")?;
        Some(arguments::sole(given, self.names.text).map_or(Guard::Goes, Guard::Taken))
    }

    /// Whether a condition on a parameter holds at this call, if known.
    fn asked(&self, condition: &str) -> Option<bool> {
        if let Some(inner) = condition.strip_prefix('!') {
            return self.asked(inner).map(|holds| !holds);
        }
        if let Some(inner) = condition.strip_prefix("isTRUE(").and_then(|inner| inner.strip_suffix(')')) {
            return self.asked(inner);
        }
        let of = |function: &str| condition.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(name) = of("missing") {
            return (self.given)(name).map(|given| !given.is_said);
        }
        let value = |name: &str| fold::fold((self.given)(name)?.value?, self.names);
        if let Some(name) = of("is.null") {
            return value(name).map(|value| value.is_empty());
        }
        if let Some(name) = of("is.na") {
            return value(name).map(|value| value == [Atom::Missing]);
        }
        match value(condition)?.as_slice() {
            [Atom::Bool(holds)] => Some(*holds),
            _ => None,
        }
    }
}

/// A text without blanks.
fn plain(node: Node, text: &str) -> String {
    text[node.byte_range()].split_whitespace().collect()
}
