//! Subjects: which variables an expression is about, and what names hold.

use tree_sitter::Node;

use super::Finder;
use super::places::place;
use crate::frontend::facts::{Test, of_option};
use crate::frontend::r::arguments;
use crate::frontend::r::atom::Atom;
use crate::frontend::r::endings::last;
use crate::frontend::r::fold;
use crate::frontend::r::literals;
use crate::frontend::r::names::APPLY;
use crate::frontend::r::options::PACKAGE;
use crate::frontend::r::shapes::Pair;
use crate::frontend::r::wrappers::bare;

/// Functions that preserve whether there is a value.
const KEEPING: &[&str] = &[
    "as.character",
    "as.double",
    "as.integer",
    "as.list",
    "as.logical",
    "as.numeric",
    "force",
    "identity",
    "invisible",
    "isTRUE",
    "na_if",
    "normalizePath",
    "path.expand",
    "str_squish",
    "str_to_lower",
    "str_to_upper",
    "str_trim",
    "suppressMessages",
    "suppressWarnings",
    "tolower",
    "toupper",
    "trimws",
    "unlist",
    "unname",
];

/// Functions that replace parts of a text, which is their third argument.
const REPLACING: &[&str] = &["gsub", "sub"];

/// Functions of optparse that read the command line.
const PARSERS: &[&str] = &["parse_args", "parse_args2"];

/// Most steps that a value is followed.
const MAX_DEPTH: usize = 8;

/// What a name holds, as far as it concerns variables.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// Something else.
    Nothing,
    /// The values of variables.
    Values(Vec<String>),
    /// The outcome of a test.
    Outcome(Test),
    /// The elements of a vector that pass a test.
    Kept(Test),
    /// The options of the command line.
    Options,
}

