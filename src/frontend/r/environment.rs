//! Uses of the environment in a script: every read, write and test, with what the code and comments say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::arguments::{self, Argument, Matched};
use super::atom;
use super::catches::Catches;
use super::evidence;
use super::fold;
use super::literals;
use super::names::{APPLY, Names, Value};
use super::shapes::{Call, Shapes};
use super::wrappers::{Wrappers, bare};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::{Action, Fallback};
use crate::value::Constant;

mod copies;
mod elements;
mod helped;
mod writes;

/// Functions that run a text as code, or find a function by name.
const EVALUATORS: &[&str] = &[
    "glue",
    "glue_data",
    "str_glue",
    "str_interp",
    "parse",
    "str2lang",
    "str2expression",
    "match.fun",
    "get",
    "mget",
];

/// Functions that preserve the elements of a vector, except for order and names.
const SAME: &[&str] = &["set_names", "setNames", "unique", "sort", "rev", "as.list", "unlist"];

/// The parameters of `Sys.getenv`.
const GETENV: &[&str] = &["x", "unset", "names"];

/// A use in the tree, without its comments.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) span: Range<usize>,
    /// When it happens: the end of the call.
    pub(super) done: usize,
    /// The start of the read inside a helper, if that is otherwise unknown.
    pub(super) inner: Option<usize>,
    /// Whether the value is only compared with the empty text, as flags are.
    flag: bool,
    /// Whether the read itself fails where the variable isn't set.
    pub(super) fails: bool,
    /// Whether it gives `NA` or nothing there, not an empty text.
    pub(super) gives_missing: bool,
}

impl Use {
    /// A use outside a call.
    pub(super) fn new(name: String, action: Action, span: Range<usize>) -> Self {
        let done = span.end;
        Self { name, action, span, done, inner: None, flag: false, fails: false, gives_missing: false }
    }
}

/// Uses in order of evaluation, and diagnostics.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) uses: Vec<Use>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Finds every use of an environment variable.
pub(super) fn uses<'tree>(names: &Names<'tree>, shapes: &Shapes<'tree>, is_module: bool) -> Uses {
    let catches = Catches::new(names, shapes);
    let mut finder = Finder {
        names,
        catches: &catches,
        wrappers: Wrappers::new(names, shapes),
        calls: &shapes.calls,
        lent: Vec::new(),
        handled: BTreeSet::new(),
        bare: BTreeSet::new(),
        copies: 0,
        found: Uses::default(),
    };
    for call in &shapes.calls {
        finder.call(call);
    }
    finder.find_mentions(shapes);
    let lent = finder.lent;
    let mut found = finder.found;
    found.uses.retain(|used| {
        !lent.iter().any(|(name, span)| *name == used.name && span.contains(&used.span.start))
    });
    found.uses.sort_by_key(|found| found.done);
    evidence::weigh(&mut found.uses, names, shapes, &catches, is_module);
    keep_tested(&mut found.uses);
    give_types(&mut found.uses);
    found
}

struct Finder<'n, 'tree> {
    names: &'n Names<'tree>,
    catches: &'n Catches<'tree>,
    wrappers: Wrappers<'tree>,
    calls: &'n [Call<'tree>],
    /// Variables set temporarily, and where.
    lent: Vec<(String, Range<usize>)>,
    /// The ends of functions that were recognised.
    handled: BTreeSet<usize>,
    /// Variables without which a helper ends the script, uncaught.
    bare: BTreeSet<String>,
    /// The number of copies of the environment followed so far.
    copies: usize,
    found: Uses,
}

