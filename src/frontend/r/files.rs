//! What a script does with files: where it writes, which folders it looks into, what it downloads.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::Node;

use self::functions::{DOWNLOADERS, FETCHERS, OPENERS, PATHS, Row, TEMPORARY, WALKERS, WRITERS};
use super::arguments::{self, Argument};
use super::fold;
use super::literals;
use super::names::{Function, Names, Value};
use super::shapes::{self, Call, Shapes};
use super::tree;
use crate::frontend::place::{Place, is_address};

mod functions;

/// Longest chain of names and calls that a path is followed through.
const MAX_STEPS: usize = 16;

/// What a call does with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It writes to a place.
    Writes(Place),
    /// It looks into a folder.
    Walks(Place),
    /// It downloads something, by a function of this name.
    Downloads(String),
}

/// What a script does with files.
#[derive(Debug, Default)]
pub struct Deeds {
    /// What each call does, with its bytes, in the order of the text.
    pub calls: Vec<(Deed, Range<usize>)>,
    /// Texts that outputs are set to.
    pub delivered: BTreeSet<String>,
}

/// What a script does with files; some of its inputs matter where they name places.
#[must_use]
pub fn deeds(text: &str, inputs: &BTreeSet<String>) -> Deeds {
    let Ok(tree) = tree::parse(text) else { return Deeds::default() };
    let shapes = shapes::find(&tree, text);
    Finder { names: Names::new(text, &shapes), inputs }.deeds(&shapes)
}

struct Finder<'a, 'tree> {
    names: Names<'tree>,
    inputs: &'a BTreeSet<String>,
}

impl<'tree> Finder<'_, 'tree> {
    fn deeds(&self, shapes: &Shapes<'tree>) -> Deeds {
        let mut deeds = Deeds::default();
        for call in &shapes.calls {
            let Some(function) = self.names.function(call.function) else { continue };
            let given = arguments::of(call.arguments, self.names.text);
            if function.is_base("Sys.setenv") {
                deeds.delivered.extend(given.iter().filter_map(|argument| self.text(argument.value?)));
            }
            let span = call.node.byte_range();
            let found =
                [self.download(&function, &given), self.write(&function, call), self.walk(&function, call)];
            deeds.calls.extend(found.into_iter().flatten().map(|deed| (deed, span.clone())));
        }
        deeds
    }

    fn download(&self, function: &Function, given: &[Argument<'tree>]) -> Option<Deed> {
        let is_one_of =
            |known: &[(&str, &str)]| known.iter().any(|(package, name)| function.is(package, name));
        let is_address =
            || given.iter().find_map(|it| self.text(it.value?)).is_some_and(|text| is_address(&text));
        let downloads = is_one_of(DOWNLOADERS) || (is_one_of(FETCHERS) && is_address());
        downloads.then(|| Deed::Downloads(function.name.clone()))
    }

    fn write(&self, function: &Function, call: &Call<'tree>) -> Option<Deed> {
        let opens = OPENERS.iter().any(|name| function.is_base(name));
        let path = if opens { self.opened(call) } else { self.said(WRITERS, function, call) };
        self.find(path?).map(Deed::Writes)
    }

    fn walk(&self, function: &Function, call: &Call<'tree>) -> Option<Deed> {
        self.find(self.said(WALKERS, function, call)?).map(Deed::Walks)
    }

    /// The argument that says where, of a function in a table.
    fn said(&self, table: &[Row], function: &Function, call: &Call<'tree>) -> Option<Node<'tree>> {
        let (.., formals) = table.iter().find(|(package, name, _)| function.is(package, name))?;
        arguments::matched(formals, arguments::of(call.arguments, self.names.text)).value(formals.len() - 1)
    }

    /// The file that is opened to be written.
    fn opened(&self, call: &Call<'tree>) -> Option<Node<'tree>> {
        let given = arguments::of(call.arguments, self.names.text);
        let matched = arguments::matched(&["description", "open"], given);
        let mode = self.text(matched.value(1)?)?;
        mode.contains(['w', 'a', '+']).then(|| matched.value(0))?
    }

    fn text(&self, node: Node<'tree>) -> Option<String> {
        fold::text(node, &self.names)
    }

    /// Where an expression leads.
    fn find(&self, node: Node<'tree>) -> Option<Place> {
        self.follow(node, MAX_STEPS)
    }

    fn follow(&self, node: Node<'tree>, steps: usize) -> Option<Place> {
        let steps = steps.checked_sub(1)?;
        if let Some(text) = self.text(node) {
            return Some(Place::Text(text));
        }
        let field = |name| node.child_by_field_name(name);
        match node.kind() {
            "identifier" => {
                let name = literals::name(node, self.names.text)?;
                match self.names.value_at(&name, node.start_byte()) {
                    Some(Value::Expression(value) | Value::Element(value)) => self.follow(value, steps),
                    _ => self.input(&name),
                }
            }
            "parenthesized_expression" => self.follow(field("body")?, steps),
            // `options$dataset_path`
            "extract_operator" => self.input(&literals::name(field("rhs")?, self.names.text)?),
            "subset2" => self.input(&self.text(arguments::sole(field("arguments")?, self.names.text)?)?),
            "call" => self.called(node, steps),
            _ => None,
        }
    }

    /// Where the value of a call leads.
    fn called(&self, node: Node<'tree>, steps: usize) -> Option<Place> {
        let function = self.names.called(node)?;
        let given = arguments::of(node.child_by_field_name("arguments")?, self.names.text);
        if TEMPORARY.iter().any(|name| function.is_base(name)) {
            return Some(Place::Text("/tmp".to_owned()));
        }
        let first = given.first()?.value?;
        if function.is_base("Sys.getenv") {
            return self.input(&self.text(first)?);
        }
        if function.is_base("sprintf") {
            let format = self.text(first)?;
            return match format.split_once('%')? {
                ("", rest) if rest.starts_with('s') => self.follow(given.get(1)?.value?, steps),
                (start, _) => Some(Place::Text(start.to_owned())),
            };
        }
        let walkers = WALKERS.iter().map(|(package, name, _)| (package, name));
        let known = PATHS.iter().map(|(package, name)| (package, name)).chain(walkers);
        let makes_path = known.into_iter().any(|(package, name)| function.is(package, name));
        makes_path.then(|| self.follow(first, steps))?
    }

    fn input(&self, name: &str) -> Option<Place> {
        self.inputs.get(name).map(|name| Place::Input(name.clone()))
    }
}
