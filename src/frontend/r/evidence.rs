//! Evidence: what a script does without a variable, judged by tests of its reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use tree_sitter::Node;

use super::arguments;
use super::atom::{self, Atom};
use super::catches::Catches;
use super::endings::{ends, last, quits, statements};
use super::environment::{Use, fits_environment};
use super::fold;
use super::names::Names;
use super::shapes::{Pair, Shapes};
use super::tree;
use super::wrappers::bare;
use crate::frontend::facts::{Fact, Test, as_option, demanded, is_idle, needs};
use crate::frontend::interface::{Action, Fallback};
use crate::value::Constant;

mod cases;
mod conditions;
mod idle;
mod named;
mod places;
mod subjects;

use idle::idle;
use named::Named;
use places::compared;
use subjects::Held;

/// Functions that fail if their argument is false.
const ASSERTIONS: &[&str] =
    &["stopifnot", "assert_that", "assertthat::assert_that", "assert_true", "assertTRUE"];

/// Adjusts uses by what happens if variables aren't set.
pub(super) fn weigh<'tree>(
    uses: &mut Vec<Use>,
    names: &Names<'tree>,
    shapes: &Shapes<'tree>,
    catches: &Catches<'tree>,
    is_module: bool,
) {
    let parses = || names.text.contains("parse_args");
    if uses.is_empty() && !parses() {
        return;
    }
    let Some((_, root)) = shapes.statements.iter().find(|(_, around)| around.kind() == "program") else {
        return;
    };
    let idle = if is_module { Vec::new() } else { idle(names, shapes) };
    let mut finder = Finder::new(uses, names, shapes, catches, idle);
    tree::walk(*root, |node| finder.look(node));
    finder.settle(uses);
}

/// Evidence about a variable.
#[derive(Debug)]
enum Evidence {
    /// This value is used.
    Taken(Fallback),
    /// The script continues.
    Absent,
    /// The script ends, perhaps even where another read has a default.
    Demanded { span: Range<usize>, is_final: bool },
    /// The script sets it there.
    Set(Range<usize>),
    /// The script restores its old value.
    Restored,
}

struct Finder<'n, 'tree> {
    names: &'n Names<'tree>,
    catches: &'n Catches<'tree>,
    /// Functions that nothing calls, and branches that nothing reaches.
    idle: Vec<Range<usize>>,
    /// The variables read by calls, by the start of the call.
    reads: BTreeMap<usize, Vec<String>>,
    /// The variables whose reads all give a text, never `NULL`.
    texts: BTreeSet<String>,
    /// The defaults of variables.
    defaults: BTreeMap<String, String>,
    /// The variables whose reads fail if unset, by the end of the read.
    failing: BTreeMap<usize, Vec<String>>,
    /// The variables whose reads all give `NA` if unset, which no condition can be.
    missing: BTreeSet<String>,
    /// What names hold, and from which position.
    holders: BTreeMap<String, Vec<(usize, Held)>>,
    /// Where variables are written.
    writes: Vec<(String, Range<usize>)>,
    /// The branches around the current node, and perhaps others, with their facts.
    branches: Vec<(Range<usize>, Vec<Fact>)>,
    /// All branches that run only if something is set.
    conditions: Vec<(Range<usize>, Vec<Fact>)>,
    found: Vec<(String, Evidence)>,
    /// The required variables among them.
    demanded: BTreeSet<String>,
    /// The variables held by names, and whether all uses of those names are mere tests.
    asked: BTreeMap<String, bool>,
}

impl<'n, 'tree> Finder<'n, 'tree> {
    fn new(
        uses: &[Use],
        names: &'n Names<'tree>,
        shapes: &Shapes<'tree>,
        catches: &'n Catches<'tree>,
        idle: Vec<Range<usize>>,
    ) -> Self {
        let is_read = |found: &&Use| matches!(found.action, Action::Read { .. } | Action::Test);
        let mut reads: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for found in uses.iter().filter(is_read) {
            for at in [Some(found.done), found.inner].into_iter().flatten() {
                reads.entry(at).or_default().push(found.name.clone());
            }
        }
        let mut failing: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for found in uses.iter().filter(|found| found.fails) {
            failing.entry(found.span.end).or_default().push(found.name.clone());
        }
        let is_write = |found: &&Use| matches!(found.action, Action::Write);
        let writes =
            uses.iter().filter(is_write).map(|found| (found.name.clone(), found.span.clone())).collect();
        let mut finder = Self {
            names,
            catches,
            idle,
            reads,
            texts: texts(uses, names.text),
            defaults: defaults(uses),
            failing,
            missing: missing(uses),
            holders: BTreeMap::new(),
            writes,
            branches: Vec::new(),
            conditions: Vec::new(),
            found: Vec::new(),
            demanded: BTreeSet::new(),
            asked: BTreeMap::new(),
        };
        let defaults = shapes.parameters.iter().filter_map(|target| default(*target));
        let mut pairs: Vec<Pair> = shapes.assignments.iter().copied().chain(defaults).collect();
        pairs.sort_by_key(|pair| pair.node.start_byte());
        for pair in &pairs {
            finder.hold(pair);
        }
        finder
    }