impl<'tree> Finder<'_, 'tree> {
    fn call(&mut self, call: &Call<'tree>) {
        let Some(function) = self.names.function(call.function) else { return };
        if function.is_base("Sys.getenv") {
            self.handled.insert(call.function.end_byte());
            self.read(call);
        } else if function.is_base("Sys.setenv") {
            self.handled.insert(call.function.end_byte());
            let arguments = arguments::of(call.arguments, self.names.text);
            self.write(arguments, call);
        } else if function.is("withr", "with_envvar") || function.is("withr", "local_envvar") {
            self.lend(call, function.name == "with_envvar");
        } else if function.is_base("Sys.unsetenv") {
            self.take_out(call);
        } else if function.is_base("do.call") {
            self.indirect(call);
        } else if APPLY.contains(&function.name.as_str()) {
            self.apply(call, &function.name);
        } else if EVALUATORS.contains(&function.name.as_str()) {
            self.evaluated(call);
        }
    }

    fn read(&mut self, call: &Call<'tree>) {
        let mut given = arguments::of(call.arguments, self.names.text);
        if let Some(piped) = self.wrappers.piped(call.node) {
            given.insert(0, Argument { name: None, value: Some(piped), node: piped });
        }
        self.read_by(given, call);
    }

    fn read_by(&mut self, given: Vec<Argument<'tree>>, call: &Call<'tree>) {
        let spliced = given.iter().any(Argument::is_spliced);
        let matched = arguments::matched(GETENV, given);
        match matched.value(0) {
            Some(name) if !spliced && name.kind() != "null" => self.lookup(name, &matched, call),
            _ if spliced => self.computed("read", call.node),
            _ => self.everything(call.node),
        }
    }

    /// `Sys.getenv("x")` or `Sys.getenv(c("x", "y"))`.
    fn lookup(&mut self, name: Node<'tree>, matched: &Matched<'tree>, call: &Call<'tree>) {
        let cast = self.wrappers.cast(call.node);
        let null = matched.value(1).filter(|unset| unset.kind() == "null");
        self.found.diagnostics.extend(null.map(null_default));
        let Some(variables) = self.variables(name, call.node) else {
            if !self.helped(name, matched.value(1), call) {
                self.computed("read", call.node);
            }
            return;
        };
        for (at, (variable, span)) in variables.into_iter().enumerate() {
            let unset = matched.value(1);
            let fallback =
                unset.map_or(Fallback::Missing, |unset| self.fallback_at(unset, name, &variable, at));
            let action = if self.wrappers.is_tested(call.node) {
                Action::Test
            } else {
                Action::read(fallback, cast.clone())
            };
            self.add(variable, action, span, call.node.start_byte());
            if let Some(found) = self.found.uses.last_mut() {
                found.flag = matches!(found.action, Action::Test);
                found.gives_missing = unset.is_some_and(|unset| unset.kind() == "na");
            }
        }
    }

    /// The names in an expression with their positions; for a vector, those of its elements.
    fn variables(&self, name: Node<'tree>, call: Node<'tree>) -> Option<Vec<(String, Range<usize>)>> {
        let elements = vector(name, self.names);
        let variable = |node: Node| self.variable(node);
        match elements.as_slice() {
            [] => {
                // A name that is piped in stands before the call.
                let span = call.start_byte().min(name.start_byte())..call.end_byte();
                Some(variable(name)?.into_iter().map(|name| (name, span.clone())).collect())
            }
            elements => {
                let found = elements.iter().map(|&node| Some((variable(node)?, node.byte_range())));
                let found: Option<Vec<_>> = found.collect();
                Some(
                    found?
                        .into_iter()
                        .flat_map(|(names, span)| names.into_iter().map(move |name| (name, span.clone())))
                        .collect(),
                )
            }
        }
    }

    /// Names in a literal, a constant, a concatenation of them, or the elements of a loop.
    fn variable(&self, node: Node) -> Option<Vec<String>> {
        let node = bare(node);
        let found = fold::texts(node, self.names).filter(|names| !names.is_empty());
        found.or_else(|| {
            let is_name = matches!(node.kind(), "identifier" | "dot_dot_i");
            let name = is_name.then(|| literals::name(node, self.names.text))??;
            match self.names.value_at(&name, node.start_byte())? {
                Value::Element(vector) => self.elements_in(vector).filter(|names| !names.is_empty()),
                Value::Label(vector) => {
                    let named = fold::named(bare(vector), self.names)?.into_iter();
                    Some(named.map(|(name, _)| name).collect::<Vec<_>>()).filter(|names| !names.is_empty())
                }
                _ => None,
            }
        })
    }

    /// The texts of a vector that is iterated over.
    fn elements_in(&self, vector: Node) -> Option<Vec<String>> {
        let call = bare(vector);
        let function = call.child_by_field_name("function").and_then(|named| self.names.function(named));
        let given = || arguments::of(call.child_by_field_name("arguments").unwrap_or(call), self.names.text);
        match function {
            Some(function) if function.is_base("list") => {
                given().into_iter().map(|argument| fold::text(argument.value?, self.names)).collect()
            }
            Some(function) if SAME.contains(&function.name.as_str()) => {
                let piped = self.wrappers.piped(call);
                self.elements_in(piped.or_else(|| given().first()?.value)?)
            }
            _ if call.kind() == "binary_operator" => self.elements_in(call.child_by_field_name("rhs")?),
            _ => fold::texts(vector, self.names),
        }
    }

    fn fallback(&self, unset: Node) -> Fallback {
        let value = fold::fold(unset, self.names).and_then(|value| atom::default(&value));
        value.filter(fits_environment).map_or(Fallback::Computed, Fallback::Constant)
    }

    /// The same use of each variable that an expression names.
    fn each(&mut self, names: Node<'tree>, action: &Action, at: Node<'tree>) {
        match self.variables(names, at) {
            Some(variables) => {
                for (name, span) in variables {
                    self.add(name, action.clone(), span, at.start_byte());
                }
            }
            None if matches!(action, Action::Test) => {}
            None => self.computed("read", at),
        }
    }

    /// `glue("{Sys.getenv('x')}")`, `match.fun("Sys.getenv")`: such reads aren't followed.
    fn evaluated(&mut self, call: &Call<'tree>) {
        let given = arguments::of(call.arguments, self.names.text);
        let texts =
            given.iter().filter_map(|argument| argument.value).filter(|value| value.kind() == "string");
        let is_code = |text: &Node| {
            let text = &self.names.text[text.byte_range()];
            text.contains("Sys.getenv") || text.contains("Sys.setenv")
        };
        self.found.diagnostics.extend(texts.filter(is_code).map(whole));
    }

    fn add(&mut self, name: String, action: Action, span: Range<usize>, done: usize) {
        self.found.uses.push(Use { done, ..Use::new(name, action, span) });
    }

    fn computed(&mut self, verb: &str, at: Node) {
        let message = format!("the name of the variable that is {verb} here is computed");
        let diagnostic = Diagnostic::warning("computed-name", message).at(at.byte_range());
        self.found.diagnostics.push(
            diagnostic.hint("write the name as a literal, or the variable is not part of the interface"),
        );
    }

    /// `Sys.getenv` passed on as a value; an alias isn't.
    fn find_mentions(&mut self, shapes: &Shapes<'tree>) {
        for pair in &shapes.assignments {
            self.handled.extend([pair.target.end_byte(), pair.value.end_byte()]);
        }
        for mention in &shapes.mentions {
            let text = self.names.text;
            let before = text[..mention.start_byte()].trim_end();
            let after = text[mention.end_byte()..].trim_start();
            let is_label =
                before.ends_with(['$', '@']) || (after.starts_with('=') && !after.starts_with("=="));
            if !is_label
                && !self.handled.contains(&mention.end_byte())
                && self.names.function(*mention).is_some()
            {
                self.found.diagnostics.push(whole(*mention));
            }
        }
    }
}

