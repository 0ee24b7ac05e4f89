//! Evidence: what a script does without a variable, told by the tests of its reads.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use super::arguments;
use super::atom;
use super::environment::{Use, fits_environment};
use super::fold;
use super::literals;
use super::names::Names;
use super::shapes::Shapes;
use crate::frontend::facts::{Fact, Test, demanded};
use crate::frontend::interface::{Action, Fallback};
use crate::value::Constant;

mod conditions;

/// Functions that end a script.
const ENDS: &[&str] = &["stop", "quit", "q", "abort", "cli_abort", "stop_custom"];

/// Functions that fail where what they are given doesn't hold.
const ASSERTIONS: &[&str] =
    &["stopifnot", "assert_that", "assertthat::assert_that", "assert_true", "assertTRUE"];

/// Changes uses by what is done where variables aren't set.
pub(super) fn weigh(uses: &mut Vec<Use>, names: &Names, shapes: &Shapes) {
    if uses.is_empty() {
        return;
    }
    let Some((_, root)) = shapes.statements.iter().find(|(_, around)| around.kind() == "program") else {
        return;
    };
    let mut finder = Finder::new(uses, names, shapes);
    let mut cursor = root.walk();
    loop {
        finder.look(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return finder.settle(uses);
            }
        }
    }
}

/// What is found of a variable.
#[derive(Debug)]
enum Evidence {
    /// The value that is taken.
    Taken(Fallback),
    /// The script goes on.
    Absent,
    /// The script ends.
    Demanded(Range<usize>),
    /// The script sets it there.
    Set(Range<usize>),
}

struct Finder<'n, 'tree> {
    names: &'n Names<'tree>,
    /// The variables that calls read, by where the calls begin.
    reads: BTreeMap<usize, String>,
    /// Names of the script that hold what reads gave: where from on, and the variable; none if they hold something else.
    holders: BTreeMap<String, Vec<(usize, Option<String>)>>,
    /// Where variables are written.
    writes: Vec<(String, Range<usize>)>,
    /// The branches around what is looked at, and perhaps others, with what holds in them.
    branches: Vec<(Range<usize>, Vec<Fact>)>,
    found: Vec<(String, Evidence)>,
}

impl<'n, 'tree> Finder<'n, 'tree> {
    fn new(uses: &[Use], names: &'n Names<'tree>, shapes: &Shapes<'tree>) -> Self {
        let is_read = |found: &&Use| matches!(found.action, Action::Read { .. } | Action::Test);
        let reads = uses.iter().filter(is_read).map(|found| (found.span.start, found.name.clone())).collect();
        let is_write = |found: &&Use| matches!(found.action, Action::Write);
        let writes =
            uses.iter().filter(is_write).map(|found| (found.name.clone(), found.span.clone())).collect();
        let mut finder =
            Self { names, reads, holders: BTreeMap::new(), writes, branches: Vec::new(), found: Vec::new() };
        for pair in &shapes.assignments {
            if let Some(name) = literals::name(pair.target, names.text) {
                let variable = finder.read(pair.value);
                finder.holders.entry(name).or_default().push((pair.node.end_byte(), variable));
            }
        }
        finder
    }

    fn look(&mut self, node: Node<'tree>) {
        match node.kind() {
            "if_statement" => self.condition(node),
            "binary_operator" => self.operator(node),
            "call" => self.call(node),
            _ => {}
        }
    }

    fn condition(&mut self, node: Node<'tree>) {
        let field = |field| node.child_by_field_name(field);
        let Some(condition) = field("condition") else { return };
        self.choice(self.test(condition), field("consequence"), field("alternative"));
    }

    /// What is done if a test holds, and if it doesn't.
    fn choice(&mut self, test: Test, body: Option<Node<'tree>>, other: Option<Node<'tree>>) {
        self.branch(&test.yes, body, other);
        self.branch(&test.no, other, body);
        self.branches.retain(|(branch, _)| body.is_none_or(|body| branch.end > body.start_byte()));
        let sides = [(body, test.yes), (other, test.no)];
        let open = sides.into_iter().filter_map(|(side, facts)| Some((side?.byte_range(), facts)));
        self.branches.extend(open.filter(|(_, facts)| !facts.is_empty()));
    }

