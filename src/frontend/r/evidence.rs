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
use super::wrappers::bare;
use crate::frontend::interface::{Action, Fallback};
use crate::value::Constant;

/// Functions that end a script.
const ENDS: &[&str] = &["stop", "quit", "q", "abort", "cli_abort", "stop_custom"];

/// Functions that fail where what they are given doesn't hold.
const ASSERTIONS: &[&str] =
    &["stopifnot", "assert_that", "assertthat::assert_that", "assert_true", "assertTRUE"];

/// Functions that keep whether there is a value.
const KEEPING: &[&str] = &[
    "as.character",
    "as.double",
    "as.integer",
    "as.logical",
    "as.numeric",
    "invisible",
    "isTRUE",
    "path.expand",
    "tolower",
    "toupper",
    "trimws",
    "unname",
];

/// Functions that tell that there is none.
const MISSING: &[&str] = &["is.na", "is.null", "is_empty", "rlang::is_empty"];

/// What a condition tells of a variable if it holds.
#[derive(Debug, Clone)]
struct Fact {
    name: String,
    is_set: bool,
}

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
    found: Vec<(String, Evidence)>,
}

impl<'n, 'tree> Finder<'n, 'tree> {
    fn new(uses: &[Use], names: &'n Names<'tree>, shapes: &Shapes<'tree>) -> Self {
        let is_read = |found: &&Use| matches!(found.action, Action::Read { .. } | Action::Test);
        let reads = uses.iter().filter(is_read).map(|found| (found.span.start, found.name.clone())).collect();
        let is_write = |found: &&Use| matches!(found.action, Action::Write);
        let writes =
            uses.iter().filter(is_write).map(|found| (found.name.clone(), found.span.clone())).collect();
        let mut finder = Self { names, reads, holders: BTreeMap::new(), writes, found: Vec::new() };
        for pair in &shapes.assignments {
            if let Some(name) = literals::name(pair.target, names.text) {
                let variable = finder.read(pair.value);
                finder.holders.entry(name).or_default().push((pair.node.end_byte(), variable));
            }
        }
        finder
    }

    /// The variable whose value an expression is: a read itself, perhaps within a conversion.
    fn read(&self, node: Node<'tree>) -> Option<String> {
        let mut node = bare(node);
        for _ in 0..8 {
            if let Some(name) = self.reads.get(&node.start_byte()).filter(|_| node.kind() == "call") {
                let function = self.names.function(node.child_by_field_name("function")?);
                if function.is_none_or(|function| function.is_base("Sys.getenv")) {
                    return Some(name.clone());
                }
            }
            node = match node.kind() {
                "call" => {
                    let function = self.names.function(node.child_by_field_name("function")?)?;
                    KEEPING.contains(&function.name.as_str()).then_some(())?;
                    let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
                    bare(given.first()?.value?)
                }
                "binary_operator" if self.is_assignment(node) => bare(node.child_by_field_name("rhs")?),
                _ => return None,
            };
        }
        None
    }

    fn is_assignment(&self, node: Node) -> bool {
        let operator = node.child_by_field_name("operator");
        operator.is_some_and(|operator| matches!(&self.names.text[operator.byte_range()], "<-" | "="))
    }

    /// The variable that an expression is about: a read, or a name that holds what one gave.
    fn subject(&self, node: Node<'tree>) -> Option<String> {
        let node = bare(node);
        if let Some(name) = self.read(node) {
            return Some(name);
        }
        if node.kind() == "call" {
            let function = self.names.function(node.child_by_field_name("function")?)?;
            KEEPING.contains(&function.name.as_str()).then_some(())?;
            let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
            return self.subject(given.first()?.value?);
        }
        (node.kind() == "identifier").then_some(())?;
        let held = self.holders.get(&literals::name(node, self.names.text)?)?;
        held.iter().rev().find(|(from, _)| *from <= node.start_byte())?.1.clone()
    }

    /// What a condition tells if it holds, and if it doesn't.
    fn facts(&self, condition: Node<'tree>) -> (Vec<Fact>, Vec<Fact>) {
        let node = bare(condition);
        let about = |name: Option<String>, is_set| {
            let fact = |is_set| name.iter().map(|name| Fact { name: name.clone(), is_set }).collect();
            (fact(is_set), fact(!is_set))
        };
        match node.kind() {
            "unary_operator" => {
                let (yes, no) =
                    node.child_by_field_name("rhs").map(|inner| self.facts(inner)).unwrap_or_default();
                (no, yes)
            }
            "binary_operator" => self.compared(node),
            "call" => {
                let function =
                    node.child_by_field_name("function").and_then(|found| self.names.function(found));
                let given =
                    node.child_by_field_name("arguments").map(|list| arguments::of(list, self.names.text));
                let (Some(function), Some(given)) = (function, given) else { return Default::default() };
                let first = given.first().and_then(|argument| argument.value);
                let Some(first) = first else { return Default::default() };
                match function.name.as_str() {
                    "nzchar" | "nchar" => about(self.subject(first), true),
                    "isTRUE" | "any" | "all" if given.len() == 1 && self.subject(first).is_none() => {
                        self.facts(first)
                    }
                    "isFALSE" => {
                        let (yes, no) = self.facts(first);
                        (no, yes)
                    }
                    "identical" => match given.get(1).and_then(|argument| argument.value) {
                        Some(other) if is_nothing(other, self.names) => about(self.subject(first), false),
                        Some(other) if is_nothing(first, self.names) => about(self.subject(other), false),
                        _ => Default::default(),
                    },
                    name if MISSING.contains(&name) => about(self.subject(first), false),
                    _ => Default::default(),
                }
            }
            _ => Default::default(),
        }
    }