impl<'tree> Finder<'_, 'tree> {
    /// What a name holds after an assignment.
    pub(super) fn held(&self, pair: &Pair<'tree>) -> Held {
        if let Some(test) = self.gathered(pair) {
            return Held::Kept(test);
        }
        if self.parses(pair.value) {
            return Held::Options;
        }
        let subject = self.subject(pair.value);
        if !subject.is_empty() {
            return Held::Values(subject);
        }
        if let Some(test) = self.kept(pair.value) {
            return Held::Kept(test);
        }
        let test = self.test(pair.value);
        if test.is_empty() { Held::Nothing } else { Held::Outcome(test) }
    }

    /// `missing <- c(missing, name)` under a condition: the test that all its elements have passed.
    fn gathered(&self, pair: &Pair<'tree>) -> Option<Test> {
        let function = self.names.called(pair.value)?;
        ["c", "append"].iter().any(|name| function.is_base(name)).then_some(())?;
        let first = self.first_argument(pair.value)?;
        let written = |node: Node| &self.names.text[node.byte_range()];
        (written(first) == written(pair.target)).then_some(())?;
        let outwards = std::iter::successors(pair.node.parent(), Node::parent).take(MAX_DEPTH);
        let mut around = outwards.into_iter().filter(|node| node.kind() == "if_statement");
        let test = self.test(around.next()?.child_by_field_name("condition")?);
        (!test.is_empty()).then_some(test)
    }

    /// The test that elements of a vector have passed: `v[v == ""]`, `which(v == "")`, `setdiff(c("a", "b"),
    /// names(Sys.getenv()))`.
    pub(super) fn kept(&self, node: Node<'tree>) -> Option<Test> {
        let node = bare(node);
        let test = match node.kind() {
            "subset" => self.test(arguments::sole(node.child_by_field_name("arguments")?, self.names.text)?),
            "identifier" => match self.holds_at(node)? {
                Held::Kept(test) => test.clone(),
                _ => return None,
            },
            "call" => {
                let function = self.names.called(node)?;
                let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
                let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
                match (function.name.as_str(), values.as_slice()) {
                    ("which", [test]) => self.test(*test),
                    ("names" | "unlist" | "unique" | "sort" | "c", [inner]) => self.kept(*inner)?,
                    ("Filter" | "keep", [one, other]) => {
                        let is_function = |node: &&Node| node.kind() == "function_definition";
                        let filter = [*one, *other].iter().find(is_function).copied()?;
                        self.test(last(filter.child_by_field_name("body")?)?)
                    }
                    ("setdiff", [all, there]) => {
                        let is_environment =
                            self.names.text[there.byte_range()].contains("names(Sys.getenv())");
                        let names = is_environment.then(|| fold::texts(*all, self.names)).flatten()?;
                        Test::of(&names).negated()
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        (!test.is_empty()).then_some(test)
    }

    /// The variables whose values an expression is: a read, perhaps converted.
    pub(super) fn read(&self, node: Node<'tree>) -> Vec<String> {
        let mut node = bare(node);
        for _ in 0..MAX_DEPTH {
            if let Some(names) = self.reads.get(&node.start_byte()).filter(|_| self.is_reading(node)) {
                return names.clone();
            }
            match self.inner(node) {
                Some(inner) => node = bare(inner),
                None => break,
            }
        }
        Vec::new()
    }

    fn is_reading(&self, node: Node<'tree>) -> bool {
        let is_known = |name: &str| name == "Sys.getenv" || name == "do.call" || APPLY.contains(&name);
        match node.kind() {
            "call" => self.names.called(node).is_none_or(|function| is_known(&function.name)),
            "extract_operator" => true,
            // `env[["x"]]`, where `env` is a copy of the environment.
            "subset" | "subset2" => {
                node.child_by_field_name("function").is_some_and(|all| all.kind() == "identifier")
            }
            _ => false,
        }
    }

    /// The subexpression that decides whether an expression has a value.
    fn inner(&self, node: Node<'tree>) -> Option<Node<'tree>> {
        match node.kind() {
            "call"
                if self.names.called(node).is_some_and(|function| REPLACING.contains(&&*function.name)) =>
            {
                let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
                let named = given.iter().find(|argument| argument.name.as_deref() == Some("x"));
                named.or(given.get(2).filter(|argument| argument.name.is_none()))?.value
            }
            "call" => {
                KEEPING.contains(&self.names.called(node)?.name.as_str()).then_some(())?;
                self.first_argument(node)
            }
            "binary_operator" if self.is_assignment(node) => node.child_by_field_name("rhs"),
            "binary_operator" if matches!(self.operator_of(node)?, "|>" | "%>%") => {
                let target = node.child_by_field_name("rhs")?;
                let function = self.names.function(target.child_by_field_name("function").unwrap_or(target));
                let is_keeping = function.is_some_and(|function| KEEPING.contains(&function.name.as_str()));
                if is_keeping { node.child_by_field_name("lhs") } else { Some(target) }
            }
            _ => None,
        }
    }

    /// The variables that an expression is about: reads, or a name that holds their values.
    pub(super) fn subject(&self, node: Node<'tree>) -> Vec<String> {
        let mut node = bare(node);
        for _ in 0..MAX_DEPTH {
            let read = self.read(node);
            if !read.is_empty() {
                return read;
            }
            match node.kind() {
                "identifier" => return self.values_at(node),
                "extract_operator" | "subset2" if self.option(node).is_some() => {
                    return self.option(node).into_iter().collect();
                }
                "extract_operator" | "subset2" if self.holds_at(node).is_some() => {
                    return self.values_at(node);
                }
                "subset" | "subset2" => return self.chosen(node).unwrap_or_default(),
                _ => match self.inner(node) {
                    Some(inner) => node = bare(inner),
                    None => break,
                },
            }
        }
        Vec::new()
    }

    /// Whether an expression is the value of variables that always give a text.
    pub(super) fn is_text(&self, node: Node<'tree>) -> bool {
        let names = self.subject(node);
        !names.is_empty() && names.iter().all(|name| self.texts.contains(name))
    }

    /// Whether a value is the result of optparse's `parse_args`.
    fn parses(&self, value: Node<'tree>) -> bool {
        let value = bare(value);
        let value =
            value.child_by_field_name("lhs").filter(|_| value.kind() == "extract_operator").unwrap_or(value);
        let function = self.names.called(bare(value));
        function.is_some_and(|function| PARSERS.iter().any(|name| function.is(PACKAGE, name)))
    }

    /// The option that `options$x` or `options[["x"]]` gives.
    pub(super) fn option(&self, node: Node<'tree>) -> Option<String> {
        let (all, name) = match node.kind() {
            "extract_operator" => (node.child_by_field_name("lhs")?, node.child_by_field_name("rhs")?),
            "subset2" => {
                let index = arguments::sole(node.child_by_field_name("arguments")?, self.names.text)?;
                (node.child_by_field_name("function")?, index)
            }
            _ => return None,
        };
        matches!(self.holds_at(all)?, Held::Options).then_some(())?;
        let is_name = node.kind() == "extract_operator" || name.kind() == "string";
        Some(of_option(&literals::name(name, self.names.text).filter(|_| is_name)?.replace('-', "_")))
    }

    /// The selection from several variables' values: `v[["a"]]`, `v[1]`.
    fn chosen(&self, node: Node<'tree>) -> Option<Vec<String>> {
        let all = self.subject(node.child_by_field_name("function")?);
        let index = arguments::sole(node.child_by_field_name("arguments")?, self.names.text)?;
        let at = match fold::fold(index, self.names)?.as_slice() {
            [Atom::Text(name)] => all.iter().position(|other| other == name)?,
            [number] => number.text()?.parse::<usize>().ok()?.checked_sub(1)?,
            _ => return None,
        };
        Some(vec![all.get(at)?.clone()])
    }

    /// What a name holds at its position.
    pub(super) fn holds_at(&self, name: Node<'tree>) -> Option<&Held> {
        (name.kind() != "string").then_some(())?;
        let held = self.holders.get(&place(name, self.names.text)?)?;
        held.iter().rev().find(|(from, _)| *from <= name.start_byte()).map(|(_, held)| held)
    }

    /// The variables whose values a name holds at its position.
    pub(super) fn values_at(&self, name: Node<'tree>) -> Vec<String> {
        match self.holds_at(name) {
            Some(Held::Values(names)) => names.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_assignment(&self, node: Node) -> bool {
        self.operator_of(node).is_some_and(|operator| matches!(operator, "<-" | "=" | "<<-"))
    }

    pub(super) fn operator_of(&self, node: Node) -> Option<&str> {
        Some(&self.names.text[node.child_by_field_name("operator")?.byte_range()])
    }

    pub(super) fn first_argument(&self, call: Node<'tree>) -> Option<Node<'tree>> {
        arguments::of(call.child_by_field_name("arguments")?, self.names.text).first()?.value
    }
}