    /// What is done under some facts, and what otherwise.
    fn branch(&mut self, facts: &[Fact], body: Option<Node<'tree>>, other: Option<Node<'tree>>) {
        for fact in facts.iter().filter(|fact| !fact.is_set) {
            let name = &fact.name;
            let evidence = body.map(|body| self.done(name, body, other)).unwrap_or_default();
            self.found.extend(evidence.into_iter().map(|evidence| (name.clone(), evidence)));
            self.found.push((name.clone(), Evidence::Absent));
        }
        if let Some(body) = body.filter(|body| statements_last(*body).is_some_and(|last| self.ends(last))) {
            self.demand(facts, body);
        }
    }

    /// The script ends there under some facts.
    fn demand(&mut self, facts: &[Fact], at: Node) {
        let around = self.branches.iter().filter(|(branch, _)| branch.contains(&at.start_byte()));
        let known: Vec<Fact> = around.flat_map(|(_, facts)| facts.iter().cloned()).collect();
        let is_demanded = |name: &str| {
            let mut found = self.found.iter();
            found.any(|(other, evidence)| other == name && matches!(evidence, Evidence::Demanded(_)))
        };
        let names = demanded(facts, &known, is_demanded);
        let evidence = |name: &str| (name.to_owned(), Evidence::Demanded(at.byte_range()));
        let asked: Vec<_> = names.into_iter().map(evidence).collect();
        self.found.extend(asked);
    }

    /// What is done where a variable isn't set.
    fn done(&self, name: &str, body: Node<'tree>, other: Option<Node<'tree>>) -> Vec<Evidence> {
        let mut found = Vec::new();
        let statements = statements(body);
        let last = statements.last().copied();
        for (variable, span) in &self.writes {
            if variable == name && body.byte_range().contains(&span.start) {
                found.push(Evidence::Set(span.clone()));
            }
        }
        for statement in &statements {
            let target = statement.child_by_field_name("lhs").filter(|_| self.is_assignment(*statement));
            let value = statement.child_by_field_name("rhs");
            let (Some(target), Some(value)) = (target, value) else { continue };
            if self.holds(target, name, other) {
                found.push(Evidence::Taken(self.fallback(value)));
            }
        }
        // `x <- if (…) Sys.getenv("x") else "d"`.
        let given = other.and_then(|other| statements_last(other)).and_then(|value| self.subject(value));
        if let Some(last) = last.filter(|last| given.as_deref() == Some(name) && !self.ends(*last)) {
            found.push(Evidence::Taken(self.fallback(last)));
        }
        found
    }