    fn look(&mut self, node: Node<'tree>) {
        match node.kind() {
            "if_statement" => self.condition(node),
            "while_statement" => self.repeat(node),
            "binary_operator" => self.operator(node),
            "call" => self.call(node),
            "subset2" => {
                self.failing(node);
                self.occurrence(node);
            }
            "identifier" | "extract_operator" => self.occurrence(node),
            _ => {}
        }
    }

    /// `env[["x"]]` fails if a vector doesn't have the element.
    fn failing(&mut self, node: Node<'tree>) {
        for name in self.failing.remove(&node.end_byte()).unwrap_or_default() {
            self.demand_by(&Test::of(&[name]).no, node, true);
        }
    }

    fn condition(&mut self, node: Node<'tree>) {
        let field = |field| node.child_by_field_name(field);
        let Some(condition) = field("condition") else { return };
        self.refuse_missing(condition);
        if let Some([Atom::Bool(holds)]) = fold::fold(condition, self.names).as_deref() {
            let unreached = field(if *holds { "alternative" } else { "consequence" });
            self.idle.extend(unreached.map(|side| side.byte_range()));
        }
        self.choice(self.test(condition), field("consequence"), field("alternative"));
    }

    /// A loop that ends the script at once is a condition.
    fn repeat(&mut self, node: Node<'tree>) {
        let Some(condition) = node.child_by_field_name("condition") else { return };
        self.refuse_missing(condition);
        let body = node.child_by_field_name("body");
        if body.and_then(last).is_some_and(|last| ends(last, self.names)) {
            self.choice(self.test(condition), body, None);
        }
    }

    /// `if (NA == "a")` fails, and so does `if (NA)`.
    fn refuse_missing(&mut self, condition: Node<'tree>) {
        let mut node = bare(condition);
        while node.kind() == "unary_operator" {
            let Some(inner) = node.child_by_field_name("rhs") else { return };
            node = bare(inner);
        }
        let sides: Vec<Node> = match self.operator_of(node).filter(|_| node.kind() == "binary_operator") {
            Some("==" | "!=" | "<" | ">" | "<=" | ">=") => {
                ["lhs", "rhs"].iter().filter_map(|side| node.child_by_field_name(side)).collect()
            }
            _ => vec![node],
        };
        let names: Vec<String> = sides.into_iter().flat_map(|side| self.subject(side)).collect();
        for name in names.into_iter().filter(|name| self.missing.contains(name)).collect::<Vec<_>>() {
            if self.catches.at(condition.start_byte()).is_some() {
                self.leave(&[name]);
            } else {
                self.demand_by(&Test::of(&[name]).no, condition, true);
            }
        }
    }

    /// Handles what happens if a test holds, and if it doesn't.
    fn choice(&mut self, test: Test, body: Option<Node<'tree>>, other: Option<Node<'tree>>) {
        self.branch(&test.yes, body, other);
        self.branch(&test.no, other, body);
        self.branches.retain(|(branch, _)| body.is_none_or(|body| branch.end > body.start_byte()));
        let sides = [(body, test.yes), (other, test.no)];
        let open = sides.into_iter().filter_map(|(side, facts)| Some((side?.byte_range(), facts)));
        for (branch, facts) in open.filter(|(_, facts)| !facts.is_empty()) {
            self.within(branch, facts);
        }
    }

    /// A branch that runs under some facts.
    fn within(&mut self, branch: Range<usize>, facts: Vec<Fact>) {
        if facts.iter().any(|fact| fact.is_set) {
            self.conditions.push((branch.clone(), facts.clone()));
        }
        self.branches.push((branch, facts));
    }

    /// Handles what happens under some facts, and otherwise.
    fn branch(&mut self, facts: &[Fact], body: Option<Node<'tree>>, other: Option<Node<'tree>>) {
        for fact in facts.iter().filter(|fact| !fact.is_set) {
            let name = &fact.name;
            let evidence = body.map(|body| self.done(name, body, other)).unwrap_or_default();
            self.found.extend(evidence.into_iter().map(|evidence| (name.clone(), evidence)));
            self.found.push((name.clone(), Evidence::Absent));
        }
        if let Some(body) = body.filter(|body| last(*body).is_some_and(|last| ends(last, self.names))) {
            self.demand(facts, body);
        }
    }