/// `NULL` as default: R fails.
fn null_default(unset: Node) -> Diagnostic {
    Diagnostic::warning(
        "null-default",
        "R refuses `NULL` here: the call fails, whether the variable is set or not",
    )
    .at(unset.byte_range())
    .hint("write `NA`, and ask for it with `is.na`")
}

fn whole(at: Node) -> Diagnostic {
    Diagnostic::note("whole-environment", "the environment is used as a whole here")
        .at(at.byte_range())
        .hint("a variable that is read or set this way is not part of the interface; read it by its name")
}

/// The elements of a `c(…)`, or none.
fn vector<'tree>(node: Node<'tree>, names: &Names<'tree>) -> Vec<Node<'tree>> {
    let is_vector = names.called(node).is_some_and(|function| function.is_base("c"));
    let arguments = node.child_by_field_name("arguments").filter(|_| is_vector);
    let arguments = arguments.map(|arguments| arguments::of(arguments, names.text)).unwrap_or_default();
    // An element that can't be told stands for itself, so that it isn't passed over.
    arguments.into_iter().map(|argument| argument.value.unwrap_or(argument.node)).collect()
}

fn is_name(node: Node) -> bool {
    matches!(node.kind(), "identifier" | "string" | "namespace_operator")
}

/// Whether a value can be in an environment: text without NUL and without the replacement character.
pub(super) fn fits_environment(value: &Constant) -> bool {
    !matches!(value, Constant::Text(text) if text.contains(['\0', char::REPLACEMENT_CHARACTER]))
}

/// A variable that is only compared with the empty text, as flags are, becomes an optional input.
fn keep_tested(uses: &mut [Use]) {
    let mut seen: BTreeSet<String> = uses
        .iter()
        .filter(|found| !matches!(found.action, Action::Test))
        .map(|found| found.name.clone())
        .collect();
    for found in uses {
        if found.flag && seen.insert(found.name.clone()) {
            found.action = Action::read(Fallback::Constant(Constant::None), None);
        }
    }
}

/// Converts each default to its variable's type, given by the first cast.
fn give_types(uses: &mut [Use]) {
    let mut kinds: BTreeMap<String, Type> = BTreeMap::new();
    for found in uses.iter() {
        if let Action::Read { cast: Some(kind), .. } = &found.action {
            kinds.entry(found.name.clone()).or_insert_with(|| kind.clone());
        }
    }
    for found in uses {
        if let Action::Read { fallback: Fallback::Constant(value), .. } = &mut found.action
            && let (Constant::Text(text), Some(kind)) = (&*value, kinds.get(&found.name))
            && let Some(typed) = atom::typed(text, kind)
        {
            *value = typed;
        }
    }
}