    /// Whether a target holds a variable: before, or on the other way.
    fn holds(&self, target: Node<'tree>, name: &str, other: Option<Node<'tree>>) -> bool {
        if self.subject(target).as_deref() == Some(name) {
            return true;
        }
        let text = &self.names.text[target.byte_range()];
        let is_given = |statement: Node<'tree>| {
            let side = |field| statement.child_by_field_name(field);
            self.is_assignment(statement)
                && side("lhs").is_some_and(|lhs| &self.names.text[lhs.byte_range()] == text)
                && side("rhs").and_then(|rhs| self.subject(rhs)).as_deref() == Some(name)
        };
        other.is_some_and(|other| statements(other).into_iter().any(is_given))
    }

    fn fallback(&self, node: Node<'tree>) -> Fallback {
        let folded = fold::fold(node, self.names).and_then(|value| atom::default(&value));
        match folded.filter(fits_environment) {
            Some(Constant::None) => Fallback::Absent,
            value => value.map_or(Fallback::Computed, Fallback::Constant),
        }
    }

    fn ends(&self, node: Node<'tree>) -> bool {
        let function = node.child_by_field_name("function").filter(|_| node.kind() == "call");
        let function = function.and_then(|function| self.names.function(function));
        function.is_some_and(|function| ENDS.contains(&function.name.as_str()))
    }

    /// `x %||% "d"`, `nzchar(x) || stop()`.
    fn operator(&mut self, node: Node<'tree>) {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("lhs"), side("rhs"), side("operator")) else {
            return;
        };
        match &self.names.text[operator.byte_range()] {
            "%||%" => {
                let Some(name) = self.subject(left) else { return };
                if self.ends(right) {
                    self.demand(&Test::of(&[name]).no, right);
                } else {
                    self.found.push((name, Evidence::Taken(self.fallback(right))));
                }
            }
            operator @ ("||" | "&&") if self.ends(right) => {
                let test = self.test(left);
                self.demand(if operator == "||" { &test.no } else { &test.yes }, right);
            }
            operator @ ("==" | "!=" | "%in%") => {
                let sides = if operator == "%in%" { vec![left] } else { vec![left, right] };
                for side in sides {
                    if let Some(name) = self.read(side) {
                        self.found.push((name, Evidence::Absent));
                    }
                }
            }
            _ => {}
        }
    }

    /// `stopifnot(nzchar(x))`, `ifelse(x == "", "d", x)`.
    fn call(&mut self, node: Node<'tree>) {
        let part = |field| node.child_by_field_name(field);
        let (Some(function), Some(list)) = (part("function"), part("arguments")) else { return };
        let Some(function) = self.names.function(function) else { return };
        let name = function.name.as_str();
        let is_choice = matches!(name, "ifelse" | "if_else" | "fifelse");
        if !is_choice && !ASSERTIONS.contains(&name) {
            return;
        }
        let given = arguments::of(list, self.names.text);
        let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
        if !is_choice {
            for value in values {
                self.demand(&self.test(value).no, node);
            }
        } else if let [condition, body, other] = values.as_slice() {
            self.choice(self.test(*condition), Some(*body), Some(*other));
        }
    }

    /// Puts what is found into the uses.
    fn settle(self, uses: &mut Vec<Use>) {
        for (name, evidence) in self.found {
            match evidence {
                Evidence::Taken(fallback) => take(uses, &name, &fallback),
                Evidence::Absent => take(uses, &name, &Fallback::Absent),
                Evidence::Demanded(span) => uses.push(Use::new(name, Action::Demand, span)),
                Evidence::Set(span) => set(uses, &name, &span, self.names),
            }
        }
    }
}

/// Gives reads of a variable what is taken instead, unless they say it themselves.
fn take(uses: &mut [Use], name: &str, fallback: &Fallback) {
    for found in uses.iter_mut().filter(|found| found.name == name) {
        let Action::Read { fallback: known, .. } = &mut found.action else { continue };
        let is_open = match known {
            Fallback::Missing | Fallback::Absent => true,
            Fallback::Constant(value) => match value {
                Constant::None => true,
                Constant::Text(text) => text.is_empty() && matches!(fallback, Fallback::Constant(_)),
                _ => false,
            },
            Fallback::Computed => false,
        };
        if is_open && (*known == Fallback::Missing || *fallback != Fallback::Absent) {
            *known = fallback.clone();
        }
    }
}

/// A variable that is set where it wasn't has a default.
fn set(uses: &mut [Use], name: &str, span: &Range<usize>, names: &Names) {
    let is_meant = |found: &&mut Use| found.name == name && found.span == *span;
    for found in uses.iter_mut().filter(is_meant) {
        let written = names.text.get(span.clone()).and_then(|text| text.split_once('='));
        let text = written.map(|(_, value)| value.trim());
        let quoted = |text: &str| {
            let inner = text.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
            inner.filter(|inner| !inner.contains(['\\', '"', '\''])).map(str::to_owned)
        };
        let number = |text: &str| text.parse::<f64>().ok().map(|_| text.to_owned());
        let value = text.and_then(|text| quoted(text).or_else(|| number(text)));
        let fallback = value.map_or(Fallback::Computed, |value| Fallback::Constant(Constant::Text(value)));
        found.action = Action::Default(fallback);
    }
}

/// The statements of a block, or the one that stands without.
fn statements(node: Node<'_>) -> Vec<Node<'_>> {
    if node.kind() != "braced_expression" {
        return vec![node];
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

fn statements_last(node: Node<'_>) -> Option<Node<'_>> {
    statements(node).last().copied()
}