    /// The script ends there under some facts.
    fn demand(&mut self, facts: &[Fact], at: Node<'tree>) {
        self.demand_by(facts, at, false);
    }

    fn demand_by(&mut self, facts: &[Fact], at: Node<'tree>, is_final: bool) {
        if self.idle.iter().any(|idle| idle.contains(&at.start_byte())) {
            return;
        }
        if let Some(caught) = self.catches.at(at.start_byte()).filter(|_| !quits(at, self.names)) {
            let relieved = self.relieved(facts, caught);
            return self.found.extend(relieved);
        }
        let around = self.branches.iter().filter(|(branch, _)| branch.contains(&at.start_byte()));
        let known: Vec<Fact> = around.flat_map(|(_, facts)| facts.iter().cloned()).collect();
        for name in demanded(facts, &known, |name| self.demanded.contains(name)) {
            if self.demanded.insert(name.to_owned()) {
                let span = at.byte_range();
                self.found.push((name.to_owned(), Evidence::Demanded { span, is_final }));
            }
        }
    }

    /// What happens if a variable isn't set.
    fn done(&self, name: &str, body: Node<'tree>, other: Option<Node<'tree>>) -> Vec<Evidence> {
        let mut found = Vec::new();
        let statements = statements(body);
        let final_one = statements.last().copied();
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
        let given = other.and_then(last).map(|value| self.subject(value)).unwrap_or_default();
        let is_given = given.iter().any(|other| other == name);
        if let Some(value) = final_one.filter(|value| is_given && !ends(*value, self.names)) {
            found.push(Evidence::Taken(self.fallback(value)));
        }
        found
    }

    /// Whether a target holds a variable, before or on the other branch.
    fn holds(&self, target: Node<'tree>, name: &str, other: Option<Node<'tree>>) -> bool {
        let is_about = |node| self.subject(node).iter().any(|other| other == name);
        if is_about(target) {
            return true;
        }
        let text = &self.names.text[target.byte_range()];
        let is_given = |statement: Node<'tree>| {
            let side = |field| statement.child_by_field_name(field);
            self.is_assignment(statement)
                && side("lhs").is_some_and(|lhs| &self.names.text[lhs.byte_range()] == text)
                && side("rhs").is_some_and(is_about)
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

    /// `x %||% "d"`, `nzchar(x) || stop()`.
    fn operator(&mut self, node: Node<'tree>) {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("lhs"), side("rhs"), side("operator")) else {
            return;
        };
        match &self.names.text[operator.byte_range()] {
            operator if matches!(operator, "%||%" | "%|%") || self.falls_back(operator) => {
                let names = self.subject(left);
                if ends(right, self.names) {
                    self.demand(&Test::of(&names).no, right);
                } else {
                    self.take(names, right);
                }
            }
            "<-" | "=" => self.replace(left, right),
            "|>" | "%>%" => self.coalesce(left, right),
            operator @ ("||" | "&&") if ends(right, self.names) => {
                let test = self.test(left);
                self.demand(if operator == "||" { &test.no } else { &test.yes }, right);
            }
            operator => {
                let sides = compared(operator).unwrap_or_default();
                for side in sides.iter().filter_map(|field| side(field)) {
                    let names = self.read(side);
                    if !names.is_empty() && !self.is_refused(node) {
                        self.leave(&names);
                    }
                }
            }
        }
    }

    /// `stopifnot(nzchar(x))`, `ifelse(x == "", "d", x)`.
    fn call(&mut self, node: Node<'tree>) {
        let part = |field| node.child_by_field_name(field);
        let (Some(function), Some(list)) = (part("function"), part("arguments")) else { return };
        let given = arguments::of(list, self.names.text);
        let Some(function) = self.names.function(function) else { return self.filled(function, &given) };
        let name = function.name.as_str();
        let is_choice = matches!(name, "ifelse" | "if_else" | "fifelse");
        if self.known(name, &given, node) || (!is_choice && !ASSERTIONS.contains(&name)) {
            return;
        }
        let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
        if !is_choice {
            for value in values {
                self.demand(&self.test(value).no, node);
            }
        } else if let [condition, body, other] = values.as_slice() {
            self.choice(self.test(*condition), Some(*body), Some(*other));
        }
    }