    fn compared(&self, node: Node<'tree>) -> (Vec<Fact>, Vec<Fact>) {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("lhs"), side("rhs"), side("operator")) else {
            return Default::default();
        };
        let about = |name: Option<String>, is_set| {
            let fact = |is_set| name.iter().map(|name| Fact { name: name.clone(), is_set }).collect();
            (fact(is_set), fact(!is_set))
        };
        let subject = || match (is_nothing(right, self.names), is_nothing(left, self.names)) {
            (true, _) => self.subject(left).or_else(|| self.counted(left)),
            (_, true) => self.subject(right).or_else(|| self.counted(right)),
            _ => None,
        };
        match &self.names.text[operator.byte_range()] {
            "==" => about(subject(), false),
            "!=" | ">" => about(subject(), true),
            "&&" | "||" | "&" | "|" => {
                let (mut yes, mut no) = self.facts(left);
                let (more, less) = self.facts(right);
                yes.extend(more);
                no.extend(less);
                (yes, no)
            }
            "%in%" => {
                let name = fold::text(left, self.names);
                let asked = name.filter(|_| self.names.text[right.byte_range()].contains("Sys.getenv()"));
                about(asked, true)
            }
            _ => Default::default(),
        }
    }

    /// The variable whose characters are counted.
    fn counted(&self, node: Node<'tree>) -> Option<String> {
        let node = bare(node);
        let function = self.names.function(node.child_by_field_name("function")?)?;
        (function.is_base("nchar") || function.is_base("length")).then_some(())?;
        let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
        self.subject(given.first()?.value?)
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
        let (yes, no) = self.facts(condition);
        let (body, other) = (field("consequence"), field("alternative"));
        self.branch(&yes, body, other);
        self.branch(&no, other, body);
    }

    /// What is done under some facts, and what otherwise.
    fn branch(&mut self, facts: &[Fact], body: Option<Node<'tree>>, other: Option<Node<'tree>>) {
        for fact in facts.iter().filter(|fact| !fact.is_set) {
            let name = &fact.name;
            let evidence = body.map(|body| self.done(name, body, other)).unwrap_or_default();
            self.found.extend(evidence.into_iter().map(|evidence| (name.clone(), evidence)));
            self.found.push((name.clone(), Evidence::Absent));
        }
    }

    /// What is done where a variable isn't set.
    fn done(&self, name: &str, body: Node<'tree>, other: Option<Node<'tree>>) -> Vec<Evidence> {
        let mut found = Vec::new();
        let statements = statements(body);
        let last = statements.last().copied();
        if last.is_some_and(|last| self.ends(last)) {
            found.push(Evidence::Demanded(body.byte_range()));
        }
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
                let evidence = if self.ends(right) {
                    Evidence::Demanded(right.byte_range())
                } else {
                    Evidence::Taken(self.fallback(right))
                };
                self.found.push((name, evidence));
            }
            operator @ ("||" | "&&") if self.ends(right) => {
                let (yes, no) = self.facts(left);
                let facts = if operator == "||" { no } else { yes };
                self.demand(&facts, right);
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

    fn demand(&mut self, facts: &[Fact], at: Node) {
        for fact in facts.iter().filter(|fact| !fact.is_set) {
            self.found.push((fact.name.clone(), Evidence::Demanded(at.byte_range())));
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
                let (_, no) = self.facts(value);
                self.demand(&no, node);
            }
        } else if let [condition, body, other] = values.as_slice() {
            let (yes, no) = self.facts(*condition);
            self.branch(&yes, Some(*body), Some(*other));
            self.branch(&no, Some(*other), Some(*body));
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

/// Whether a value says that there is none.
fn is_nothing(node: Node, names: &Names) -> bool {
    let node = bare(node);
    match node.kind() {
        "string" => node.child_by_field_name("content").is_none(),
        "null" | "na" => true,
        _ => matches!(&names.text[node.byte_range()], "0" | "0L" | "character(0)" | "NA_character_"),
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
