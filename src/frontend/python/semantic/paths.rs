//! Paths: what an expression may refer to, as dotted paths such as `os.environ.get`.

use ruff_python_ast::{Expr, ExprName};

use super::bindings::Value;
use super::collect::{Collector, Use};
use super::reach::{Reach, Reached};
use super::scopes::{Kind, Scope};

/// Longest path that is resolved, in attributes and calls, so that a long chain isn't walked again from each
/// of its links.
const MAX_LINKS: usize = 16;

/// Most paths that a name has.
const MAX_PATHS: usize = 16;

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 64;

/// Prefix of the paths of unbound names, which may be Python's builtins.
pub(super) const BUILTINS: &str = "builtins.";

/// Returns the paths of a binding.
type OfBinding<'f> = &'f mut dyn FnMut(usize) -> Vec<String>;

/// The paths of an expression.
pub(super) fn of_expression(noted: &Collector, expression: &Expr, of: OfBinding) -> Vec<String> {
    let Some((name, links)) = unwound(expression) else { return Vec::new() };
    let links: String = links.into_iter().rev().collect();
    let paths = of_name(noted, name, of).into_iter().map(|path| path + &links);
    paths.filter(|path| path.matches(['.', '(']).count() <= MAX_LINKS).collect()
}

/// The name at the root of a chain of attributes and calls, and the links, last first.
pub(super) fn unwound(expression: &Expr) -> Option<(&ExprName, Vec<&str>)> {
    let (mut links, mut inner) = (Vec::new(), expression);
    for _ in 0..=MAX_LINKS {
        inner = match inner {
            Expr::Name(name) => return Some((name, links)),
            Expr::Attribute(attribute) => {
                links.extend([attribute.attr.as_str(), "."]);
                &attribute.value
            }
            Expr::Call(call) => {
                links.push("()");
                &call.func
            }
            Expr::Named(named) => &named.value,
            _ => return None,
        };
    }
    None
}

fn of_name(noted: &Collector, name: &ExprName, of: OfBinding) -> Vec<String> {
    let Some(found) = noted.use_of(name) else { return vec![format!("{BUILTINS}{}", name.id)] };
    let mut paths = Vec::new();
    for meaning in meanings(noted, found, &name.id) {
        for path in meaning.paths(noted, &name.id, of) {
            if paths.len() < MAX_PATHS && !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// What a name may refer to.
enum Meaning {
    Bound(usize),
    Builtin,
}

impl Meaning {
    fn paths(&self, noted: &Collector, name: &str, of: OfBinding) -> Vec<String> {
        match self {
            Self::Bound(binding) => match &noted.bindings[*binding].value {
                Value::Star(module) => vec![format!("{module}.{name}")],
                _ => of(*binding),
            },
            Self::Builtin => vec![format!("{BUILTINS}{name}")],
        }
    }
}

/// What a name may refer to where it is used. A name without a binding yet is looked up in enclosing scopes,
/// as Python does in classes and modules; but the script may be right in a way not seen here, so all bindings
/// count then.
fn meanings(noted: &Collector, found: &Use, name: &str) -> Vec<Meaning> {
    let Some(owner) = noted.scopes.owner(found.scope, name) else {
        let stars = noted.scopes.0[0].stars.iter().take(MAX_PATHS).copied().map(Meaning::Bound);
        return stars.chain([Meaning::Builtin]).collect();
    };
    let scope = &noted.scopes.0[owner];
    let reached = noted.reach().of(&scope.names[name], scope.frame, found.at);
    let mut meanings: Vec<_> = reached.bindings.iter().copied().map(Meaning::Bound).collect();
    meanings.extend(stars(noted, scope, &reached).map(Meaning::Bound));
    if reached.bindings.is_empty() {
        meanings.extend(scope.names[name].iter().take(MAX_PATHS).copied().map(Meaning::Bound));
        match scope.kind {
            Kind::Module => meanings.push(Meaning::Builtin),
            Kind::Class => {
                let outside = Use { scope: scope.parent, ..*found };
                meanings.extend(self::meanings(noted, &outside, name));
            }
            _ => {}
        }
    }
    meanings
}

/// What `from … import *` may have bound since.
fn stars(noted: &Collector, scope: &Scope, reached: &Reached) -> impl Iterator<Item = usize> {
    let is_later = |&&star: &&usize| reached.since.is_none_or(|since| noted.bindings[star].at.turn > since);
    scope.stars.iter().filter(is_later).take(MAX_PATHS).copied()
}

impl<'a> Collector<'a> {
    /// Where a name is used, if it is the script's.
    pub(super) fn use_of(&self, name: &ExprName) -> Option<&Use> {
        let at = self.uses.binary_search_by_key(&name.range.start(), |found| found.start).ok()?;
        self.uses.get(at)
    }

    fn reach(&self) -> Reach<'_, 'a> {
        Reach { blocks: &self.blocks, bindings: &self.bindings }
    }
}

/// What is known of a binding's paths.
#[derive(Clone)]
enum State {
    New,
    /// Being resolved: it refers to itself.
    Open,
    Done(Vec<String>),
}

/// Resolves bindings, which may refer to what others are bound to.
pub(super) struct Resolver<'m, 'a> {
    noted: &'m Collector<'a>,
    states: Vec<State>,
    depth: usize,
    /// Whether something still unknown was asked for.
    is_partial: bool,
    /// The bindings that may be known only in part.
    partial: Vec<usize>,
}

impl<'m, 'a> Resolver<'m, 'a> {
    /// The paths of each binding, resolved in order, so that long chains of aliases need no recursion.
    pub(super) fn resolve(noted: &'m Collector<'a>) -> Vec<Vec<String>> {
        let states = vec![State::New; noted.bindings.len()];
        let mut resolver = Self { noted, states, depth: 0, is_partial: false, partial: Vec::new() };
        for binding in 0..noted.bindings.len() {
            resolver.of(binding);
        }
        for binding in std::mem::take(&mut resolver.partial) {
            resolver.find(binding);
        }
        (0..noted.bindings.len()).map(|binding| resolver.of(binding)).collect()
    }

    fn of(&mut self, binding: usize) -> Vec<String> {
        match &self.states[binding] {
            State::Done(paths) => paths.clone(),
            State::New if self.depth < MAX_ALIASES => {
                let outer = std::mem::take(&mut self.is_partial);
                self.states[binding] = State::Open;
                let paths = self.find(binding);
                if self.is_partial {
                    self.partial.push(binding);
                }
                self.is_partial |= outer;
                paths
            }
            _ => {
                self.is_partial = true;
                Vec::new()
            }
        }
    }

    fn find(&mut self, binding: usize) -> Vec<String> {
        self.depth += 1;
        let noted = self.noted;
        let paths = match &noted.bindings[binding].value {
            Value::Import(path) => vec![path.clone()],
            Value::Expression(value) => of_expression(noted, value, &mut |binding| self.of(binding)),
            Value::Star(_) | Value::Other => Vec::new(),
        };
        self.depth -= 1;
        self.states[binding] = State::Done(paths.clone());
        paths
    }
}