    /// Applies the evidence to the uses.
    fn settle(mut self, uses: &mut Vec<Use>) {
        let asked = std::mem::take(&mut self.asked).into_iter().filter(|(_, is_asked)| *is_asked);
        self.leave(&asked.map(|(name, _)| name).collect::<Vec<_>>());
        let taken = self.found.iter().filter(|(_, evidence)| matches!(evidence, Evidence::Taken(_)));
        // What the script gives another value itself need not be given.
        let changed: BTreeSet<String> =
            taken.map(|(name, _)| name).filter(|name| as_option(name).is_some()).cloned().collect();
        let mut named: HashMap<String, Named> = HashMap::new();
        for found in uses.iter_mut() {
            named.entry(found.name.clone()).or_default().uses.push(found);
        }
        let mut demands = Vec::new();
        for (name, evidence) in self.found {
            let of_name = named.get_mut(&name);
            match (evidence, of_name) {
                (Evidence::Demanded { .. }, _) if changed.contains(&name) => {}
                (Evidence::Demanded { span, is_final }, _) => {
                    demands.push(Use::new(name, Action::Demand { is_final }, span));
                }
                (_, None) => {}
                (Evidence::Taken(fallback), Some(named)) => named.take(fallback),
                (Evidence::Absent, Some(named)) => named.take(Fallback::Absent),
                (Evidence::Set(span), Some(named)) => named.set(&span, self.names),
                (Evidence::Restored, Some(named)) => named.restore(),
            }
        }
        uses.extend(demands);
        spare(uses, &self.conditions);
        let is_idle = |found: &&mut Use| self.idle.iter().any(|idle| idle.contains(&found.span.start));
        for found in uses.iter_mut().filter(is_idle) {
            if let Action::Read { fallback: fallback @ Fallback::Missing, .. } = &mut found.action {
                *fallback = Fallback::Absent;
            }
        }
    }
}

/// The default of a parameter, which it holds unless another value is given.
fn default(target: Node<'_>) -> Option<Pair<'_>> {
    let node = target.parent().filter(|parent| parent.kind() == "parameter")?;
    let value = node.child_by_field_name("default")?;
    (value.kind() == "call").then_some(Pair { node, target, value, operator: None })
}

/// The first default of each variable.
fn defaults(uses: &[Use]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for found in uses {
        if let Action::Read { fallback: Fallback::Constant(value), .. } = &found.action {
            all.entry(found.name.clone()).or_insert_with(|| value.text());
        }
    }
    all
}

/// The variables that are read by `Sys.getenv("x")` alone.
fn texts(uses: &[Use], text: &str) -> BTreeSet<String> {
    let mut all: BTreeMap<&str, bool> = BTreeMap::new();
    for found in uses.iter().filter(|found| matches!(found.action, Action::Read { .. })) {
        let written = text.get(found.span.clone()).unwrap_or_default().trim_start_matches("base::");
        let is_text = written.starts_with("Sys.getenv(") && !written.starts_with("Sys.getenv()");
        *all.entry(&found.name).or_insert(true) &= is_text && found.inner.is_none();
    }
    all.into_iter().filter(|(_, is_text)| *is_text).map(|(name, _)| name.to_owned()).collect()
}

/// The variables whose reads all give `NA`, or nothing, if unset: by themselves, or converted to a number or truth value.
fn missing(uses: &[Use]) -> BTreeSet<String> {
    let mut all: BTreeMap<&str, bool> = BTreeMap::new();
    for found in uses {
        let Action::Read { fallback, cast, .. } = &found.action else { continue };
        let is_given = match fallback {
            Fallback::Constant(value) => *value != Constant::None && !value.text().is_empty(),
            fallback => *fallback == Fallback::Computed,
        };
        let is_missing = found.inner.is_none() && !is_given && (found.gives_missing || cast.is_some());
        *all.entry(&found.name).or_insert(true) &= is_missing;
    }
    all.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name.to_owned()).collect()
}

/// A read that runs only if something optional is given is optional too.
fn spare(uses: &mut [Use], conditions: &[(Range<usize>, Vec<Fact>)]) {
    let is_there = |found: &&Use| match &found.action {
        Action::Demand { .. } => true,
        Action::Read { fallback: Fallback::Constant(value), .. } => !value.text().is_empty(),
        Action::Read { fallback, .. } => matches!(fallback, Fallback::Missing | Fallback::Computed),
        _ => false,
    };
    let there: BTreeSet<String> = uses.iter().filter(is_there).map(|found| found.name.clone()).collect();
    let is_spare = |name: &str| as_option(name).is_none() && !there.contains(name);
    for found in uses {
        let Action::Read { fallback: fallback @ Fallback::Missing, .. } = &mut found.action else { continue };
        let around = conditions.iter().filter(|(branch, _)| branch.contains(&found.span.start));
        if around.into_iter().any(|(_, facts)| is_idle(&needs(facts, &found.name), is_spare)) {
            *fallback = Fallback::Absent;
        }
    }
}
